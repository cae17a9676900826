# SPDX-License-Identifier: Apache-2.0
"""Neighbours: who answers, who is believed, who is forgotten (RFC 826, RFC 1122 2.3.2, RFC 5227)."""

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw

from lib.clients import ping
from lib.lab import LAN, LAN_ROUTER, WAN, WAN_ROUTER
from lib.wait import wait_until

EVERYBODY = "ff:ff:ff:ff:ff:ff"
NOBODY = "00:00:00:00:00:00"
STRANGER = "02:00:00:00:00:99"


def arp(source, sender, target, operation="who-has", hwsrc=None, destination=EVERYBODY, hwdst=NOBODY):
    return Ether(src=source, dst=destination) / ARP(op=operation, hwsrc=hwsrc or source, psrc=sender, hwdst=hwdst,
                                                    pdst=target)


def test_neighbours_are_learned(lab):
    lab.assert_forwards()
    for side, address in (("lan", LAN), ("wan", WAN)):
        neighbor = lab.daemon.neighbor(address)
        assert neighbor["interface"] == side and neighbor["state"] == "reachable"
        assert neighbor["mac"] == getattr(lab, side).mac() and neighbor["held"] == 0
    assert f"lladdr {lab.mac('lan')}" in lab.lan.ip("neighbor", "show", LAN_ROUTER)


def test_the_first_ping_waits_for_its_neighbour(lab):
    assert lab.daemon.neighbor(WAN) is None
    assert ping(lab.lan, WAN).received == 1
    assert ("neighbor-control", "hold-full") not in lab.daemon.errors()


def test_held_packets_are_the_newest_sixteen(lab):
    """An absent neighbour's packets are held, the oldest given up, and delivered in order when it answers."""
    with lab.wire("lan") as lan, lab.wire("wan") as wan:
        frames = [Ether(src=lab.lan.mac(), dst=lab.mac("lan")) / IP(src=LAN, dst="10.0.2.50") / UDP(dport=9) /
                  Raw(bytes([number])) for number in range(40)]
        lan.send(*frames)
        lab.daemon.wait_error("neighbor-control", "hold-full", 24)
        waiting = lab.daemon.neighbor("10.0.2.50")
        assert waiting["state"] == "incomplete" and waiting["held"] == 16 and "mac" not in waiting
        wan.wait(ARP, lambda frame: frame[ARP].pdst == "10.0.2.50")
        wan.send(arp(STRANGER, "10.0.2.50", WAN_ROUTER, "is-at", destination=lab.mac("wan"), hwdst=lab.mac("wan")))
        delivered = wan.wait(UDP, lambda frame: frame[Ether].dst == STRANGER, count=16)
    assert [frame[UDP].payload.load[0] for frame in delivered] == list(range(24, 40))
    assert lab.daemon.neighbor("10.0.2.50")["held"] == 0


def test_a_gratuitous_arp_updates_but_makes_nothing(lab):
    lab.assert_forwards()
    with lab.wire("lan") as lan, lab.wire("wan") as wan:
        # Of a neighbour that nobody needs, nothing is kept; what is sent behind it is noticed after it.
        lan.send(arp(STRANGER, "10.0.1.66", "10.0.1.66"))
        lab.wan.ip("link", "set", "eth0", "address", STRANGER)
        wan.send(arp(STRANGER, WAN, WAN))
        wait_until(lambda: lab.daemon.neighbor(WAN)["mac"] == STRANGER, 10, "the new address of wan is known")
    assert lab.daemon.neighbor("10.0.1.66") is None
    lab.assert_forwards()


def test_a_fixed_neighbour_is_not_asked_for(lab):
    lab.assert_forwards()
    lab.daemon.ctl(f"add neighbor wan 10.0.2.9 {STRANGER}")
    entry = lab.daemon.neighbor("10.0.2.9")
    assert entry["state"] == "fixed" and entry["mac"] == STRANGER and entry["interface"] == "wan"
    with lab.wire("lan") as lan, lab.wire("wan") as wan:
        lan.send(Ether(src=lab.lan.mac(), dst=lab.mac("lan")) / IP(src=LAN, dst="10.0.2.9") / UDP(dport=9))
        frame, = wan.wait(UDP)
        assert frame[Ether].dst == STRANGER and frame[Ether].src == lab.mac("wan") and frame[IP].ttl == 63
        # Nor is it moved by what a frame says.
        wan.send(arp("02:00:00:00:00:77", "10.0.2.9", WAN_ROUTER))
        wan.wait(ARP, lambda answer: answer[ARP].op == 2)
        assert not wan.seen(ARP, lambda asked: asked[ARP].pdst == "10.0.2.9" and asked[ARP].op == 1)
    assert lab.daemon.neighbor("10.0.2.9")["mac"] == STRANGER
    lab.daemon.ctl("delete neighbor wan 10.0.2.9")
    assert lab.daemon.neighbor("10.0.2.9") is None
    assert "10.0.2.9" in lab.daemon.refused("delete neighbor wan 10.0.2.9")


