# SPDX-License-Identifier: Apache-2.0
"""The same packets through Sluice and through a Linux kernel with nftables' SNAT to the same address: the same comes out, apart from the
port or identifier that was chosen, TTLs and MAC addresses. Where it is meant to differ, MEANT says so and why."""

import contextlib

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_NOP, fragment
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from lib.capture import Wire
from lib.lab import LAN, LAN_ROUTER, WAN, WAN_ROUTER, set_up_host
from lib.nat import POOL, NatLab
from lib.netns import Namespace, join
from lib.wait import wait_until

HOP, INSIDE_HOP = "10.0.2.9", "10.0.1.9"
DATA = bytes(range(100))
RULES = f"""
table ip nat {{
    chain post {{ type nat hook postrouting priority 100; oifname "wan0" snat to {POOL}; }}
    chain in {{ type filter hook input priority 0; ip daddr {POOL} drop; }}
}}
"""
# Hosts whose own stacks say nothing.
SILENT = """
table ip silent {
    chain in { type filter hook input priority 0; policy drop; }
}
"""


def from_lan(packet):
    return "lan", packet


def from_wan(packet):
    return "wan", packet


def lan_udp(port=4000, **fields):
    return IP(src=LAN, dst=WAN, id=1, **fields) / UDP(sport=port, dport=5000)


def wan_udp(port, **fields):
    return IP(src=WAN, dst=POOL, id=2, **fields) / UDP(sport=5000, dport=port)


def lan_tcp(flags, seq=1, ack=0, options=()):
    return IP(src=LAN, dst=WAN, id=3) / TCP(sport=4001, dport=80, flags=flags, seq=seq, ack=ack, options=list(options))


def wan_tcp(port, flags, seq=100, ack=2):
    return IP(src=WAN, dst=POOL, id=4) / TCP(sport=80, dport=port, flags=flags, seq=seq, ack=ack)


def lan_echo(ident=77, **fields):
    return IP(src=LAN, dst=WAN, id=5, **fields) / ICMP(type=8, id=ident, seq=1)


def wan_echo_reply(ident):
    return IP(src=WAN, dst=POOL, id=6) / ICMP(type=0, id=ident, seq=1)


def whole(packet):
    """With its lengths and checksums written down."""
    return IP(bytes(packet))


def cut(packet, length):
    """Only so many bytes of what follows the IP header, in a packet that says so."""
    header, rest = bytes(packet)[:20], bytes(packet)[20:20 + length]
    made = IP(header) / Raw(rest)
    del made.len, made.chksum
    return made


def wrong(packet, layer):
    made = whole(packet)
    made[layer].chksum ^= 0x1111
    return made


def error(source, destination, quoted, kind=3, code=3, length=None, **fields):
    quote = bytes(quoted) if isinstance(quoted, bytes) else bytes(whole(quoted))
    return IP(src=source, dst=destination, id=7) / ICMP(type=kind, code=code, **fields) / Raw(quote[:length])


def errors_about(answer_of):
    """The errors that a packet may meet, outside."""
    return {
        "unreachable": lambda p: from_wan(error(WAN, POOL, answer_of(p))),
        "unreachable, short": lambda p: from_wan(error(WAN, POOL, answer_of(p), length=28)),
        "from a hop": lambda p: from_wan(error(HOP, POOL, answer_of(p), kind=11, code=0)),
        "too big": lambda p: from_wan(error(HOP, POOL, answer_of(p), code=4, nexthopmtu=900)),
    }


def outside_of(packet):
    """The packet as it left the NAT by a port."""
    def made(port):
        changed = packet.copy()
        changed[IP].src = POOL
        if UDP in changed:
            changed[UDP].sport = port
        elif TCP in changed:
            changed[TCP].sport = port
        else:
            changed[ICMP].id = port
        return whole(changed)
    return made


def pieces(packet, order=(0, 1, 2)):
    parts = fragment(packet / Raw(bytes(i * 7 & 0xff for i in range(2500))), 1000)
    return [parts[at] for at in order]


