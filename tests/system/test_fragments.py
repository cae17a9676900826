# SPDX-License-Identifier: Apache-2.0
"""Packets in pieces: cut for a shorter link, put together for the router, told apart for features, bounded in all."""

import random
import re

import pytest
from scapy.layers.inet import ICMP, IP, UDP, fragment
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from lib.clients import iperf, ping
from lib.lab import LAN, LAN_ROUTER, WAN, WAN_ROUTER, Lab
from lib.wait import wait_until

SHORT = 1000


@pytest.fixture(scope="module")
def shared_lab(tmp_path_factory):
    """By taps: the kernel puts fragments together for af_packet. The link to the wan is the shorter one."""
    with Lab(tmp_path_factory.mktemp("lab"), "tap") as made:
        made.daemon.ctl(f"set interface wan mtu {SHORT}")
        made.assert_forwards()
        yield made


@pytest.fixture
def lab(shared_lab):
    """With nothing that waits, and no bounds but the ordinary ones."""
    yield shared_lab
    shared_lab.daemon.ctl("set fragments ip4-local timeout 100", "set fragments ip4-virtual timeout 100")
    wait_until(lambda: all(int(kind["datagrams"]) == 0 for kind in shared_lab.daemon.ctl_json("show fragments")), 10,
               lambda: f"nothing waits: {shared_lab.daemon.ctl('show fragments')}", every=0.1)
    shared_lab.daemon.ctl("reset fragments ip4-local", "reset fragments ip4-virtual")


def kind(lab, name):
    return {row["kind"]: row for row in lab.daemon.ctl_json("show fragments")}[name]


def cut(lab):
    row = lab.daemon.ctl_json("show fragmentation")[0]
    return int(row["packets"]), int(row["fragments"])


def to_router(lab, *packets):
    header = bytes(Ether(src=lab.lan.mac(), dst=lab.mac("lan"), type=0x0800))
    return [header + bytes(packet) for packet in packets]


def echo(size=3000, ident=7, dst=LAN_ROUTER):
    data = bytes(i * 7 & 0xFF for i in range(size))
    return IP(src=LAN, dst=dst, id=ident) / ICMP(id=ident, seq=1) / Raw(data)


def piece(whole, begin, end, last=False):
    """The bytes of a packet's payload that a fragment brings."""
    payload = bytes(whole)[20:]
    return IP(src=whole.src, dst=whole.dst, id=whole.id, proto=bytes(whole)[9], frag=begin // 8,
              flags=0 if last else "MF") / Raw(payload[begin:end])


def in_pieces(whole, each=1000):
    length = len(bytes(whole)) - 20
    return [piece(whole, begin, begin + each, begin + each >= length) for begin in range(0, length, each)]


def is_answer(ident):
    """A frame of the answer to echo(): its first fragment."""
    return lambda frame: frame[IP].src == LAN_ROUTER and frame[IP].id == ident and frame[IP].frag == 0


# ---- cut on the way ----

@pytest.mark.parametrize("size", [972, 973, 1400, 1472, 4000, 9000, 65507])
def test_large_pings_both_ways(lab, size):
    packets, made = cut(lab)
    assert ping(lab.lan, WAN, "-M", "dont", "-s", size, count=3).received == 3, lab.daemon.errors()
    assert ping(lab.wan, LAN, "-M", "dont", "-s", size, count=3).received == 3, lab.daemon.errors()
    more = cut(lab)
    if size + 28 <= SHORT:
        assert more == (packets, made)
    else:
        # Three requests and three answers went to the wan; of each, what the lan's host had left long was cut in two.
        full, rest = divmod(size + 8, 1480)
        long = 6 * (full + (rest + 20 > SHORT))
        assert more[0] - packets == long and more[1] - made == 2 * long


