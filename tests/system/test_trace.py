# SPDX-License-Identifier: Apache-2.0
"""Packet trace: where a packet went, and why it ended."""

import re

from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from lib.clients import ping
from lib.lab import LAN, WAN

FORWARD = ["ethernet-input", "ip4-input", "ip4-lookup", "ip4-rewrite", "interface-output", "port-tx"]
STEP = re.compile(r"^ +\d+\.\d+ us +(\S+) +(\S+) -> (\S+) +(\d+) B$", re.M)


def packets(text):
    """The steps of each packet: node, interface in, interface out, length."""
    return [STEP.findall(part) for part in re.split(r"^packet \d+ on worker \d+$", text, flags=re.M)[1:]]


def test_a_forwarded_packet(lab):
    lab.assert_forwards()
    lab.daemon.ctl("trace add ethernet-input 5")
    assert ping(lab.lan, WAN, "-s", 100, count=3).received == 3
    traced = packets(lab.daemon.ctl("show trace"))
    assert 1 <= len(traced) <= 5
    there = next(steps for steps in traced if steps[0][1] == "lan" and steps[1][0] == "ip4-input")
    assert [step[0] for step in there] == FORWARD
    assert all(step[3] == "142" for step in there)
    assert [step[2] for step in there if step[0] in ("interface-output", "port-tx")] == ["wan", "wan"]
    back = next(steps for steps in traced if steps[0][1] == "wan" and steps[1][0] == "ip4-input")
    assert [step[0] for step in back] == FORWARD and back[-1][2] == "lan"


def test_the_packet_is_told_in_words(lab):
    lab.assert_forwards()
    lab.daemon.ctl("trace add ip4-input 10")
    assert ping(lab.lan, WAN).received == 1
    text = lab.daemon.ctl("show trace")
    assert LAN in text and WAN in text and lab.lan.mac() in text


def test_a_dropped_packet_tells_why(lab):
    lab.assert_forwards()
    lab.daemon.ctl("clear trace", "trace add ethernet-input 1")
    with lab.wire() as wire:
        wire.send(Ether(src=lab.lan.mac(), dst=lab.mac("lan")) / IP(src="127.0.0.1", dst=WAN) / UDP())
        lab.daemon.wait_error("ip4-input", "bad-source", 1)
    text = lab.daemon.ctl("show trace")
    steps, = packets(text)
    assert [step[0] for step in steps] == ["ethernet-input", "ip4-input", "drop"]
    assert "dropped by ip4-input: bad-source" in text


def test_only_so_many_are_traced_and_only_the_last_are_shown(lab):
    lab.assert_forwards()
    lab.daemon.ctl("trace add ip4-rewrite 7")
    assert ping(lab.lan, WAN, "-i", 0.01, count=20).received == 20
    assert len(packets(lab.daemon.ctl("show trace"))) == 7
    assert len(packets(lab.daemon.ctl("show trace 2"))) == 2
    assert packets(lab.daemon.ctl_json("show trace")["text"]) == packets(lab.daemon.ctl("show trace"))
    lab.daemon.ctl("clear trace")
    assert packets(lab.daemon.ctl("show trace")) == []
    assert ping(lab.lan, WAN).received == 1
    assert packets(lab.daemon.ctl("show trace")) == []


def test_an_input_is_traced_at_the_node_behind_it(lab):
    lab.assert_forwards()
    lab.daemon.ctl("trace add port-rx 1")
    assert ping(lab.lan, WAN).received == 1
    assert packets(lab.daemon.ctl("show trace"))[0][0][0] == "ethernet-input"


def test_counters_of_nodes_agree(lab):
    lab.assert_forwards()
    lab.daemon.ctl("clear counters")
    assert ping(lab.lan, WAN, "-i", 0.01, count=50).received == 50
    runtime = {node["node"]: node for node in lab.daemon.ctl_json("show runtime")}
    for node in ("ip4-input", "ip4-lookup", "ip4-rewrite"):
        assert runtime[node]["packets"] == 100
        assert runtime[node]["calls"] <= 100 and runtime[node]["clocks_per_packet"] > 0
    assert runtime["port-tx"]["packets"] >= 100