FIRST = {"udp": lan_udp() / DATA, "tcp": lan_tcp("S"), "icmp": lan_echo() / DATA}
# Name: the packets one behind the other; a function is given the outside port or identifier of the first one.
CASES = {
    "udp": [from_lan(lan_udp() / DATA), lambda p: from_wan(wan_udp(p) / DATA), from_lan(lan_udp() / b"")],
    "udp without checksum": [from_lan(IP(src=LAN, dst=WAN) / UDP(sport=4000, dport=5000, chksum=0) / DATA),
                             lambda p: from_wan(IP(src=WAN, dst=POOL) / UDP(sport=5000, dport=p, chksum=0) / DATA)],
    "udp with marks": [from_lan(lan_udp(tos=0xb8, flags="DF") / DATA), lambda p: from_wan(wan_udp(p, tos=0x28) / DATA)],
    "udp with options": [from_lan(lan_udp(options=[IPOption_NOP()] * 4) / DATA)],
    "udp from a stranger": [from_lan(lan_udp()), lambda p: from_wan(IP(src=HOP, dst=POOL) / UDP(sport=5000, dport=p)),
                            lambda p: from_wan(IP(src=WAN, dst=POOL) / UDP(sport=5001, dport=p))],
    "unasked": [from_wan(wan_udp(1234)), from_wan(wan_tcp(1234, "S")), from_wan(wan_echo_reply(9)),
                from_wan(IP(src=WAN, dst=POOL) / ICMP(type=8, id=9))],
    "tcp": [from_lan(lan_tcp("S", options=[("MSS", 1460), ("SAckOK", b""), ("Timestamp", (1, 0)), ("WScale", 7)])),
            lambda p: from_wan(wan_tcp(p, "SA")), from_lan(lan_tcp("A", 2, 101)), from_lan(lan_tcp("PA", 2, 101) / DATA),
            lambda p: from_wan(wan_tcp(p, "A", 101, 102) / DATA), from_lan(lan_tcp("FA", 102, 201)),
            lambda p: from_wan(wan_tcp(p, "FA", 201, 103)), from_lan(lan_tcp("A", 103, 202))],
    "tcp refused": [from_lan(lan_tcp("S")), lambda p: from_wan(wan_tcp(p, "RA", 0, 2))],
    "echo": [from_lan(lan_echo() / DATA), lambda p: from_wan(wan_echo_reply(p) / DATA)],
    "echo of zeros": [from_lan(lan_echo(ident=1) / bytes(8)), lambda p: from_wan(wan_echo_reply(p) / bytes(8))],
    "timestamp": [from_lan(IP(src=LAN, dst=WAN) / ICMP(type=13, id=5, seq=1)),
                  lambda p: from_wan(IP(src=WAN, dst=POOL) / ICMP(type=14, id=p, seq=1))],
    "other protocol": [from_lan(IP(src=LAN, dst=WAN, proto=253) / Raw(DATA)), from_wan(IP(src=WAN, dst=POOL, proto=253) / Raw(DATA))],
    **{f"{protocol}: {name}": [from_lan(first), step] for protocol, first in FIRST.items()
       for name, step in errors_about(outside_of(first)).items()},
    "error with a wrong checksum": [from_lan(FIRST["udp"]), lambda p: from_wan(wrong(error(WAN, POOL, outside_of(FIRST["udp"])(p)), ICMP))],
    "error quoting a wrong header": [from_lan(FIRST["udp"]), lambda p: from_wan(error(WAN, POOL, bytes(wrong(outside_of(FIRST["udp"])(p), IP))))],
    "error about nothing": [from_wan(error(WAN, POOL, outside_of(FIRST["udp"])(4321)))],
    "error from inside": [from_lan(lan_udp()), lambda p: from_wan(wan_udp(p) / DATA),
                          from_lan(error(LAN, WAN, IP(src=WAN, dst=LAN, id=2, ttl=63) / UDP(sport=5000, dport=4000) / DATA))],
    "error from a hop inside": [from_lan(lan_udp()), lambda p: from_wan(wan_udp(p) / DATA),
                                from_lan(error(INSIDE_HOP, WAN, IP(src=WAN, dst=LAN, id=2, ttl=63) / UDP(sport=5000, dport=4000) / DATA))],
    "over at the router": [from_lan(lan_udp(ttl=1) / DATA), from_lan(lan_udp() / DATA), lambda p: from_wan(wan_udp(p, ttl=1) / DATA)],
    "fragments": [*map(from_lan, pieces(lan_udp()))],
    "fragments out of order": [*map(from_lan, pieces(lan_udp(), (2, 0, 1)))],
    "fragments back": [from_lan(lan_udp()), *(lambda p, at=at: from_wan(pieces(wan_udp(p))[at]) for at in (0, 1, 2))],
    "fragments back, out of order": [from_lan(lan_udp()), *(lambda p, at=at: from_wan(pieces(wan_udp(p))[at]) for at in (2, 1, 0))],
    "wrong tcp checksum": [from_lan(wrong(lan_tcp("S"), TCP))],
    "wrong udp checksum": [from_lan(wrong(lan_udp() / DATA, UDP))],
    "wrong checksum in a session": [from_lan(lan_udp()), from_lan(wrong(lan_udp() / DATA, UDP)), lambda p: from_wan(wrong(wan_udp(p) / DATA, UDP))],
    "wrong ip checksum": [from_lan(wrong(lan_udp() / DATA, IP))],
    "truncated tcp": [from_lan(cut(lan_tcp("S"), 12))],
    "truncated udp": [from_lan(cut(lan_udp(), 6))],
    "truncated icmp": [from_lan(cut(lan_echo(), 4))],
}


