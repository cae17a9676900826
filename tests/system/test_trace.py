# SPDX-License-Identifier: Apache-2.0
"""Packet trace: where a packet went, and why it ended."""

import re

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop
from scapy.layers.l2 import Ether

from lib.clients import ping
from lib.lab import LAN, WAN
from lib.lab6 import LAN6, WAN6, Lab6
from lib.wait import wait_until

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
    lab.daemon.ctl("clear trace", "trace add ethernet-input 1 protocol udp")
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


def sources(text):
    """Where the traced packets came from and went to, by their first step."""
    return re.findall(r"^packet.*\n.*\n.* ip4 (\S+) -> (\S+) ttl", text, re.M)


def test_only_packets_of_a_flow_are_traced(lab):
    lab.assert_forwards()
    with lab.wire() as wire:
        def send(source_port, destination_port, layer=UDP):
            wire.send(Ether(src=lab.lan.mac(), dst=lab.mac("lan")) / IP(src=LAN, dst=WAN)
                      / layer(sport=source_port, dport=destination_port))
        lab.daemon.ctl(f"trace add any 10 interface lan from {LAN}/32 to 10.0.2.0/24 protocol udp source-port 1000 "
                       "destination-port 53")
        for ports in ((1000, 54), (1001, 53), (1000, 53)):
            send(*ports)
        send(1000, 53, TCP)
        wait_until(lambda: sources(lab.daemon.ctl("show trace")), 10, lambda: "a packet is traced")
        assert ping(lab.lan, WAN).received == 1
    text = lab.daemon.ctl("show trace")
    assert sources(text) == [(LAN, WAN)]
    assert "udp 1000 -> 53" in text and "tcp" not in text and "icmp" not in text


def test_only_packets_of_an_ip6_flow_are_traced(tmp_path):
    """Ports are found behind extension headers."""
    with Lab6(tmp_path) as lab:
        assert ping(lab.lan, WAN6).received == 1
        ethernet = Ether(src=lab.lan.mac(), dst=lab.mac("lan"))
        with lab.wire() as wire:
            def send(*above, source=LAN6):
                packet = ethernet / IPv6(src=source, dst=WAN6)
                for layer in above:
                    packet /= layer
                wire.send(packet)
            lab.daemon.ctl(f"trace add any 10 interface lan from {LAN6}/128 to 2001:db8:2::/64 protocol udp source-port 1000 "
                           "destination-port 53")
            for ports in ((1000, 54), (1001, 53)):
                send(UDP(sport=ports[0], dport=ports[1]))
            send(TCP(sport=1000, dport=53))
            send(UDP(sport=1000, dport=53), source="2001:db8:1::99")
            wire.send(ethernet / IP(src=LAN, dst=WAN) / UDP(sport=1000, dport=53))
            send(UDP(sport=1000, dport=53))
            send(IPv6ExtHdrHopByHop(), IPv6ExtHdrDestOpt(), UDP(sport=1000, dport=53))
            wait_until(lambda: len(packets(lab.daemon.ctl("show trace"))) >= 2, 10, lambda: "two packets are traced")
        text = lab.daemon.ctl("show trace")
        assert re.findall(r"^packet.*\n.*\n.* ip6 (\S+) -> (\S+) ", text, re.M) == [(LAN6, WAN6)] * 2, text
        lab.daemon.ctl("clear trace", "trace add any 10 from ::/0 protocol icmp6")
        assert ping(lab.lan, WAN6, count=2).received == 2
        assert ping(lab.lan, WAN, count=2).received == 2
        found = set(re.findall(r" ip6 (\S+) -> (\S+) ", lab.daemon.ctl("show trace")))
        assert found >= {(LAN6, WAN6), (WAN6, LAN6)} and " ip4 " not in lab.daemon.ctl("show trace")


def test_only_packets_of_an_interface_are_traced(lab):
    lab.assert_forwards()
    lab.daemon.ctl("trace add any 10 interface wan protocol icmp")
    assert ping(lab.lan, WAN, count=3).received == 3
    assert sources(lab.daemon.ctl("show trace")) == [(WAN, LAN)] * 3


