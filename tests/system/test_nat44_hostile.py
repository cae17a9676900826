# SPDX-License-Identifier: Apache-2.0
"""What hosts send wrongly, or to do harm: errors about nothing, errors to end a session by, wrong checksums, packets cut short."""

import socket
import struct

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPerror, UDPerror
from scapy.layers.l2 import Ether
from scapy.packet import Raw
from scapy.utils import checksum

from lib.lab import LAN, WAN
from lib.nat import DEN, POOL, TELLER, NatLab, Teller, tell, udp_socket
from lib.wait import PATIENCE, wait_until

NOBODY = "192.0.2.99"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with NatLab(tmp_path_factory.mktemp("nat44-hostile")) as lab, \
            lab.pool("mapping endpoint-independent filtering endpoint-independent"):
        yield lab


def header(lab, side):
    return Ether(src=getattr(lab, side).mac(), dst=lab.mac(side))


def session_of(lab, port):
    """The session of a socket inside, as the flow table has it."""
    session, = lab.daemon.ctl_json(f"show flow sessions from {LAN}/32 source-port {port} to {WAN}/32")
    return session


# ---- ICMP errors ----

@pytest.mark.parametrize("side, node, source, destination, quoted", [
    ("wan", "nat44-out2in", WAN, POOL, IP(src=POOL, dst=WAN) / UDP(sport=1, dport=2)),
    ("wan", "nat44-out2in", WAN, POOL, IP(src=POOL, dst=WAN) / ICMP(type=3, code=1) / IP(src=WAN, dst=POOL)),
    ("lan", "nat44-in2out", LAN, WAN, IP(src=WAN, dst=LAN) / UDP(sport=1, dport=2)),
    ("lan", "nat44-in2out", LAN, WAN, IP(src=WAN, dst=LAN) / TCP(sport=80, dport=7)),
], ids=["in", "in, about an error", "out", "out, tcp"])
def test_errors_about_nothing_are_dropped(lab, side, node, source, destination, quoted):
    """From inside as well: they would tell who is there."""
    other = "lan" if side == "wan" else "wan"
    before = lab.daemon.error(node, "no-session")
    with lab.wire(side) as wire, lab.wire(other) as behind:
        wire.send(header(lab, side) / IP(src=source, dst=destination) / ICMP(type=3, code=3) / quoted / Raw(bytes(8)))
        lab.daemon.wait_error(node, "no-session", before + 1)
        assert behind.seen(ICMP) == []


def test_errors_neither_end_nor_refresh_a_session(lab):
    """RFC 4787 REQ-12: whatever it says. Its time goes on as without it, and so does the conversation."""
    lab.end_sessions()
    with Teller(lab.wan), udp_socket(lab.lan) as asking:
        outside = tell(asking, WAN)
        port = asking.getsockname()[1]
        made = session_of(lab, port)
        assert made["timer"] == "udp-replied"
        # Some of its time is over.
        wait_until(lambda: session_of(lab, port)["left"] <= made["left"] - 2, 20, lambda: f"time goes on: {session_of(lab, port)}")
        quoted = IP(src=POOL, dst=WAN) / UDP(sport=outside[1], dport=TELLER) / Raw(b"?")
        codes = ((3, 1), (3, 3), (11, 0), (12, 0))
        with lab.wire("wan") as wire, lab.wire("lan") as inside:
            wire.send(*(header(lab, "wan") / IP(src=NOBODY, dst=POOL) / ICMP(type=kind, code=code) / quoted for kind, code in codes))
            arrived = inside.wait(ICMP, lambda p: p[IP].src == NOBODY, count=len(codes))
        for frame in arrived:
            assert (frame[IPerror].src, frame[UDPerror].sport, frame[IPerror].dst) == (LAN, port, WAN)
        now = session_of(lab, port)
        assert now["left"] <= made["left"] - 2
        assert (now["timer"], now["packets"], now["replies"]) == (made["timer"], made["packets"], made["replies"])
        # The socket was told, as it is not connected, nothing; and is the same outside.
        assert tell(asking, WAN) == outside
        assert session_of(lab, port)["left"] > made["left"] - 2