class Rig:
    """A NAT between two wires, whatever it is made of."""

    def __init__(self, lan, wan, stack):
        self.hosts = {"lan": lan, "wan": wan}
        self.wires = {side: stack.enter_context(Wire(host)) for side, host in self.hosts.items()}
        for host in self.hosts.values():
            host.run("nft", SILENT)
        self._marks = 0

    def prepare(self, lan_mac, wan_mac):
        self.headers = {"lan": Ether(src=self.hosts["lan"].mac(), dst=lan_mac), "wan": Ether(src=self.hosts["wan"].mac(), dst=wan_mac)}
        return self

    def send(self, side, packet):
        """A packet, and behind it one that is answered: all that came out until then."""
        self._marks += 1
        mark = b"mark %d" % self._marks
        router = LAN_ROUTER if side == "lan" else WAN_ROUTER
        header = self.headers[side]
        for wire in self.wires.values():
            wire.forget()
        self.wires[side].send(header / packet, header / IP(src=LAN if side == "lan" else WAN, dst=router) / ICMP(id=1, seq=self._marks) / mark)
        wait_until(lambda: any(mark in frame for frame in self.wires[side].frames), 10, "the router answers")
        return {at: [IP(bytes(frame[IP])[:frame[IP].len]) for frame in wire.seen(IP) if mark not in bytes(frame)]
                for at, wire in self.wires.items()}

    def play(self, steps):
        """All that comes out of it, as descriptions by side."""
        port, out = None, {"lan": [], "wan": []}
        for step in steps:
            side, packet = step(port) if callable(step) else step
            for at, packets in self.send(side, packet).items():
                out[at] += packets
            if port is None and out["wan"] and out["wan"][0].src == POOL:
                port = port_of(out["wan"][0])
        return {at: sorted(describe(packet, port) for packet in join_pieces(packets)) for at, packets in out.items()}


def port_of(packet):
    """The end that the NAT chose."""
    for layer, field in ((UDP, "sport"), (TCP, "sport"), (ICMP, "id")):
        if layer in packet:
            return getattr(packet[layer], field)
    return None


def join_pieces(packets):
    """Datagrams put together; how they were cut is told by `frag`."""
    done, waiting = [], {}
    for packet in packets:
        if packet.flags.MF or packet.frag:
            waiting.setdefault((packet.src, packet.dst, packet.id), []).append(packet)
        else:
            done.append(packet)
    for parts in waiting.values():
        parts.sort(key=lambda part: part.frag)
        made = IP(bytes(parts[0])[:20]) / Raw(b"".join(bytes(part)[20:] for part in parts))
        del made.len, made.chksum
        made.flags, made.frag = 0, 0
        made = IP(bytes(made))
        made.cuts = [part.frag for part in parts]
        done.append(made)
    return done


def checksum_of(packet, layer):
    """Whether it is right."""
    stands = packet[layer].chksum
    if layer is UDP and stands == 0:
        return "none"
    copy = packet.copy()
    del copy[layer].chksum
    return "right" if IP(bytes(copy))[layer].chksum == stands else "wrong"


