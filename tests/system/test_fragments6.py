# SPDX-License-Identifier: Apache-2.0
"""IPv6 in pieces: what the router sends is cut, what is for it is put together, what passes goes in order."""

import pytest
from scapy.layers.inet6 import (HBHOptUnknown, ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ParamProblem,
                                ICMPv6TimeExceeded, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment)
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from lib.clients import ping
from lib.lab6 import LAN6, LAN_ROUTER6, WAN6, Lab6
from lib.wait import wait_until


@pytest.fixture(scope="module")
def shared_lab(tmp_path_factory):
    """By taps: the kernel puts fragments together for af_packet."""
    with Lab6(tmp_path_factory.mktemp("lab"), "tap") as made:
        assert ping(made.lan, WAN6, count=2).received == 2
        yield made


@pytest.fixture
def lab(shared_lab):
    """With nothing that waits."""
    yield shared_lab
    kinds = ("ip6-local", "ip6-virtual")
    shared_lab.daemon.ctl(*(f"set fragments {kind} timeout 100" for kind in kinds))
    wait_until(lambda: all(int(kind["datagrams"]) == 0 for kind in shared_lab.daemon.ctl_json("show fragments")), 10,
               lambda: f"nothing waits: {shared_lab.daemon.ctl('show fragments')}", every=0.1)
    shared_lab.daemon.ctl(*(f"reset fragments {kind}" for kind in kinds))


def kind(lab, name):
    return {row["kind"]: row for row in lab.daemon.ctl_json("show fragments")}[name]


def cut(lab):
    row = {row["family"]: row for row in lab.daemon.ctl_json("show fragmentation")}["ip6"]
    return int(row["packets"]), int(row["fragments"])


def echo(size, ident, dst=LAN_ROUTER6):
    """The upper layer of an echo request, its checksum right."""
    whole = IPv6(src=LAN6, dst=dst) / ICMPv6EchoRequest(id=ident, data=bytes(i * 7 & 0xFF for i in range(size)))
    return bytes(whole)[40:]


