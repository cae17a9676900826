# SPDX-License-Identifier: Apache-2.0
"""Hosts inside reach those outside by other addresses: real ones on both sides, whose tools tell what they see."""

import contextlib
import random
import re
import socket

import pytest
from scapy.layers.dns import DNS, DNSQR
from scapy.layers.inet import ICMP, IP, UDP, IPerror, fragment
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from lib.clients import iperf, ping, wait_for_port
from lib.lab import LAN, LAN_ROUTER, WAN, WAN_ROUTER, set_up_host
from lib.nat import DEN, POOL, TELLER, NatLab, Teller, WebServer, ask, ask_tcp, end_of, tell, udp_socket
from lib.netns import Namespace, join
from lib.numbered import Numbered
from lib.wait import PATIENCE, wait_until

CONTENT = random.Random(44).randbytes(5_000_000)
FAR = "203.0.113.2"


# By taps: the kernel puts fragments together for af_packet.
@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with NatLab(tmp_path_factory.mktemp("nat44")) as lab, lab.pool():
        yield lab


@pytest.fixture(scope="module", params=["tap", "two workers"])
def any_lab(request, tmp_path_factory):
    kind, arguments = ("af_packet", ("--workers", 2)) if request.param == "two workers" else (request.param, ())
    with NatLab(tmp_path_factory.mktemp("nat44"), kind, arguments) as lab, lab.pool():
        yield lab


def curl(host, *words):
    return host.run("curl", "-sS", "--fail", "--max-time", int(30 * PATIENCE), *words)


# ---- what people do ----

def test_ping(any_lab):
    any_lab.end_sessions()
    assert ping(any_lab.lan, WAN, count=3).received == 3
    session, = any_lab.sessions("protocol icmp")
    assert end_of(session["outside"])[0] == POOL
    assert end_of(session["inside"])[0] == LAN
    assert (session["packets_out"], session["packets_in"]) in ((3, 3), ("3", "3"))


def test_web_both_ways(any_lab, tmp_path):
    (tmp_path / "up").write_bytes(CONTENT)
    with WebServer(any_lab.wan, CONTENT) as server:
        curl(any_lab.lan, "-o", tmp_path / "down", f"http://{WAN}/")
        curl(any_lab.lan, "-T", tmp_path / "up", f"http://{WAN}/")
        assert (tmp_path / "down").read_bytes() == CONTENT
        assert server.received == [CONTENT]
        assert {address for address, _ in server.peers} == {POOL}


def test_many_at_once_from_two_hosts(any_lab):
    """Each has a port of its own, and its answers come back to it."""
    with Teller(any_lab.wan), contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(udp_socket(host)) for host in (any_lab.lan, any_lab.den) for _ in range(40)]
        seen = [tell(each, WAN) for each in sockets]
        assert {address for address, _ in seen} == {POOL}
        assert len(set(seen)) == len(seen)
        # And they stay as they are.
        assert [tell(each, WAN) for each in sockets] == seen
        assert {ask_tcp(host, WAN)[0] for host in (any_lab.lan, any_lab.den) for _ in range(10)} == {POOL}


@pytest.mark.parametrize("words", [(), ("-R",), ("-u", "-b", "20M", "-l", "1000")], ids=["out", "in", "udp"])
def test_iperf(any_lab, words):
    end = iperf(any_lab.lan, any_lab.wan, WAN, *words, seconds=1)
    assert (end.get("sum_received") or end["sum"])["bytes"] > 1_000_000, end
    peers = {end_of(s["remote"])[1] for s in any_lab.sessions(f"inside {LAN}/32", "remote-port 5201")}
    assert peers == {5201}


def test_names_are_resolved(lab):
    lab.wan.start("dnsmasq", "--no-daemon", "--no-resolv", "--no-hosts", "--conf-file=/dev/null", "--address=/example.com/192.0.2.7",
                  stdout=-3, stderr=-3)
    wait_for_port(lab.wan, 53, "udp")
    for number in range(20):
        with udp_socket(lab.lan) as asking:
            asking.sendto(bytes(DNS(id=number, rd=1, qd=DNSQR(qname="example.com"))), (WAN, 53))
            answer = DNS(asking.recv(512))
        assert (answer.id, answer.an[0].rdata) == (number, "192.0.2.7")


@pytest.mark.parametrize("kind", ["-U", "-I", "-T"])
def test_traceroute(any_lab, kind):
    said = any_lab.lan.run("traceroute", "-n", "-q", 1, "-m", 5, "-w", 5, kind, WAN).stdout
    hops = re.findall(r"^ *(\d+) +(\S+)", said, re.MULTILINE)
    assert hops == [("1", LAN_ROUTER), ("2", WAN)], said