def test_fragments_fit_and_are_right(lab):
    with lab.wire("wan") as wan:
        assert ping(lab.lan, WAN, "-M", "dont", "-s", 4000).received == 1
        frames = wan.seen(IP, lambda frame: frame[IP].dst == WAN)
        rows = wan.tshark(f"ip.dst == {WAN}", "ip.checksum.status")
    assert all(frame[IP].len <= SHORT for frame in frames)
    # The host made 1480, 1480 and 1048 bytes of it, the router 976 and the rest of each.
    assert [bool(frame[IP].flags.MF) for frame in frames] == [True] * 5 + [False]
    assert len({frame[IP].id for frame in frames}) == 1 and {frame[IP].ttl for frame in frames} == {63}
    # Offsets follow one another.
    at = 0
    for frame in frames:
        assert frame[IP].frag * 8 == at
        at += frame[IP].len - 20
    assert at == 4008
    assert {row["ip.checksum.status"] for row in rows} == {"1"}


def test_who_asked_not_to_fragment_is_told(lab):
    told = ping(lab.lan, WAN, "-M", "do", "-s", 1300)
    assert told.received == 0 and re.search(rf"[Ff]rag needed.*mtu = {SHORT}", told.text), told.text
    lab.lan.ip("route", "flush", "cache")


def test_udp_in_pieces_arrives(lab):
    sums = iperf(lab.lan, lab.wan, WAN, "-u", "-b", "4M", "-l", 8000)["sum"]
    assert sums["packets"] > 50
    assert sums["lost_packets"] == 0, lab.daemon.errors()


# ---- put together for the router ----

@pytest.mark.parametrize("size", [1473, 8000, 60000, 65507])
def test_large_pings_of_the_router(lab, size):
    whole = int(kind(lab, "ip4-local")["whole"])
    assert ping(lab.lan, LAN_ROUTER, "-s", size, count=3).received == 3, lab.daemon.errors()
    assert ping(lab.wan, WAN_ROUTER, "-s", size, count=3).received == 3, lab.daemon.errors()
    assert int(kind(lab, "ip4-local")["whole"]) == whole + 6


def test_in_any_order(lab):
    with lab.wire() as wire:
        for ident, seed in enumerate(range(5), start=100):
            pieces = in_pieces(echo(ident=ident))
            random.Random(seed).shuffle(pieces)
            wire.send(*to_router(lab, *pieces))
            wire.wait(IP, is_answer(ident), what=f"an answer to {ident}")


def test_tiny_pieces(lab):
    with lab.wire() as wire:
        wire.send(*to_router(lab, *in_pieces(echo(size=900, ident=200), each=8)))
        wire.wait(IP, is_answer(200), what="an answer to tiny pieces")
        before = lab.daemon.error("ip4-reassemble", "too-many-fragments")
        wire.send(*to_router(lab, *in_pieces(echo(size=1100, ident=201), each=8)))
        lab.daemon.wait_error("ip4-reassemble", "too-many-fragments", before + 129)


def dropped(lab, reason, count, *packets, node="ip4-reassemble"):
    """Sends the packets; so many are dropped for the reason, none answered."""
    before = lab.daemon.error(node, reason)
    with lab.wire() as wire:
        wire.send(*to_router(lab, *packets))
        lab.daemon.wait_error(node, reason, before + count)
        assert lab.daemon.error(node, reason) == before + count
        return wire.seen(IP, lambda frame: frame[IP].src == LAN_ROUTER)


def test_overlaps_end_their_datagram(lab):
    whole = echo(ident=300)
    refused = int(kind(lab, "ip4-local")["refused"])
    assert dropped(lab, "overlap", 2, piece(whole, 0, 1000), piece(whole, 992, 2000)) == []
    assert dropped(lab, "of-refused-datagram", 3, piece(whole, 0, 1000), piece(whole, 1000, 2000),
                   piece(whole, 2000, 3008, True)) == []
    assert int(kind(lab, "ip4-local")["refused"]) == refused + 1
    # One that covers the whole datagram, and one that is inside another.
    whole = echo(ident=301)
    assert dropped(lab, "overlap", 2, piece(whole, 1000, 1400), piece(whole, 0, 1408)) == []