def describe(packet, port):
    """In words, the chosen port as `P`."""
    def name(number):
        return "P" if number == port and POOL in (packet.src, packet.dst) else number
    said = [f"{packet.src}>{packet.dst} proto {packet.proto} tos {packet.tos} flags {packet.flags} cuts {getattr(packet, 'cuts', 0)}",
            f"options {[bytes(option).hex() for option in packet.options]} header {checksum_of(packet, IP)}"]
    complete = len(bytes(packet)) == packet.len
    if TCP in packet and len(packet[TCP]) >= 20:
        tcp = packet[TCP]
        said.append(f"tcp {name(tcp.sport)}>{name(tcp.dport)} {tcp.flags} {tcp.seq} {tcp.ack} {tcp.options} {bytes(tcp.payload).hex()}")
        said.append(checksum_of(packet, TCP) if complete else "cut")
    elif UDP in packet:
        udp = packet[UDP]
        said.append(f"udp {name(udp.sport)}>{name(udp.dport)} {bytes(udp.payload).hex()}")
        said.append(checksum_of(packet, UDP) if complete else "cut")
    elif ICMP in packet and packet[ICMP].type in (3, 11):
        icmp = packet[ICMP]
        said.append(f"error {icmp.type} {icmp.code} mtu {icmp.nexthopmtu if icmp.code == 4 else 0} {checksum_of(packet, ICMP)}")
        said.append("quotes " + describe(IP(bytes(icmp.payload)), port))
    elif ICMP in packet:
        icmp = packet[ICMP]
        said.append(f"icmp {icmp.type} {name(icmp.id)} {icmp.seq} {bytes(icmp.payload).hex()}")
        said.append(checksum_of(packet, ICMP) if complete else "cut")
    else:
        said.append(bytes(packet.payload).hex())
    return " ".join(said)


@pytest.fixture(scope="module")
def sluice(tmp_path_factory):
    with NatLab(tmp_path_factory.mktemp("nat44")) as lab, lab.pool(), contextlib.ExitStack() as stack:
        rig = Rig(lab.lan, lab.wan, stack).prepare(lab.mac("lan"), lab.mac("wan"))
        rig.lab = lab
        yield rig


@pytest.fixture(scope="module")
def kernel():
    with contextlib.ExitStack() as stack:
        lan, wan, box = (stack.enter_context(Namespace(name)) for name in ("lan", "wan", "kernel"))
        join(lan, "eth0", box, "lan0")
        join(wan, "eth0", box, "wan0")
        set_up_host(lan, LAN, LAN_ROUTER)
        set_up_host(wan, WAN, WAN_ROUTER)
        for interface, address in (("lan0", f"{LAN_ROUTER}/24"), ("wan0", f"{WAN_ROUTER}/24"), ("wan0", f"{POOL}/32")):
            box.ip("address", "add", address, "dev", interface)
        for name in ("ip_forward=1", "icmp_ratelimit=0", "icmp_msgs_per_sec=100000", "conf.all.rp_filter=0"):
            box.sysctl(*("net.ipv4." + name).split("="))
        box.run("nft", RULES)
        rig = Rig(lan, wan, stack).prepare(box.mac("lan0"), box.mac("wan0"))
        yield rig


def played(sluice, kernel, case):
    sluice.lab.end_sessions()
    return sluice.play(CASES[case]), kernel.play(CASES[case])


# ---- what is meant to differ ----

UNTRANSLATED = "the kernel lets what it takes for invalid pass as it is, and shows the inside to the outside"
# Why; and how many packets come out of Sluice to the lan and the wan.
MEANT = {
    "error quoting a wrong header": ("RFC 5508 REQ-3: dropped; the kernel does not look", 0, 1),
    "over at the router": ("the router's own errors come from its own address; the kernel's rule translates them as well", 1, 2),
    "wrong tcp checksum": (f"translated by the difference, so that it stays wrong (RFC 3022 4.2); {UNTRANSLATED}", 0, 1),
    "wrong udp checksum": (f"translated by the difference, so that it stays wrong (RFC 3022 4.2); {UNTRANSLATED}", 0, 1),
    "wrong checksum in a session": (f"translated by the difference, so that it stays wrong; {UNTRANSLATED}", 1, 2),
    "truncated tcp": (f"dropped; {UNTRANSLATED}", 0, 0),
    "truncated udp": (f"dropped; {UNTRANSLATED}", 0, 0),
    "truncated icmp": (f"dropped; {UNTRANSLATED}", 0, 0),
}


@pytest.mark.parametrize("case", [case for case in CASES if case not in MEANT])
def test_as_the_kernel_does(sluice, kernel, case):
    mine, theirs = played(sluice, kernel, case)
    assert mine == theirs


@pytest.mark.parametrize("case", MEANT)
def test_what_is_meant_to_differ(sluice, kernel, case):
    """It does, and nothing shows the inside to the outside."""
    mine, theirs = played(sluice, kernel, case)
    assert mine != theirs
    _, lan, wan = MEANT[case]
    assert (len(mine["lan"]), len(mine["wan"])) == (lan, wan), mine
    assert f"{LAN}>" not in str(mine["wan"])