def test_who_is_not_inside_is_left_alone(lab):
    """What the router sends and gets itself has no session."""
    lab.end_sessions()
    assert ping(lab.lan, LAN_ROUTER, count=2).received == 2
    assert ping(lab.wan, WAN_ROUTER, count=2).received == 2
    assert ping(lab.lan, DEN, count=2).received == 2
    assert lab.sessions() == []


# ---- errors ----

@contextlib.contextmanager
def far_host(lab, mtu):
    """A host behind wan, by a link that carries less."""
    with Namespace("far") as far:
        join(lab.wan, "far0", far, "eth0")
        lab.wan.ip("address", "add", "203.0.113.1/24", "dev", "far0")
        lab.wan.ip("link", "set", "far0", "mtu", mtu)
        lab.wan.sysctl("net.ipv4.ip_forward", 1)
        set_up_host(far, FAR, "203.0.113.1")
        lab.daemon.ctl(f"add route 203.0.113.0/24 via {WAN}")
        try:
            yield far
        finally:
            lab.daemon.ctl("delete route 203.0.113.0/24")
            lab.lan.ip("route", "flush", "cache")


def assert_too_big(wire, mtu, source):
    """The inside host was told, of a packet that is its own."""
    frame, = wire.wait(ICMP, lambda p: p[ICMP].type == 3 and p[ICMP].code == 4)[:1]
    assert (frame[IP].src, frame[IP].dst) == (source, LAN)
    assert frame[ICMP].nexthopmtu == mtu
    assert (frame[IPerror].src, frame[IPerror].dst) == (LAN, FAR)
    checked = wire.tshark("icmp.type == 3", "icmp.checksum.status", "ip.checksum.status")
    assert all("0" not in row[field] for row in checked for field in row), checked


def test_path_mtu_behind_the_outside(lab, tmp_path):
    """A router outside says that a packet is too big; TCP takes smaller ones."""
    (tmp_path / "up").write_bytes(CONTENT[:300_000])
    with far_host(lab, 900) as far, WebServer(far, CONTENT[:100]) as server, lab.wire() as wire:
        curl(lab.lan, "-T", tmp_path / "up", f"http://{FAR}/")
        assert server.received == [CONTENT[:300_000]]
        assert_too_big(wire, 900, WAN)
        assert "mtu 900" in lab.lan.ip("route", "get", FAR)
        assert ping(lab.lan, FAR, "-M", "do", "-s", 1000).received == 0


def test_path_mtu_of_the_outside_interface(lab, tmp_path):
    """The router itself says so, of the packet as it came."""
    (tmp_path / "up").write_bytes(CONTENT[:300_000])
    lab.daemon.ctl("set interface wan mtu 1000")
    try:
        with far_host(lab, 1500) as far, WebServer(far, CONTENT[:100]) as server, lab.wire() as wire:
            curl(lab.lan, "-T", tmp_path / "up", f"http://{FAR}/")
            assert server.received == [CONTENT[:300_000]]
            assert_too_big(wire, 1000, LAN_ROUTER)
    finally:
        lab.daemon.ctl("set interface wan mtu 1500")


def test_path_mtu_of_the_inside_interface(lab):
    """What is too big on its way in is told to the sender, of the packet as he sent it."""
    lab.daemon.ctl("set interface lan mtu 1000")
    try:
        with udp_socket(lab.lan) as asking, Teller(lab.wan), lab.wire("wan") as wire:
            outside = tell(asking, WAN)
            header = Ether(src=lab.wan.mac(), dst=lab.mac("wan"))
            wire.send(header / IP(src=WAN, dst=POOL, flags="DF", id=77) / UDP(sport=TELLER, dport=outside[1]) / Raw(bytes(1200)))
            frame = wire.wait(ICMP)[0]
            assert (frame[ICMP].type, frame[ICMP].code, frame[ICMP].nexthopmtu) == (3, 4, 1000)
            assert (frame[IP].src, frame[IPerror].src, frame[IPerror].dst) == (WAN_ROUTER, WAN, POOL)
            assert frame[IPerror].payload.dport == outside[1]
    finally:
        lab.daemon.ctl("set interface lan mtu 1500")


def test_refused_datagrams_are_told(lab):
    """Port unreachable from outside reaches the socket."""
    with udp_socket(lab.lan) as asking:
        asking.connect((WAN, 9))
        asking.send(b"?")
        with pytest.raises(ConnectionRefusedError):
            asking.recv(100)


def test_refused_connections_are_told(lab):
    with lab.lan.open_socket(socket.AF_INET, socket.SOCK_STREAM) as asking, pytest.raises(ConnectionRefusedError):
        asking.settimeout(5 * PATIENCE)
        asking.connect((WAN, 9))


