# SPDX-License-Identifier: Apache-2.0
"""explain: what would happen to a packet, and that asking changes nothing."""

import re

import pytest
from scapy.compat import raw
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.l2 import ARP, Ether

from lib.clients import ping
from lib.lab import LAN, LAN_ROUTER, WAN
from lib.wait import wait_until

STEP = re.compile(r"^ +\d+ +(\S+)", re.M)
FORWARD = ["ethernet-input", "ip4-input", "ip4-lookup", "ip4-rewrite", "interface-output", "port-tx"]


def explain(lab, what):
    return lab.daemon.ctl(f"explain lan {what}")


def as_data(lab, what):
    return lab.daemon.ctl_json(f"explain lan {what}")


def nodes(packet):
    return [one["step"]["node"] for one in packet["steps"]]


def traced_packet(lab):
    """The packet that is traced, once it is there."""
    wait_until(lambda: lab.daemon.ctl_json("show trace").get("packets"), 10, lambda: "a packet is traced")
    packet, = lab.daemon.ctl_json("show trace")["packets"]
    return packet


def test_a_packet_that_would_be_forwarded(shared_lab):
    shared_lab.assert_forwards()
    text = explain(shared_lab, f"from {LAN} to {WAN} protocol tcp destination-port 80")
    assert STEP.findall(text) == FORWARD
    assert "arc ip4-unicast of lan: no feature is on" in text
    assert f"route {WAN}/32, source neighbor" in text
    assert "ttl 64 -> 63" in text
    assert f"would be transmitted by wan: ethernet {shared_lab.mac('wan')} -> {shared_lab.wan.mac()}" in text
    packet, = as_data(shared_lab, f"from {LAN} to {WAN}")["packets"]
    assert nodes(packet) == FORWARD
    assert packet["end"] == "transmitted" and packet["interface"] == "wan"


def test_the_errors_that_the_router_would_send(shared_lab):
    shared_lab.assert_forwards()
    packet, = as_data(shared_lab, f"from {LAN} to {WAN} ttl 1")["packets"]
    assert "icmp4-error" in nodes(packet) and packet["interface"] == "lan"
    text = explain(shared_lab, f"from {LAN} to 203.0.113.1")
    assert "dropped by ip4-unreachable: no-route" in text
    assert "error unreachable network" in text and "would be transmitted by lan" in text
    text = explain(shared_lab, f"from {LAN} to {WAN} length 1600 dont-fragment on")
    assert "mtu 1500" in text and "error unreachable fragmentation-needed" in text
    text = explain(shared_lab, f"from {LAN} to {WAN} length 1600")
    assert "ip4-fragment" in text and "the first fragment 1500 of 1500" in text and "would be dropped" not in text


def test_a_packet_for_the_router_and_an_unknown_neighbour(shared_lab):
    shared_lab.assert_forwards()
    assert "icmp4-input" in explain(shared_lab, f"from {LAN} to {LAN_ROUTER} protocol icmp")
    text = explain(shared_lab, f"from {LAN} to 10.0.2.77")
    assert "would be taken by ip4-resolve: handed to control, which asks for the neighbour's MAC address" in text


@pytest.mark.parametrize("frame, end", [
    (lambda mac: Ether(dst=mac) / IP(src=LAN, dst=WAN) / UDP(), "would be transmitted by wan"),
    (lambda mac: Ether(dst=mac) / IP(src="127.0.0.1", dst=WAN) / UDP(), "ip4-input: bad-source"),
    (lambda mac: Ether(dst=mac) / IP(src=LAN, dst=WAN, chksum=1) / UDP(), "ip4-input: bad-checksum"),
    (lambda mac: Ether(dst="02:00:00:00:00:99") / IP() / UDP(), "ethernet-input: not-for-us"),
    (lambda mac: Ether(dst=mac, src="02:00:00:00:00:77")
     / ARP(op=1, hwsrc="02:00:00:00:00:77", psrc="10.0.1.7", pdst=LAN_ROUTER), "would be taken by arp-input"),
], ids=["forwarded", "bad-source", "bad-checksum", "not-for-us", "arp"])
def test_bytes_that_were_captured(shared_lab, frame, end):
    shared_lab.assert_forwards()
    assert end in explain(shared_lab, f"hex {raw(frame(shared_lab.mac('lan'))).hex()}")


def test_asking_changes_nothing_and_nothing_is_sent(lab):
    lab.assert_forwards()
    mac = lab.mac("lan")
    arp = raw(Ether(dst=mac, src="02:00:00:00:00:77")
              / ARP(op=1, hwsrc="02:00:00:00:00:77", psrc="10.0.1.7", pdst=LAN_ROUTER)).hex()
    with lab.wire("wan") as wan, lab.wire("lan") as lan:
        lab.daemon.ctl(*[f"explain lan from {LAN} to 10.0.2.{host} ttl {ttl}"
                         for host in (77, 78, 2) for ttl in (1, 64)], f"explain lan hex {arp}")
        assert ping(lab.lan, WAN).received == 1
        asked = wan.seen(ARP, lambda frame: frame[ARP].pdst in ("10.0.2.77", "10.0.2.78"))
        errors = lan.seen(ICMP, lambda frame: frame[ICMP].type in (3, 11))
        assert not asked and not errors
    known = {neighbor["address"] for neighbor in lab.daemon.ctl_json("show neighbor")}
    assert known == {LAN, WAN}
    assert lab.daemon.error("ip4-rewrite", "ttl-expired") == 0
    runtime = {node["node"] for node in lab.daemon.ctl_json("show runtime")}
    assert "icmp4-error" not in runtime


def test_explain_says_what_the_trace_says(lab):
    lab.assert_forwards()
    with lab.wire() as wire:
        for frame in (Ether(src=lab.lan.mac(), dst=lab.mac("lan")) / IP(src=LAN, dst=WAN) / UDP(dport=9),
                      Ether(src=lab.lan.mac(), dst=lab.mac("lan")) / IP(src=LAN, dst=WAN, ttl=1) / UDP(dport=9),
                      Ether(src=lab.lan.mac(), dst=lab.mac("lan")) / IP(src=LAN, dst="203.0.113.9") / UDP(dport=9),
                      Ether(src=lab.lan.mac(), dst=lab.mac("lan")) / IP(src="127.0.0.1", dst=WAN) / UDP(dport=9)):
            explained, = as_data(lab, f"hex {raw(frame).hex()}")["packets"]
            lab.daemon.ctl("clear trace", "trace add any 1 interface lan protocol udp destination-port 9")
            wire.send(frame)
            traced = traced_packet(lab)
            assert [step["node"] for step in traced["steps"]] == nodes(explained)
            assert [step.get("drop") for step in traced["steps"]] == \
                [one["step"].get("drop") for one in explained["steps"]]
