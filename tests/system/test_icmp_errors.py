# SPDX-License-Identifier: Apache-2.0
"""The errors that the router tells senders (RFC 792, RFC 1812 4.3), read by tshark."""

import re
import time

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from lib.clients import ping
from lib.lab import LAN, LAN_ROUTER, WAN, Lab
from lib.wait import wait_until

FIELDS = ("ip.src", "ip.dst", "icmp.type", "icmp.code", "icmp.checksum.status", "ip.checksum.status", "icmp.mtu",
          "icmp.pointer", "icmp.redir_gw", "ip.dsfield.dscp")
LONGEST_ERROR = 576


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    # The kernel puts fragments together for af_packet ports, but not for taps.
    with Lab(tmp_path_factory.mktemp("lab"), "tap") as made:
        made.daemon.ctl("add route 192.0.2.0/24 prohibit", "add route 198.51.100.0/24 unreachable",
                        "set interface wan mtu 1400")
        made.lan.ip("address", "add", "10.0.1.3/24", "dev", "eth0")
        made.daemon.ctl("add route 10.9.0.0/16 via 10.0.1.3")
        made.assert_forwards()
        yield made


def to_router(lab, packet, destination=None):
    return bytes(Ether(src=lab.lan.mac(), dst=destination or lab.mac("lan")) / packet)


def is_error(frame):
    return frame[ICMP].type in (3, 4, 5, 11, 12) and frame[IP].dst == LAN


def udp(dst, size=40, **ip):
    return IP(src=LAN, dst=dst, **ip) / UDP(sport=4000, dport=33434) / Raw((bytes(range(256)) * 8)[:size])


# What is sent, and the error's type, code and further fields.
CASES = {
    "TTL exceeded": (udp(WAN, ttl=1), 11, 0, {}),
    "TTL exceeded, long": (udp(WAN, size=1200, ttl=1), 11, 0, {}),
    "TTL exceeded, zero": (udp(WAN, ttl=0), 11, 0, {}),
    "TTL exceeded, echo": (IP(src=LAN, dst=WAN, ttl=1) / ICMP(id=7, seq=1) / Raw(b"x" * 56), 11, 0, {}),
    "UDP port unreachable": (udp(LAN_ROUTER), 3, 3, {}),
    "TCP port unreachable": (IP(src=LAN, dst=LAN_ROUTER) / TCP(dport=22), 3, 3, {}),
    "protocol unreachable": (IP(src=LAN, dst=LAN_ROUTER, proto=253) / Raw(b"x" * 20), 3, 2, {}),
    "network unreachable": (udp("203.0.113.1"), 3, 0, {}),
    "host unreachable": (udp("198.51.100.1"), 3, 1, {}),
    "prohibited": (udp("192.0.2.1"), 3, 13, {}),
    "fragmentation needed": (udp(WAN, size=1373, flags="DF"), 3, 4, {"icmp.mtu": "1400"}),
    # A record-route option (type 7, length 7) whose pointer is under 4: the 23rd octet is wrong.
    "parameter problem": (udp(WAN, options=[Raw(b"\x07\x07\x03\0\0\0\0\0")]), 12, 0, {"icmp.pointer": "22"}),
}


@pytest.mark.parametrize("name", CASES)
def test_the_sender_is_told(lab, name):
    packet, kind, code, more = CASES[name]
    with lab.wire() as wire:
        wire.send(to_router(lab, packet))
        frame, = wire.wait(ICMP, is_error, what=name)
        quoting = wire.tshark("icmp.type in {3, 4, 5, 11, 12}", *FIELDS)
    assert len(quoting) == 1
    seen = quoting[0]

    def outer(field):
        return seen[field][0] if isinstance(seen[field], list) else seen[field]

    assert (outer("icmp.type"), outer("icmp.code")) == (str(kind), str(code))
    assert outer("ip.src") == LAN_ROUTER and outer("ip.dst") == LAN
    assert outer("icmp.checksum.status") == "1" and outer("ip.checksum.status") == "1"
    assert outer("ip.dsfield.dscp") == "48"
    for field, value in more.items():
        assert seen[field] == value
    # The quote is the packet as it came, as much as fits (RFC 1812 4.3.2.3).
    error = bytes(frame)[14:14 + frame[IP].len]
    assert error[28:] == bytes(packet)[:LONGEST_ERROR - 28]


def test_ping_learns_the_mtu(lab):
    text = ping(lab.lan, WAN, "-M", "do", "-s", 1450).text
    assert re.search(r"Frag needed and DF set \(mtu = 1400\)", text), text
    lab.lan.ip("route", "flush", "cache")


def test_a_packet_that_may_be_fragmented_is_no_error(lab):
    before = lab.daemon.error("ip4-rewrite", "exceeds-mtu")
    with lab.wire() as lan, lab.wire("wan") as wan:
        lan.send(to_router(lab, udp(WAN, size=1373)))
        wan.wait(IP, lambda frame: frame[IP].dst == WAN and frame[IP].frag != 0, what="the second fragment")
        assert not lan.seen(ICMP, lambda frame: is_error(frame) and frame[IP].src == LAN_ROUTER)
    assert lab.daemon.error("ip4-rewrite", "exceeds-mtu") == before