def test_errors_from_inside_show_the_outside_address(lab):
    """A host that closed its port says so as the pool's address, of a packet to the pool's address (RFC 5508 REQ-5)."""
    with Teller(lab.wan), lab.wire("wan") as wire:
        with udp_socket(lab.lan) as asking:
            outside = tell(asking, WAN)
        header = Ether(src=lab.wan.mac(), dst=lab.mac("wan"))
        wire.send(header / IP(src=WAN, dst=POOL) / UDP(sport=TELLER, dport=outside[1]) / Raw(b"late"))
        frame = wire.wait(ICMP)[0]
        assert (frame[ICMP].type, frame[ICMP].code, frame[IP].src) == (3, 3, POOL)
        assert (frame[IPerror].src, frame[IPerror].dst, frame[IPerror].payload.dport) == (WAN, *outside)
        assert LAN not in str(frame.show(dump=True))


def test_errors_that_match_nothing_are_dropped(lab):
    before = lab.daemon.error("nat44-out2in", "no-session")
    with lab.wire("wan") as wire, lab.wire("lan") as inside:
        header = Ether(src=lab.wan.mac(), dst=lab.mac("wan"))
        quoted = IP(src=POOL, dst=WAN) / UDP(sport=1, dport=2) / Raw(bytes(8))
        wire.send(header / IP(src=WAN, dst=POOL) / ICMP(type=3, code=3) / quoted)
        wait_until(lambda: lab.daemon.error("nat44-out2in", "no-session") == before + 1, 10, lambda: str(lab.daemon.errors()))
        assert inside.seen(ICMP) == []


# ---- fragments ----

@pytest.mark.parametrize("size", [4000, 20000])
def test_large_datagrams_both_ways(lab, size):
    with Teller(lab.wan, padding=size), udp_socket(lab.lan) as asking:
        for _ in range(5):
            assert tell(asking, WAN, data=CONTENT[:size])[0] == POOL
    assert ping(lab.lan, WAN, "-s", size, "-M", "dont", count=3).received == 3


def pieces(packet, host_mac, router_mac):
    return [Ether(src=host_mac, dst=router_mac) / each for each in fragment(packet, 1000)]


@pytest.mark.parametrize("order", [(3, 2, 1, 0), (1, 3, 0, 2)], ids=["backwards", "mixed"])
def test_fragments_out_of_order(lab, order):
    """Those that come before the first one wait for it."""
    with udp_socket(lab.wan, port=TELLER) as server, udp_socket(lab.lan) as inside:
        inside.sendto(b"?", (WAN, TELLER))
        outside = server.recvfrom(100)[1]
        data = CONTENT[:3900]
        port = inside.getsockname()[1]
        with lab.wire("lan") as wire:
            out = pieces(IP(src=LAN, dst=WAN, id=sum(order) + order[0]) / UDP(sport=port, dport=TELLER) / Raw(data), lab.lan.mac(),
                         lab.mac("lan"))
            wire.send(*(out[at] for at in order))
            assert server.recvfrom(65535) == (data, outside)
        with lab.wire("wan") as wire:
            back = pieces(IP(src=WAN, dst=POOL, id=9 + order[0]) / UDP(sport=TELLER, dport=outside[1]) / Raw(data), lab.wan.mac(),
                          lab.mac("wan"))
            wire.send(*(back[at] for at in order))
            assert inside.recvfrom(65535) == (data, (WAN, TELLER))


def test_a_first_packet_in_fragments_makes_one_session(lab):
    lab.end_sessions()
    with Teller(lab.wan), udp_socket(lab.lan) as asking:
        assert tell(asking, WAN, data=CONTENT[:6000])[0] == POOL
        session, = lab.sessions()
        assert end_of(session["inside"]) == (LAN, asking.getsockname()[1])


# ---- an interface's address ----

def test_interface_address_that_changes_under_traffic(tmp_path):
    """Its sessions end with it; new ones have the new address, and those of another pool lose nothing."""
    new = "10.0.2.77"
    with NatLab(tmp_path) as lab:
        lab.daemon.ctl(f"add nat44 pool own inside {LAN}/32", "add nat44 interface-address own wan",
                       "add nat44 pool other", f"add nat44 address other {POOL}")
        with Teller(lab.wan), udp_socket(lab.lan) as asking, Numbered(lab.den, lab.wan, WAN) as flows:
            flows.wait_received(100)
            assert tell(asking, WAN)[0] == WAN_ROUTER
            # The address serves the router as well.
            assert ping(lab.wan, WAN_ROUTER).received == 1
            lab.daemon.ctl(f"delete address wan {WAN_ROUTER}/24", f"add address wan {new}/24")
            lab.wait_count(0, f"outside {WAN_ROUTER}/32")
            assert tell(asking, WAN)[0] == new
            assert ask_tcp(lab.lan, WAN)[0] == new
            assert ping(lab.wan, new).received == 1
            flows.wait_received(flows.received + 200)
            flows.stop()
            lost = flows.sent - flows.received
            print(f"lost {lost} of {flows.sent} while the address of the interface was not there")
            assert flows.out_of_order == 0