def piece(payload, begin, end, ident, next_header=58, dst=LAN_ROUTER6):
    return (IPv6(src=LAN6, dst=dst) /
            IPv6ExtHdrFragment(nh=next_header, offset=begin // 8, m=int(end < len(payload)), id=ident) /
            Raw(payload[begin:end]))


def to_router(lab, *packets):
    header = bytes(Ether(src=lab.lan.mac(), dst=lab.mac("lan"), type=0x86DD))
    return [header + bytes(packet) for packet in packets]


def is_echo(ident):
    """An echo reply, or its first fragment."""
    def check(frame):
        body = bytes(frame[IPv6].payload)
        body = body[8:] if frame[IPv6].nh == 44 and int.from_bytes(body[2:4], "big") >> 3 == 0 else body
        return frame[IPv6].src == LAN_ROUTER6 and body[0] == 129 and int.from_bytes(body[4:6], "big") == ident
    return check


@pytest.mark.parametrize("size", [1452, 1453, 4000, 20000, 60000])
def test_large_pings_of_the_router(lab, size):
    packets, made = cut(lab)
    assert ping(lab.lan, LAN_ROUTER6, "-s", size, count=3).received == 3, lab.daemon.errors()
    more = cut(lab)
    # 1500 bytes are in one piece; else 1448 bytes are in each but the last.
    pieces = 0 if size + 48 <= 1500 else -(-(size + 8) // 1448)
    assert (more[0] - packets, more[1] - made) == (3 * bool(pieces), 3 * pieces)


def test_large_pings_pass_as_the_hosts_cut_them(lab):
    before = cut(lab)
    assert ping(lab.lan, WAN6, "-s", 20000, count=3).received == 3, lab.daemon.errors()
    assert cut(lab) == before


def test_in_any_order(lab):
    payload = echo(2000, 70)
    pieces = [piece(payload, at, at + 512, 70) for at in range(0, len(payload), 512)]
    with lab.wire() as wire:
        wire.send(*to_router(lab, *(pieces[i] for i in (3, 0, 2, 1))))
        wire.wait(IPv6, is_echo(70), what="an answer")
        # Whoever puts the two fragments of the answer together finds its checksum right.
        wait_until(lambda: wire.tshark("icmpv6.type == 129 && icmpv6.checksum.status == 1", "ipv6.src"), 10,
                   "a right answer of two fragments")


@pytest.mark.parametrize("second", [(0, 520), (504, 1024), (512, 600)])
def test_overlaps_end_a_datagram(lab, second):
    """RFC 5722: nothing of it is used, whatever comes behind."""
    ident = 80 + second[1] % 13
    payload = echo(1016, ident)
    before = lab.daemon.error("ip6-reassemble", "overlap")
    with lab.wire() as wire:
        wire.send(*to_router(lab, piece(payload, 0, 512, ident), piece(payload, 512, 1016, ident),
                             IPv6(src=LAN6, dst=LAN_ROUTER6) / IPv6ExtHdrFragment(
                                 nh=58, offset=second[0] // 8, m=1, id=ident) /
                             Raw(bytes((second[1] - second[0]) // 8 * 8)),
                             piece(payload, 1016, 1024, ident)))
        lab.daemon.wait_error("ip6-reassemble", "overlap", before + 3)
        # Behind it, the router goes on.
        wire.send(*to_router(lab, piece(payload, 0, 512, ident + 100), piece(payload, 512, 1024, ident + 100)))
        wire.wait(IPv6, is_echo(ident), what="an answer to the whole one")
        assert len(wire.seen(IPv6, is_echo(ident))) == 1


def test_who_never_sent_the_rest_is_told(lab):
    lab.daemon.ctl("set fragments ip6-local timeout 300")
    before = lab.daemon.error("ip6-reassemble", "timed-out")
    payload = echo(2000, 90)
    with lab.wire() as wire:
        wire.send(*to_router(lab, piece(payload, 0, 512, 90), piece(payload, 512, 1024, 90), piece(payload, 512, 1024, 91)))
        told = wire.wait(ICMPv6TimeExceeded, what="time exceeded")
        lab.daemon.wait_error("ip6-reassemble", "timed-out", before + 3)
    assert len(told) == 1 and told[0][ICMPv6TimeExceeded].code == 1


def test_headers_behind_the_fragment_header_are_obeyed(lab):
    """They are seen once the packet is whole: an option that asks for it is answered (RFC 8200 4.2)."""
    for option, answered in ((0x1E, True), (0x9E, False)):
        inner = echo(800, 95)
        options = bytes(IPv6ExtHdrDestOpt(nh=58, options=[HBHOptUnknown(otype=option, optdata=b"abcd")]))
        payload = options + inner
        with lab.wire() as wire:
            wire.send(*to_router(lab, piece(payload, 0, 400, 95 + option, 60),
                                 piece(payload, 400, len(payload), 95 + option, 60)))
            if answered:
                wire.wait(IPv6, is_echo(95), what="an answer")
            else:
                told = wire.wait(ICMPv6ParamProblem, what="parameter problem")
                assert told[0][ICMPv6ParamProblem].code == 2
                assert not wire.seen(ICMPv6EchoReply)


def test_the_first_fragment_goes_first(lab):
    lab.daemon.ctl("set interface lan virtual-reassembly on")
    assert kind(lab, "ip6-virtual")["interfaces"] == ["lan"]
    payload = echo(2000, 99, WAN6)
    pieces = [piece(payload, at, at + 512, 99, dst=WAN6) for at in range(0, len(payload), 512)]

    def is_piece(frame):
        return frame[IPv6].dst == WAN6 and frame[IPv6].nh == 44
    with lab.wire() as lan, lab.wire("wan") as wan:
        lan.send(*to_router(lab, pieces[3], pieces[1], pieces[2]))
        wait_until(lambda: int(kind(lab, "ip6-virtual")["buffers"]) == 3, 10, "three wait")
        assert not wan.seen(IPv6, is_piece)
        lan.send(*to_router(lab, pieces[0]))
        wan.wait(IPv6, is_piece, count=4, what="four fragments")
        offsets = [frame[IPv6ExtHdrFragment].offset * 8 for frame in wan.seen(IPv6, is_piece)]
        assert offsets == [0, 512, 1024, 1536]
        # The host behind has put it together.
        lan.wait(IPv6, lambda frame: frame[IPv6].src == WAN6, what="the host's answer")
    lab.daemon.ctl("set interface lan virtual-reassembly off")
    assert int(kind(lab, "ip6-virtual")["datagrams"]) == 0


def test_a_flood_of_first_fragments(lab):
    free = lab.daemon.free_buffers()
    most = int(kind(lab, "ip6-local")["most_buffers"])
    flood = to_router(lab, *(IPv6(src=f"2001:db8:1:0:{i % 500:x}::9", dst=LAN_ROUTER6) /
                             IPv6ExtHdrFragment(nh=17, offset=0, m=1, id=i) / Raw(bytes(64)) for i in range(4000)))
    with lab.wire() as wire:
        for at in range(0, len(flood), 500):
            wire.send_steadily(flood[at:at + 500], rate=20_000)
            assert ping(lab.lan, LAN_ROUTER6, "-s", 8000).received == 1, lab.daemon.errors()
            assert int(kind(lab, "ip6-local")["buffers"]) <= most
            assert lab.daemon.free_buffers() >= free - most - 1100
    assert ping(lab.lan, LAN_ROUTER6, "-s", 60000, count=3).received == 3, lab.daemon.errors()