def test_errors_do_not_end_a_connection(lab):
    """RFC 5382 REQ-10: an unreachable and a time exceeded, about the very connection."""
    lab.end_sessions()
    with lab.wan.open_socket(socket.AF_INET, socket.SOCK_STREAM) as server, \
            lab.lan.open_socket(socket.AF_INET, socket.SOCK_STREAM) as client:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((WAN, 8000))
        server.listen(1)
        client.settimeout(5 * PATIENCE)
        client.connect((WAN, 8000))
        peer, outside = server.accept()
        with peer:
            client.sendall(b"one")
            assert peer.recv(3) == b"one"
            wait_until(lambda: session_of(lab, client.getsockname()[1])["timer"] == "tcp-established", 10, "a connection")
            quoted = IP(src=POOL, dst=WAN) / TCP(sport=outside[1], dport=8000, flags="A")
            with lab.wire("wan") as wire, lab.wire("lan") as inside:
                wire.send(*(header(lab, "wan") / IP(src=NOBODY, dst=POOL) / ICMP(type=kind, code=code) / quoted
                            for kind, code in ((3, 1), (11, 0))))
                inside.wait(ICMP, lambda p: p[IP].src == NOBODY, count=2)
            session = session_of(lab, client.getsockname()[1])
            assert session["timer"] == "tcp-established"
            peer.sendall(b"two")
            assert client.recv(3) == b"two"


def test_errors_between_hosts_inside(lab):
    """RFC 5508 REQ-7: what one host inside says of another's packet comes from its outside address, about the packet as it was sent."""
    lab.end_sessions()
    with Teller(lab.wan), udp_socket(lab.lan) as asking, lab.wire("lan") as wire:
        with udp_socket(lab.den) as closing:
            theirs = tell(closing, WAN)
        asking.connect(theirs)
        asking.send(b"hello?")
        with pytest.raises(ConnectionRefusedError):
            asking.recv(100)
        frame = wire.wait(ICMP, lambda p: p[ICMP].type == 3)[0]
        assert (frame[ICMP].code, frame[IP].src, frame[IP].dst) == (3, POOL, LAN)
        assert (frame[IPerror].src, frame[UDPerror].sport) == (LAN, asking.getsockname()[1])
        assert (frame[IPerror].dst, frame[UDPerror].dport) == theirs
        assert DEN not in str(frame.show(dump=True))
        checked = wire.tshark("icmp.type == 3", "icmp.checksum.status", "ip.checksum.status")
        assert checked and all("0" not in row[field] for row in checked for field in row), checked


# ---- what is wrong stays wrong ----

def wrong_by(packet):
    """What a checksum over a UDP or TCP packet and its pseudo header comes to; 0 where it is right."""
    ip = bytes(packet[IP])
    length = packet[IP].ihl * 4
    l4 = ip[length:packet[IP].len]
    return checksum(ip[12:20] + struct.pack("!HH", packet[IP].proto, len(l4)) + l4)


@pytest.mark.parametrize("layer, field", [(UDP(sport=2222, dport=3333), "chksum"), (TCP(sport=2222, dport=3333, flags="S"), "chksum")],
                         ids=["udp", "tcp"])
def test_wrong_checksums_stay_wrong(lab, layer, field):
    """Nobody behind the translator takes for whole what was not."""
    lab.end_sessions()
    good = Ether(bytes(header(lab, "lan") / IP(src=LAN, dst=WAN) / layer / Raw(b"payload")))
    bad = good.copy()
    setattr(bad.getlayer(2), field, getattr(good.getlayer(2), field) ^ 0x0f0f)
    kind = type(layer)
    with lab.wire("lan") as wire, lab.wire("wan") as behind:
        wire.send(good, bad)
        frames = behind.wait(kind, lambda p: p[kind].dport == 3333 and p[IP].src == POOL, count=2)
    assert [wrong_by(frame) for frame in frames] == [0, wrong_by(Ether(bytes(bad)))]
    assert wrong_by(frames[1]) != 0


# ---- cut short ----

@pytest.mark.parametrize("protocol, bytes_there", [(6, 3), (6, 17), (17, 3), (17, 7), (1, 7)])
def test_what_is_cut_short_is_dropped_by_name(lab, protocol, bytes_there):
    """The link's padding stands behind it, and is no part of it."""
    lab.end_sessions()

    def named(node):
        return sum(lab.daemon.error(node, reason) for reason in ("truncated", "no-session"))

    for side, source, destination, node in (("lan", LAN, WAN, "nat44-in2out"), ("wan", WAN, POOL, "nat44-out2in")):
        before = named(node)
        with lab.wire(side) as wire, lab.wire("wan" if side == "lan" else "lan") as behind:
            wire.send(bytes(header(lab, side) / IP(src=source, dst=destination, proto=protocol) / Raw(b"\x08" * bytes_there)) + b"\x08" * 40)
            wait_until(lambda: named(node) == before + 1, 10, lambda: f"a drop by name: {lab.daemon.errors()}")
            assert behind.seen(IP, lambda p: p[IP].proto == protocol and p[IP].len < 40) == []