def test_a_deleted_neighbour_is_asked_for_again(lab):
    lab.assert_forwards()
    with lab.wire("wan") as wan:
        lab.daemon.ctl(f"delete neighbor wan {WAN}")
        assert ping(lab.lan, WAN).received == 1
        wan.wait(ARP, lambda frame: frame[ARP].pdst == WAN and frame[Ether].dst == EVERYBODY)


@pytest.mark.parametrize("name, frame, node, reason", [
    ("another's frame", lambda lab: arp(lab.lan.mac(), "10.0.1.66", LAN_ROUTER, hwsrc=STRANGER), "arp-input",
     "spoofed-mac"),
    ("another network", lambda lab: arp(STRANGER, "10.0.3.66", LAN_ROUTER), "neighbor-control", "not-on-link"),
    ("the other side", lambda lab: arp(STRANGER, WAN, LAN_ROUTER), "neighbor-control", "not-on-link"),
    ("the router's address", lambda lab: arp(STRANGER, LAN_ROUTER, LAN), "neighbor-control", "address-conflict"),
    ("the router's other address", lambda lab: arp(STRANGER, WAN_ROUTER, LAN_ROUTER), "neighbor-control",
     "address-conflict"),
    ("the router itself", lambda lab: arp(lab.mac("lan"), LAN_ROUTER, LAN_ROUTER), "neighbor-control", "own-packet"),
])
def test_whom_the_router_does_not_believe(shared_lab, name, frame, node, reason):
    lab = shared_lab
    lab.assert_forwards()
    before, known = lab.daemon.error(node, reason), lab.daemon.ctl_json("show neighbor")
    with lab.wire() as wire:
        wire.send(*[frame(lab)] * 3)
        lab.daemon.wait_error(node, reason, before + 3)
        assert not wire.seen(ARP, lambda answer: answer[ARP].op == 2)
    now = lab.daemon.ctl_json("show neighbor")
    assert [(n["address"], n["mac"]) for n in now] == [(n["address"], n["mac"]) for n in known]


def test_the_router_defends_its_address(lab):
    with lab.wire() as wire:
        wire.send(arp(STRANGER, LAN_ROUTER, LAN))
        frame, = wire.wait(ARP, lambda said: said[ARP].psrc == LAN_ROUTER and said[ARP].pdst == LAN_ROUTER)
    assert frame[Ether].dst == EVERYBODY and frame[ARP].hwsrc == lab.mac("lan")


def test_a_probe_for_its_address_is_answered(lab):
    with lab.wire() as wire:
        wire.send(arp(STRANGER, "0.0.0.0", LAN_ROUTER))
        answer, = wire.wait(ARP, lambda said: said[ARP].op == 2)
    assert answer[ARP].psrc == LAN_ROUTER and answer[ARP].hwsrc == lab.mac("lan") and answer[Ether].dst == STRANGER
    assert lab.daemon.neighbor("0.0.0.0") is None
    # What a host runs before it takes an address: 1 says that somebody has it.
    assert lab.lan.run("arping", "-D", "-c", 2, "-w", 5, "-I", "eth0", LAN_ROUTER, check=False).returncode == 1
    assert lab.lan.run("arping", "-D", "-c", 2, "-w", 3, "-I", "eth0", "10.0.1.77", check=False).returncode == 0


def test_a_new_address_is_announced(lab):
    with lab.wire() as wire:
        lab.daemon.ctl("add address lan 10.0.7.1/24")
        said, = wire.wait(ARP, lambda frame: frame[ARP].psrc == "10.0.7.1")
    assert said[ARP].pdst == "10.0.7.1" and said[Ether].dst == EVERYBODY


@pytest.mark.slow
def test_neighbours_age_and_are_asked_again(lab):
    """After 30 s a neighbour is asked alone; who answers stays, who does not is forgotten."""
    lab.assert_forwards()
    lab.lan.ip("neighbor", "replace", LAN_ROUTER, "lladdr", lab.mac("lan"), "dev", "eth0", "nud", "permanent")
    lab.wan.ip("link", "set", "eth0", "arp", "off")
    with lab.wire("lan") as lan:
        wait_until(lambda: (lab.daemon.neighbor(WAN) or {}).get("state") == "probing", 50, "wan is asked again", 0.2)
        asked = lan.wait(ARP, lambda frame: frame[ARP].op == 1 and frame[ARP].pdst == LAN, seconds=50)
        assert asked[0][Ether].dst == lab.lan.mac()
    wait_until(lambda: lab.daemon.neighbor(WAN) is None, 15, "wan is forgotten", 0.2)
    wait_until(lambda: lab.daemon.neighbor(LAN)["state"] == "reachable", 10, "lan has answered")
    assert lab.daemon.neighbor(LAN)["age"] >= 25
