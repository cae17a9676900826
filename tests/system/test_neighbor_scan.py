# SPDX-License-Identifier: Apache-2.0
"""Somebody scans a connected network from afar: others still find their neighbours there (RFC 6583), next hops of routes
above all."""

import contextlib
import itertools
import sys

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether

from lib.clients import ping
from lib.lab import LAN, LAN_ROUTER, WAN
from lib.lab6 import LAN6, LAN_ROUTER6, Lab6
from lib.wait import wait_until

GOOD, GOOD6 = "10.0.1.3", "2001:db8:1::3"
RATE = 4000
# Arguments: frames a second; the frame in hex; where in it random bytes go: "offset:length" each. An IPv4 header's
# checksum is made anew.
SCAN = """
import os, socket, sys, time
rate, frame = int(sys.argv[1]), bytearray.fromhex(sys.argv[2])
places = [tuple(map(int, place.split(":"))) for place in sys.argv[3:]]
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("eth0", 0))
begin, sent = time.monotonic(), 0
while True:
    while sent < (time.monotonic() - begin) * rate:
        for offset, length in places:
            frame[offset:offset + length] = os.urandom(length)
        if frame[12:14] == b"\\x08\\x00":
            frame[24:26] = bytes(2)
            total = sum(frame[at] << 8 | frame[at + 1] for at in range(14, 34, 2))
            while total >> 16:
                total = (total & 0xffff) + (total >> 16)
            frame[24:26] = (total ^ 0xffff).to_bytes(2, "big")
        s.send(frame)
        sent += 1
    time.sleep(0.005)
"""
# Where the bytes of the source are that are invented.
SOURCES = {"one sender": [], "invented senders": ["27:3"]}
SOURCES6 = {"one sender": [], "invented senders": ["30:8"]}


@contextlib.contextmanager
def scan(lab, frame, places):
    """Runs until it is ended, and has filled what there is to fill."""
    scanner = lab.lan.start(sys.executable, "-c", SCAN, RATE, bytes(frame).hex(), *places)
    try:
        wait_until(lambda: len(lab.daemon.ctl_json("show neighbor")) >= 500, 20,
                   lambda: f"the scan goes on: {lab.daemon.errors()}", 0.1)
        yield
    finally:
        scanner.kill()
        scanner.wait()


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    """Behind wan there is a /16, and in it and in the /64 hosts that nobody has spoken to; also the next hops of routes."""
    with Lab6(tmp_path_factory.mktemp("lab")) as lab:
        lab.daemon.ctl("add address wan 10.77.0.1/16",
                       "add route 198.51.100.0/25 via 10.77.9.1", "add route 198.51.100.128/25 via 10.77.9.2",
                       "add route 2001:db8:f1::/48 via 2001:db8:2::9:1", "add route 2001:db8:f2::/48 via 2001:db8:2::9:2")
        for group, number in itertools.product((7, 8, 9), (1, 2)):
            lab.wan.ip("address", "add", f"10.77.{group}.{number}/16", "dev", "eth0")
            lab.wan.ip("address", "add", f"2001:db8:2::{group}:{number}/64", "dev", "eth0", "nodad")
        for host in ("198.51.100.1/32", "198.51.100.129/32", "2001:db8:f1::1/128", "2001:db8:f2::1/128"):
            lab.wan.ip("address", "add", host, "dev", "lo")
        lab.lan.ip("address", "add", f"{GOOD}/24", "dev", "eth0")
        lab.lan.ip("address", "add", f"{GOOD6}/64", "dev", "eth0", "nodad")
        lab.assert_forwards()
        for source, router in ((GOOD, LAN_ROUTER), (GOOD6, LAN_ROUTER6)):
            wait_until(lambda: ping(lab.lan, router, "-I", source, wait=1).received, 10, "the good host is online")
        yield lab


def frame_to(lab, destination):
    ip = IPv6(src=LAN6, dst=destination) if ":" in destination else IP(src=LAN, dst=destination)
    return Ether(src=lab.lan.mac(), dst=lab.mac("lan")) / ip / UDP(dport=9)


def all_but_the_first(lab, source, *targets):
    for target in targets:
        answers = ping(lab.lan, target, "-I", source, "-i", "0.3", count=4, wait=2)
        assert answers.received >= 3, answers.text + str(lab.daemon.errors())


@pytest.mark.parametrize("number, kind", enumerate(SOURCES, 1), ids=SOURCES)
def test_a_scan_of_a_wide_network(wide, number, kind):
    lab = wide
    with scan(lab, frame_to(lab, "10.77.0.0"), SOURCES[kind] + ["32:2"]):
        beyond = "198.51.100.1" if number == 1 else "198.51.100.129"
        all_but_the_first(lab, GOOD, f"10.77.7.{number}", f"10.77.8.{number}", beyond)
        # Who comes from the other side is looked for as well.
        assert ping(lab.wan, GOOD, count=3, wait=2).received >= 2
    assert lab.daemon.alive() and ping(lab.lan, WAN).received == 1


@pytest.mark.parametrize("number, kind", enumerate(SOURCES6, 1), ids=SOURCES6)
def test_a_scan_of_a_wide_network6(wide, number, kind):
    lab = wide
    with scan(lab, frame_to(lab, "2001:db8:2::"), SOURCES6[kind] + ["46:8"]):
        all_but_the_first(lab, GOOD6, f"2001:db8:2::7:{number}", f"2001:db8:2::8:{number}", f"2001:db8:f{number}::1")
    assert lab.daemon.alive()