def test_duplicates_harm_nobody(lab):
    pieces = in_pieces(echo(ident=310))
    before = lab.daemon.error("ip4-reassemble", "duplicate")
    with lab.wire() as wire:
        wire.send(*to_router(lab, *(one for one in pieces[:-1] for _ in range(2)), pieces[-1]))
        wire.wait(IP, is_answer(310), what="an answer to pieces that came twice")
    assert lab.daemon.error("ip4-reassemble", "duplicate") == before + len(pieces) - 1


def test_the_ends_must_agree(lab):
    whole = echo(ident=320)
    assert dropped(lab, "contradiction", 2, piece(whole, 2000, 2008, True), piece(whole, 2008, 2016)) == []


def test_wrong_lengths_never_get_in(lab):
    whole = echo(ident=330)
    begun = int(kind(lab, "ip4-local")["begun"])
    assert dropped(lab, "bad-length", 1, piece(whole, 0, 1001)) == []
    assert dropped(lab, "bad-length", 1, piece(whole, 1000, 1000)) == []
    # A ping of death: the last fragment ends behind what a packet may have.
    end = IP(src=LAN, dst=LAN_ROUTER, id=331, proto=1, frag=8189) / Raw(b"x" * 64)
    assert dropped(lab, "fragment-overrun", 1, end, node="ip4-input") == []
    assert int(kind(lab, "ip4-local")["begun"]) == begun


def test_who_never_sent_the_rest_is_told(lab):
    lab.daemon.ctl("set fragments ip4-local timeout 300")
    before = lab.daemon.error("ip4-reassemble", "timed-out")
    with lab.wire() as wire:
        wire.send(*to_router(lab, piece(echo(ident=340), 0, 1000), piece(echo(ident=340), 1000, 2000),
                             piece(echo(ident=341), 1000, 2000)))
        told = wire.wait(ICMP, lambda frame: frame[ICMP].type == 11, what="time exceeded")
        lab.daemon.wait_error("ip4-reassemble", "timed-out", before + 3)
        rows = wire.tshark("icmp.type == 11", "icmp.code", "icmp.checksum.status", "ip.dst")
    # Of the datagram whose first fragment is missing, nobody is told (RFC 1122 3.3.2).
    assert len(told) == 1 and told[0][ICMP].code == 1
    assert rows[0]["icmp.code"][0] == "1" and rows[0]["ip.dst"][0] == LAN


def test_udp_to_nobody_in_pieces_is_answered_as_one(lab):
    whole = IP(src=LAN, dst=LAN_ROUTER, id=350) / UDP(sport=5, dport=9) / Raw(b"x" * 3000)
    with lab.wire() as wire:
        wire.send(*to_router(lab, *fragment(whole, 1000)))
        wire.wait(ICMP, lambda frame: frame[ICMP].type == 3 and frame[ICMP].code == 3, what="port unreachable")


# ---- a flood ----

def test_a_flood_of_first_fragments(lab):
    """Memory stays bounded, and who sends a real datagram meanwhile is answered."""
    free = lab.daemon.free_buffers()
    most = int(kind(lab, "ip4-local")["most_buffers"])
    displaced = int(kind(lab, "ip4-local")["displaced"])
    payload = bytes(64)
    flood = to_router(lab, *(IP(src=f"10.0.1.{3 + i % 200}", dst=LAN_ROUTER, id=i, proto=17, flags="MF") / Raw(payload)
                             for i in range(6000)))
    with lab.wire() as wire:
        for at in range(0, len(flood), 500):
            wire.send_steadily(flood[at:at + 500], rate=20_000)
            assert ping(lab.lan, LAN_ROUTER, "-s", 8000).received == 1, lab.daemon.errors()
            waiting = kind(lab, "ip4-local")
            assert int(waiting["datagrams"]) <= 1024 and int(waiting["buffers"]) <= most
            assert lab.daemon.free_buffers() >= free - most - 1100
    assert int(kind(lab, "ip4-local")["displaced"]) > displaced
    assert ping(lab.lan, LAN_ROUTER, "-s", 60000, count=3).received == 3, lab.daemon.errors()


