# SPDX-License-Identifier: Apache-2.0
"""Packets whose source address cannot be behind the interface that they come by."""

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether

from lib.clients import ping
from lib.lab import LAN, WAN, Lab
from lib.lab6 import enable_ip6

LAN6, WAN6 = "2001:db8:1::2", "2001:db8:2::2"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with Lab(tmp_path_factory.mktemp("urpf")) as made:
        enable_ip6(made.lan, made.wan)
        for host, side, address, router in ((made.lan, "lan", LAN6, "2001:db8:1::1"), (made.wan, "wan", WAN6, "2001:db8:2::1")):
            made.daemon.ctl(f"add address {side} {router}/64")
            host.ip("-6", "address", "add", f"{address}/64", "dev", "eth0", "nodad")
            host.ip("-6", "route", "add", "default", "via", router)
        made.daemon.ctl("add route 203.0.113.0/24 via 10.0.2.2", "add route 2001:db8:77::/48 via 2001:db8:2::2",
                        "add route 192.0.2.0/24 blackhole", "add route 2001:db8:66::/48 blackhole")
        yield made


@pytest.fixture
def check(lab):
    """Sets what is checked on lan; nothing behind the test."""
    lab.daemon.ctl("clear counters")
    yield lambda words: lab.daemon.ctl(f"set interface lan source-check {words}")
    lab.daemon.ctl("reset interface lan source-check")


PORTS = iter(range(20_000, 60_000))


def passes(lab, source, reason):
    """Whether a packet from this source gets from lan to wan; else it is dropped for this reason."""
    layer, to = (IPv6, WAN6) if ":" in source else (IP, WAN)
    port = next(PORTS)
    node = "ip6-source-check" if layer is IPv6 else "ip4-source-check"
    before = lab.daemon.error(node, reason)

    def send(end, sender, number):
        end.send(bytes(Ether(src=lab.lan.mac(), dst=lab.mac("lan")) / layer(src=sender, dst=to) /
                       UDP(sport=4000, dport=number) / b"who"))
    with lab.wire("lan") as lan, lab.wire("wan") as wan:
        send(lan, source, port)
        # What is sent behind it comes out behind it.
        last = next(PORTS)
        send(lan, LAN6 if layer is IPv6 else LAN, last)
        wan.wait(UDP, lambda f: f[UDP].dport == last)
        came = bool(wan.seen(UDP, lambda f: f[UDP].dport == port))
    assert lab.daemon.error(node, reason) == before + (not came)
    return came


def test_strict(lab, check):
    assert ping(lab.lan, WAN).received == ping(lab.lan, WAN6).received == 1
    check("strict")
    assert ping(lab.lan, WAN).received == ping(lab.lan, WAN6).received == 1
    assert passes(lab, "10.0.1.99", "urpf-strict")
    assert passes(lab, "2001:db8:1::99", "urpf-strict")
    for spoofed in ("203.0.113.5", WAN, "192.0.2.5", "8.8.8.8", "2001:db8:77::5", WAN6, "2001:db8:66::5", "2600::1"):
        assert not passes(lab, spoofed, "urpf-strict"), spoofed
    row = lab.daemon.ctl_json("show source-check")[0]
    assert (row["name"], row["mode"], int(row["dropped"])) == ("lan", "strict", 8)


def test_loose(lab, check):
    check("loose")
    for somewhere in ("203.0.113.5", "10.0.1.99", "2001:db8:77::5"):
        assert passes(lab, somewhere, "urpf-loose"), somewhere
    for nowhere in ("192.0.2.5", "8.8.8.8", "2001:db8:66::5", "2600::1"):
        assert not passes(lab, nowhere, "urpf-loose"), nowhere


def test_loose_wants_a_group_that_leads_somewhere(lab, check):
    check("loose")
    lab.daemon.ctl("add next-hop-group out ip4", "add route 198.51.100.0/24 via group out")
    try:
        assert not passes(lab, "198.51.100.5", "urpf-loose")
        lab.daemon.ctl("add next-hop-group-member out 172.16.0.2")
        assert not passes(lab, "198.51.100.5", "urpf-loose"), "no network has the member"
        lab.daemon.ctl("add next-hop-group-member out 10.0.2.2")
        assert passes(lab, "198.51.100.5", "urpf-loose")
    finally:
        lab.daemon.ctl("delete route 198.51.100.0/24", "delete next-hop-group out")


def test_the_default_route(lab, check):
    lab.daemon.ctl("add route 0.0.0.0/0 via 10.0.2.2", "add route ::/0 via 2001:db8:2::2")
    try:
        check("loose")
        assert passes(lab, "8.8.8.8", "urpf-loose") and passes(lab, "2600::1", "urpf-loose")
        check("loose default-route off")
        assert not passes(lab, "8.8.8.8", "urpf-loose") and not passes(lab, "2600::1", "urpf-loose")
        assert passes(lab, "203.0.113.5", "urpf-loose") and passes(lab, "2001:db8:77::5", "urpf-loose")
    finally:
        lab.daemon.ctl("delete route 0.0.0.0/0", "delete route ::/0")


def test_neighbors_are_still_found(lab, check):
    check("strict")
    assert ping(lab.lan, "2001:db8:1::1").received == 1
    lab.daemon.ctl("delete neighbor lan 2001:db8:1::2")
    lab.lan.ip("-6", "neighbor", "flush", "dev", "eth0")
    lab.lan.ip("neighbor", "flush", "dev", "eth0")
    assert ping(lab.lan, "10.0.1.1").received == ping(lab.lan, "2001:db8:1::1").received == 1
    assert ping(lab.wan, LAN6).received == 1


def test_explain_says_why(lab, check):
    check("strict")
    told = lab.daemon.ctl(f"explain lan from 203.0.113.5 to {WAN}")
    assert "would be dropped by ip4-source-check: urpf-strict" in told, told


def test_it_is_part_of_the_configuration(lab, check):
    check("loose default-route off")
    assert "set interface lan source-check loose default-route off\n" in lab.daemon.ctl("show running-config")