def test_the_rare_drop_is_found_among_traffic(lab):
    lab.assert_forwards()
    lab.daemon.ctl("trace add any 5 drop ip4-input:bad-source")
    assert ping(lab.lan, WAN, "-i", 0.002, count=500).received == 500
    with lab.wire() as wire:
        wire.send(Ether(src=lab.lan.mac(), dst=lab.mac("lan")) / IP(src="127.0.0.1", dst=WAN) / UDP())
        lab.daemon.wait_error("ip4-input", "bad-source", 1)
    text = lab.daemon.ctl("show trace")
    steps, = packets(text)
    assert [step[0] for step in steps] == ["ethernet-input", "ip4-input", "drop"]
    assert lab.daemon.ctl_json("show trace")["lost"] == 0


def test_what_was_lost_is_told_until_the_next_trace(lab):
    lab.assert_forwards()
    lab.daemon.ctl("trace add any 1000")
    assert ping(lab.lan, WAN, "-i", 0.002, count=1000).received == 1000
    assert "steps found no room" in lab.daemon.ctl("show trace")
    lab.daemon.ctl("clear trace")
    assert lab.daemon.ctl_json("show trace")["lost"] == 0
    assert "no room" not in lab.daemon.ctl("show trace")


def test_a_drop_that_becomes_an_error_is_found(lab):
    lab.assert_forwards()
    lab.daemon.ctl("trace add any 5 drop ttl-expired")
    assert ping(lab.lan, WAN, count=2).received == 2
    assert ping(lab.lan, WAN, "-t", 1).received == 0
    text = lab.daemon.ctl("show trace")
    steps, = packets(text)
    assert [step[0] for step in steps][:5] == [
        "ethernet-input", "ip4-input", "ip4-lookup", "ip4-rewrite", "icmp4-error"]
    assert "dropped by ip4-rewrite: ttl-expired" in text
    assert f"error time-exceeded code 0, to {LAN}" in text


def test_nodes_say_what_they_decided_as_text_and_as_data(lab):
    lab.assert_forwards()
    lab.daemon.ctl("trace add any 1 interface lan protocol icmp")
    assert ping(lab.lan, WAN).received == 1
    text = lab.daemon.ctl("show trace")
    assert f"route {WAN}/32, source neighbor, adjacency forward, next-hop {WAN}, interface wan, mtu 1500" in text
    packet, = lab.daemon.ctl_json("show trace")["packets"]
    decided = {step["node"]: {field["name"]: field["value"] for field in step.get("decided", [])}
               for step in packet["steps"]}
    assert decided["ip4-lookup"]["next-hop"] == WAN
    assert decided["ip4-rewrite"]["ttl"] == "64 -> 63"
    assert decided["ip4-rewrite"]["link-layer"] == f"{lab.mac('wan')} -> {lab.wan.mac()}"
    assert decided["port-tx"]["interface"] == "wan"


def test_bad_filters_are_refused_with_a_sentence(lab):
    for line, about in (("interface nosuch", "nosuch"), ("protocol icmp source-port 5", "no ports"),
                        ("protocol 256", "256"), ("source-port 65536", "65535"), ("drop nosuch", "nosuch"),
                        ("from 10.0.0.0/33", "33")):
        assert about in lab.daemon.refused(f"trace add any 5 {line}")
    assert ping(lab.lan, WAN).received <= 1
    assert packets(lab.daemon.ctl("show trace")) == [], "nothing was armed"


def test_counters_of_nodes_agree(lab):
    lab.assert_forwards()
    lab.daemon.ctl("clear counters")
    assert ping(lab.lan, WAN, "-i", 0.01, count=50).received == 50
    runtime = {node["node"]: node for node in lab.daemon.ctl_json("show runtime")}
    for node in ("ip4-input", "ip4-lookup", "ip4-rewrite"):
        assert runtime[node]["packets"] == 100
        assert runtime[node]["calls"] <= 100 and runtime[node]["clocks_per_packet"] > 0
    assert runtime["port-tx"]["packets"] >= 100