def test_one_source_floods_its_own_share(lab):
    flood = to_router(lab, *(IP(src="10.0.1.99", dst=LAN_ROUTER, id=i, proto=17, flags="MF") / Raw(bytes(64))
                             for i in range(2000)))
    with lab.wire() as wire:
        wire.send_steadily(flood, rate=20_000)
        wait_until(lambda: int(kind(lab, "ip4-local")["datagrams"]) >= 256, 10, "the share is full")
        assert int(kind(lab, "ip4-local")["datagrams"]) == 256
        wire.send(*to_router(lab, *in_pieces(echo(ident=400))))
        wire.wait(IP, is_answer(400), what="an answer to another source")


# ---- passing in order ----

@pytest.fixture
def virtual(lab):
    lab.daemon.ctl("set interface lan virtual-reassembly on")
    yield lab
    lab.daemon.ctl("set interface lan virtual-reassembly off")


def offsets(wan, ident):
    return [frame[IP].frag * 8 for frame in wan.seen(IP, lambda frame: frame[IP].id == ident and frame[IP].dst == WAN)]


def test_the_first_fragment_goes_first(virtual):
    lab = virtual
    assert kind(lab, "ip4-virtual")["interfaces"] == ["lan"]
    whole = echo(size=2800, ident=500, dst=WAN)
    pieces = in_pieces(whole, each=800)
    with lab.wire() as lan, lab.wire("wan") as wan:
        lan.send(*to_router(lab, pieces[3], pieces[1], pieces[2]))
        wait_until(lambda: int(kind(lab, "ip4-virtual")["buffers"]) == 3, 10, "three wait")
        assert offsets(wan, 500) == []
        lan.send(*to_router(lab, pieces[0]))
        wan.wait(IP, lambda frame: frame[IP].id == 500 and frame[IP].dst == WAN, count=4, what="four fragments")
        assert offsets(wan, 500) == [0, 800, 1600, 2400]
        # The host behind has put it together.
        lan.wait(IP, lambda frame: frame[IP].src == WAN, what="the host's answer")
    assert int(kind(lab, "ip4-virtual")["datagrams"]) == 0


def test_what_passes_does_not_overlap(virtual):
    lab = virtual
    whole = echo(size=2800, ident=510, dst=WAN)
    before = lab.daemon.errors()
    with lab.wire() as lan, lab.wire("wan") as wan:
        lan.send(*to_router(lab, piece(whole, 0, 800), piece(whole, 800, 1600), piece(whole, 808, 816),
                            piece(whole, 1600, 2808, True)))
        lab.daemon.wait_error("ip4-virtual-reassembly", "of-refused-datagram",
                              before.get(("ip4-virtual-reassembly", "of-refused-datagram"), 0) + 1)
        assert offsets(wan, 510) == [0, 800]
        tcp = IP(src=LAN, dst=WAN, id=511, proto=6)
        lan.send(*to_router(lab, tcp.copy() / Raw(bytes(40))))
        tiny = [IP(src=LAN, dst=WAN, id=512, proto=6, flags="MF") / Raw(bytes(16)),
                IP(src=LAN, dst=WAN, id=512, proto=6, frag=2) / Raw(bytes(40))]
        lan.send(*to_router(lab, *tiny))
        lab.daemon.wait_error("ip4-virtual-reassembly", "tiny-first-fragment",
                              before.get(("ip4-virtual-reassembly", "tiny-first-fragment"), 0) + 1)
        assert offsets(wan, 512) == []


def test_nobody_waits_for_long(virtual):
    lab = virtual
    lab.daemon.ctl("set fragments ip4-virtual timeout 200")
    before = lab.daemon.error("ip4-virtual-reassembly", "timed-out")
    whole = echo(size=2800, ident=520, dst=WAN)
    with lab.wire() as lan:
        lan.send(*to_router(lab, piece(whole, 800, 1600), piece(whole, 1600, 2808, True)))
        lab.daemon.wait_error("ip4-virtual-reassembly", "timed-out", before + 2)