def test_traceroute_ends_at_the_router(lab):
    hops = lab.lan.run("traceroute", "-n", "-q", 1, "-w", 5, "-m", 3, LAN_ROUTER).stdout.splitlines()[1:]
    assert len(hops) == 1 and LAN_ROUTER in hops[0]


def test_host_unreachable_when_nobody_answers_arp(lab):
    with lab.wire() as wire:
        done = ping(lab.lan, "10.0.2.77", wait=8)
        assert "Destination Host Unreachable" in done.text, done.text
        error, = wire.tshark("icmp.type == 3", *FIELDS)
    assert error["icmp.code"][0] == "1" and error["ip.src"] == [LAN_ROUTER, LAN]
    assert error["ip.dst"] == [LAN, "10.0.2.77"] and error["icmp.checksum.status"][0] == "1"
    assert lab.daemon.neighbor("10.0.2.77") is None


def test_redirect_and_forward(lab):
    packet = udp("10.9.1.1", ttl=9)
    with lab.wire() as wire:
        wire.send(to_router(lab, packet))
        wire.wait(ICMP, lambda frame: frame[ICMP].type == 5, what="a redirect")
        forwarded, = wire.wait(UDP, lambda frame: frame[IP].dst == "10.9.1.1" and ICMP not in frame)
        redirect, = wire.tshark("icmp.type == 5", *FIELDS)
    assert redirect["icmp.code"] == "1" and redirect["icmp.redir_gw"] == "10.0.1.3"
    assert redirect["ip.src"] == [LAN_ROUTER, LAN] and redirect["ip.dst"] == [LAN, "10.9.1.1"]
    assert redirect["icmp.checksum.status"] == "1"
    assert forwarded[IP].ttl == 8


# What must not be answered by an error (RFC 1812 4.3.2.7), and the name that its end has.
GROUP = "01:00:5e:00:00:05"
EVERYBODY = "ff:ff:ff:ff:ff:ff"
SILENT = {
    "an ICMP error": (IP(src=LAN, dst=WAN, ttl=1) / ICMP(type=3, code=1) / Raw(bytes(udp(WAN))), None,
                      "icmp4-error", "about-icmp-error"),
    "an ICMP message of unknown type": (IP(src=LAN, dst=WAN, ttl=1) / ICMP(type=200) / Raw(b"x" * 20), None,
                                        "icmp4-error", "about-icmp-error"),
    "a later fragment": (IP(src=LAN, dst=WAN, ttl=1, frag=10, proto=17) / Raw(b"x" * 32), None,
                         "icmp4-error", "about-fragment"),
    "a broadcast on the link": (udp("10.0.1.255"), EVERYBODY, "ip4-deliver", "no-listener"),
    "a broadcast of the network sent to us": (udp("10.0.1.255"), None, "ip4-deliver", "no-listener"),
    "a broadcast of the other network": (udp("10.0.2.255"), None, "ip4-deliver", "no-listener"),
    "a limited broadcast": (udp("255.255.255.255"), EVERYBODY, "ip4-deliver", "no-listener"),
    "multicast": (IP(src=LAN, dst="224.0.0.5", proto=89, ttl=1) / Raw(b"x" * 20), GROUP,
                  "ip4-deliver", "no-listener"),
    "a unicast packet in a broadcast frame": (udp(WAN, ttl=1), EVERYBODY, "ip4-local", "link-broadcast"),
    "a blackhole": (udp("10.8.0.1"), None, "ip4-unreachable", "blackhole"),
}


@pytest.mark.parametrize("name", SILENT)
def test_nobody_is_told_of(lab, name):
    packet, destination, node, reason = SILENT[name]
    lab.daemon.ctl("add route 10.8.0.0/16 blackhole")
    before = lab.daemon.error(node, reason)
    with lab.wire() as wire:
        wire.send(to_router(lab, packet, destination))
        lab.daemon.wait_error(node, reason, before + 1)
        # What is answered after it was sent after it.
        wire.send(to_router(lab, udp(WAN, ttl=1)))
        told = wire.wait(ICMP, is_error)
        assert [frame[ICMP].type for frame in told] == [11]
    lab.daemon.ctl("delete route 10.8.0.0/16")


def test_errors_are_rate_limited(lab):
    """1000 a second and 50 at once: a flood is not answered in full, and what is left out is counted."""
    flood = 4000
    expired = lab.daemon.error("ip4-rewrite", "ttl-expired")
    limited = lab.daemon.error("icmp4-error", "rate-limited")
    frame = to_router(lab, udp(WAN, ttl=1))
    with lab.wire() as wire:
        start = time.monotonic()
        wire.send(*[frame] * flood)

        def asked_and_accounted():
            errors = lab.daemon.errors()
            left_out = errors.get(("icmp4-error", "rate-limited"), 0) - limited
            return errors[("ip4-rewrite", "ttl-expired")] - expired, len(wire.seen(ICMP, is_error)) + left_out

        def all_accounted():
            asked, accounted = asked_and_accounted()
            return 200 < asked == accounted

        wait_until(all_accounted, 20,
                   lambda: f"every expired packet is answered or counted: {asked_and_accounted()}")
        elapsed = time.monotonic() - start
        answered = len(wire.seen(ICMP, is_error))
    assert 0 < answered <= 50 + 1000 * elapsed
    assert lab.daemon.error("icmp4-error", "rate-limited") > limited
    lab.assert_forwards()