def test_ordinary_traffic_passes_it(virtual):
    lab = virtual
    assert ping(lab.lan, WAN, "-M", "dont", "-s", 20000, count=5).received == 5, lab.daemon.errors()
    assert iperf(lab.lan, lab.wan, WAN)["sum_received"]["bytes"] > 1_000_000
    sums = iperf(lab.lan, lab.wan, WAN, "-u", "-b", "4M", "-l", 8000)["sum"]
    assert sums["packets"] > 50 and sums["lost_packets"] == 0, lab.daemon.errors()


def test_it_is_told_in_trace_and_explain(virtual):
    lab = virtual
    lab.daemon.ctl("clear trace", "trace add ip4-virtual-reassembly 2")
    assert ping(lab.lan, WAN, "-M", "dont", "-s", 1600).received == 1
    text = lab.daemon.ctl("show trace")
    assert "datagram" in text and "bytes" in text and "icmp" in text and "first fragment" in text, text


# ---- settings ----

def test_bounds_are_kept_and_refused(lab):
    lab.daemon.ctl("set fragments ip4-local datagrams 10 share 100")
    assert "set fragments ip4-local datagrams 10 share 100" in lab.daemon.ctl("show running-config")
    assert kind(lab, "ip4-local")["most_datagrams"] == 10
    for line, sentence in {
            "set fragments ip4-local datagrams 0": "<datagrams> cannot be 0; it takes 1 to 65536",
            "set fragments ip4-local share 101": "<share> cannot be 101; it takes 1 to 100",
            "set fragments ip4-virtual timeout 1": "<timeout> cannot be 1; it takes 100 to 120000",
            "set fragments ip4-local fragments 1": "<fragments> cannot be 1; it takes 2 to 256"}.items():
        assert sentence in lab.daemon.refused(line)
    assert kind(lab, "ip4-local")["most_datagrams"] == 10
    lab.daemon.ctl("reset fragments ip4-local")
    assert "set fragments" not in lab.daemon.ctl("show running-config")


# ---- jumbo ----

@pytest.fixture(scope="module")
def jumbo_lab(tmp_path_factory):
    with Lab(tmp_path_factory.mktemp("jumbo"), "tap") as made:
        made.daemon.ctl("set interface lan mtu 9000", "set interface wan mtu 9000")
        made.assert_forwards()
        yield made


@pytest.mark.parametrize("size", [1900, 2006, 2020, 4054, 4055, 6102, 8150, 8972])
def test_jumbo_frames_pass_in_several_buffers(jumbo_lab, size):
    lab = jumbo_lab
    with lab.wire("wan") as wan:
        assert ping(lab.lan, WAN, "-M", "do", "-s", size, count=3).received == 3, lab.daemon.errors()
        assert len(wan.seen(IP, lambda frame: frame[IP].dst == WAN and frame[IP].len == size + 28)) == 3
    assert ping(lab.lan, LAN_ROUTER, "-M", "do", "-s", size, count=3).received == 3, lab.daemon.errors()


def test_jumbo_fragments_of_the_router(jumbo_lab):
    assert ping(jumbo_lab.lan, LAN_ROUTER, "-s", 60000, count=3).received == 3, jumbo_lab.daemon.errors()


def test_jumbo_tcp_and_back_to_short(jumbo_lab):
    lab = jumbo_lab
    free = lab.daemon.free_buffers()
    assert iperf(lab.lan, lab.wan, WAN)["sum_received"]["bytes"] > 1_000_000
    wait_until(lambda: lab.daemon.free_buffers() >= free - 100, 10, "all buffers are back")
    lab.daemon.ctl("set interface wan mtu 1500")
    lab.wan.ip("link", "set", "eth0", "mtu", 1500)
    try:
        assert ping(lab.lan, WAN, "-M", "dont", "-s", 8972, count=3).received == 3, lab.daemon.errors()
        told = ping(lab.lan, WAN, "-M", "do", "-s", 8972)
        assert told.received == 0 and "mtu = 1500" in told.text
    finally:
        lab.wan.ip("link", "set", "eth0", "mtu", 9000)
        lab.daemon.ctl("set interface wan mtu 9000")
        # The host remembers what it was told.
        lab.lan.ip("route", "flush", "cache")
