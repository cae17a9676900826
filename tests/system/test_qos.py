# SPDX-License-Identifier: Apache-2.0
"""Classes, marks and rates as real hosts see them."""

import contextlib
import time

import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from lib.capture import Wire
from lib.clients import iperf, ping
from lib.daemon import Daemon
from lib.lab import LAN, LAN_ROUTER, WAN, WAN_ROUTER, Lab, set_up_host
from lib.lab6 import LAN6, WAN6, Lab6
from lib.netns import Namespace, join
from lib.switch import Switch
from lib.wait import wait_until

EXPEDITED = 46
VLANS = {"lan": 10, "wan": 20}


@pytest.fixture
def quiet(tmp_path):
    """IPv4 alone, so that policers meet nothing but what a test sends."""
    with Lab(tmp_path) as lab:
        lab.assert_forwards()
        yield lab


@pytest.fixture
def lab(tmp_path):
    with Lab6(tmp_path) as lab:
        lab.assert_forwards()
        assert ping(lab.lan, WAN6, count=2).received == 2
        yield lab


def policer(lab, name):
    row = next(row for row in lab.daemon.ctl_json("show qos policer") if row["name"] == name)
    return {word: int(row[word]) for word in row if word.endswith(("_packets", "_bytes"))}


def measured(lab, name):
    counted = policer(lab, name)
    return sum(counted[f"{colour}_packets"] for colour in ("conform", "exceed", "violate"))


def udp_to_wan(lab, port=5000, size=1000, source=LAN, dscp=0, count=1):
    """Frames of `size` bytes of IP."""
    frame = (Ether(src=lab.lan.mac("eth0"), dst=lab.mac("lan")) / IP(src=source, dst=WAN, tos=dscp << 2) /
             UDP(sport=4000, dport=port) / Raw(bytes(size - 28)))
    return [bytes(frame)] * count


def dscps_of_pings(lab, address, *arguments, count=3):
    """Of the requests that wan sees, with their ECN bits."""
    with lab.wire("wan") as wire:
        done = ping(lab.lan, address, *arguments, count=count)
        assert done.received == count, done.text + str(lab.daemon.errors())
        fields = ("ipv6.tclass",) if ":" in address else ("ip.dsfield", "ip.checksum.status")
        kind = "icmpv6.type == 128" if ":" in address else "icmp.type == 8"
        rows = wire.tshark(kind, *fields)
    assert len(rows) == count
    # 1: the checksum is right.
    assert all(row.get("ip.checksum.status", "1") == "1" for row in rows), rows
    octets = {int(row[fields[0]], 0) for row in rows}
    assert len(octets) == 1, rows
    octet = octets.pop()
    return octet >> 2, octet & 3


@pytest.mark.parametrize("address", [WAN, WAN6])
def test_dscp_is_mapped_from_one_side_to_the_other(lab, address):
    def dscp(sent, ecn=0):
        return dscps_of_pings(lab, address, "-Q", hex(sent << 2 | ecn))
    assert dscp(10) == (10, 0)
    # Whoever is not trusted gets what all get.
    lab.daemon.ctl("set interface lan qos trust none class 8", "set interface wan qos mark dscp")
    assert dscp(EXPEDITED) == (8, 0)
    lab.daemon.ctl("set interface lan qos trust dscp")
    assert dscp(EXPEDITED) == (EXPEDITED, 0)
    lab.daemon.ctl(f"add qos map edge dscp-to-class {EXPEDITED}=5 8-15=1", "add qos map core class-to-dscp 5=40 1=20",
                   "set interface lan qos trust dscp map edge", "set interface wan qos mark dscp dscp-map core")
    assert dscp(EXPEDITED) == (40, 0)
    assert dscp(10) == (20, 0)
    assert dscp(0) == (0, 0)
    # Congestion notification is the hosts' own.
    assert dscp(10, ecn=2) == (20, 2)
    # At once, without the interface being touched.
    lab.daemon.ctl("add qos map core class-to-dscp 5=41 1=20")
    assert dscp(EXPEDITED) == (41, 0)


def test_rules_give_classes(lab):
    lab.daemon.ctl("set interface wan qos mark dscp",
                   "add qos rule lan input 10 protocol udp destination-ports 5000-5010 class 34",
                   f"add qos rule lan input 20 from {LAN}/32 class 8 mark 7",
                   "add qos rule wan output 10 came-in-by lan marked 7 protocol icmp class 9")
    with lab.wire("lan") as lan, lab.wire("wan") as wan:
        lan.send(*udp_to_wan(lab, 5005), *udp_to_wan(lab, 6000))
        seen = {packet[UDP].dport: packet[IP].tos >> 2 for packet in wan.wait(UDP, lambda p: p[IP].src == LAN, count=2)}
    assert seen == {5005: 34, 6000: 8}
    assert dscps_of_pings(lab, WAN, "-Q", "0x28") == (9, 0)
    rules = {(rule["interface"], rule["number"]): rule for rule in lab.daemon.ctl_json("show qos rule")}
    assert int(rules["lan", 10]["packets"]) == 1 and int(rules["lan", 10]["bytes"]) == 1000
    assert int(rules["wan", 10]["packets"]) == 3
    told = lab.daemon.ctl(f"explain lan from {LAN} to {WAN} protocol udp destination-port 5001")
    assert "ip4-qos-input" in told and "class 34" in told and "would be transmitted by wan" in told, told
    assert int(next(rule for rule in lab.daemon.ctl_json("show qos rule") if rule["interface"] == "lan")["packets"]) == 1


def test_a_policer_lets_its_rate_pass_and_no_more(quiet):
    rate, burst, size = 125_000, 20_000, 1000
    quiet.daemon.ctl(f"add qos policer p single-rate kilobits {rate // 125} burst {burst}",
                     "set interface lan qos policer input p")
    frames = udp_to_wan(quiet, size=size, count=2000)
    with quiet.wire("lan") as lan, quiet.wire("wan") as wan:
        begin = time.monotonic()
        lan.send_steadily(frames, rate=1000)
        # What the ring of the port did not hold, the router never saw.
        wait_until(lambda: measured(quiet, "p") >= len(frames) // 2, 20, lambda: f"measured: {policer(quiet, 'p')}")
        # Behind all others, in another protocol: what was measured before stands.
        quiet.daemon.ctl("reset interface lan qos policer input")
        assert ping(quiet.lan, WAN).received == 1
        most = burst + rate * (time.monotonic() - begin)
        counted = policer(quiet, "p")
        assert burst - size <= counted["conform_bytes"] <= most + size, (counted, most)
        assert counted["exceed_packets"] == 0
        assert counted["violate_packets"] == quiet.daemon.error("ip4-qos-input", "policer-violate")
        # And what conformed, and only that, came through.
        through = wan.wait(UDP, lambda p: p[IP].src == LAN, count=counted["conform_packets"])
        assert len(through) == counted["conform_packets"]


def test_colours_are_marked_and_dropped(quiet):
    quiet.daemon.ctl("add qos policer p two-rate packets 1 burst 3 second-rate 2 second-burst 6 conform-dscp 10 exceed-dscp 12",
                     "set interface wan qos policer output p")
    with quiet.wire("lan") as lan, quiet.wire("wan") as wan:
        lan.send(*udp_to_wan(quiet, count=200))
        wait_until(lambda: measured(quiet, "p") == 200, 20, lambda: f"measured: {policer(quiet, 'p')}")
        counted = policer(quiet, "p")
        # A token more for each second that it took.
        assert counted["conform_packets"] >= 3 and counted["exceed_packets"] >= 3
        assert counted["violate_packets"] == quiet.daemon.error("ip4-qos-output", "policer-violate") > 100
        passed = counted["conform_packets"] + counted["exceed_packets"]
        seen = wan.wait(UDP, lambda p: p[IP].src == LAN, count=passed)
        assert [packet[IP].tos >> 2 for packet in seen].count(10) == counted["conform_packets"]
        assert [packet[IP].tos >> 2 for packet in seen].count(12) == counted["exceed_packets"]
    assert "a policer drops what violates its rate" in quiet.daemon.ctl("show errors")
    assert "policer-violate" in quiet.daemon.ctl("show drops last 1")


def test_each_source_has_its_rate(quiet):
    quiet.daemon.ctl("add qos policer p single-rate packets 1 burst 5 per source", "set interface lan qos policer input p")
    sources = [f"10.0.1.{host}" for host in range(10, 20)]
    with quiet.wire("lan") as lan, quiet.wire("wan") as wan:
        for _ in range(20):
            lan.send(*(frame for source in sources for frame in udp_to_wan(quiet, source=source)))
        wait_until(lambda: measured(quiet, "p") == 200, 20, lambda: f"measured: {policer(quiet, 'p')}")
        conform = policer(quiet, "p")["conform_packets"]
        assert conform >= 50
        seen = wan.wait(UDP, lambda p: p[IP].src in sources, count=conform)
        assert {source for source in sources if sum(packet[IP].src == source for packet in seen) >= 5} == set(sources)


def test_a_rule_has_its_own_policer(lab):
    lab.daemon.ctl("add qos policer few single-rate packets 1 burst 2",
                   f"add qos rule lan input 10 protocol icmp from {LAN}/32 policer few")
    done = ping(lab.lan, WAN, count=20, wait=1)
    assert 2 <= done.received < 20, done.text
    assert done.received == policer(lab, "few")["conform_packets"]
    # All else is nobody's; an end of a connection may tell the other by ICMP that nobody listens any more.
    before = measured(lab, "few")
    assert iperf(lab.lan, lab.wan, WAN, "-u", "-b", "2M", seconds=1)["sum"]["packets"] > 50
    assert measured(lab, "few") - before < 10
    lab.daemon.ctl("add qos rule lan input 10 protocol icmp from 10.9.0.0/16 policer few")
    assert ping(lab.lan, WAN, count=5).received == 5
    assert ping(lab.lan, WAN6, count=5).received == 5


def test_the_configuration_brings_it_back(lab, tmp_path):
    ctl = lab.daemon.ctl
    ctl("add qos map edge dscp-to-class 46=5:yellow", "add qos policer p differentiated kilobits 1000 burst 2000 second-rate 500 "
        "second-burst 1500 per flow flows 2048 violate-dscp 0", "set interface lan qos trust dscp map edge",
        "set interface wan qos mark both", "set interface wan qos policer output p",
        f"add qos rule lan input 10 from {LAN6}/128 protocol tcp source-ports 80 class 5 policer p")
    saved = ctl("show running-config")
    file = tmp_path / "all"
    file.write_text(saved)
    ctl("configure", "reset interface lan qos trust", "reset interface wan qos mark", "reset interface wan qos policer output",
        "delete qos rule lan input 10", "delete qos policer p", "delete qos map edge", "commit")
    assert "qos" not in ctl("show running-config")
    ctl(f"candidate load {file}", "commit")
    assert ctl("show running-config") == saved


@pytest.fixture
def stick(tmp_path):
    """lan (VLAN 10) and wan (VLAN 20) at a switch, which a single cable joins to the router."""
    with contextlib.ExitStack() as stack:
        lan, wan, switch, box = (stack.enter_context(Namespace(name)) for name in ("lan", "wan", "switch", "box"))
        join(lan, "eth0", switch, "lan")
        join(wan, "eth0", switch, "wan")
        join(switch, "trunk", box, "trunk0")
        switched = stack.enter_context(Switch(switch, "trunk", VLANS))
        daemon = stack.enter_context(Daemon(box, tmp_path))
        daemon.ctl('add port trunk device "net_af_packet0,iface=trunk0"', "set interface trunk state up",
                   *(f"add vlan {side} parent trunk id {vlan}" for side, vlan in VLANS.items()),
                   f"add address lan {LAN_ROUTER}/24", f"add address wan {WAN_ROUTER}/24",
                   "set interface lan state up", "set interface wan state up")
        set_up_host(lan, LAN, LAN_ROUTER)
        set_up_host(wan, WAN, WAN_ROUTER)
        wait_until(lambda: all(i["link"] == "up" for i in daemon.ctl_json("show interface")), 10,
                   lambda: daemon.ctl("show interface"), 0.1)
        assert ping(lan, WAN, count=1).received == 1
        yield lan, wan, switched, daemon


def test_priority_of_vlans_follows_the_class(stick):
    lan, _, switch, daemon = stick
    daemon.ctl("set interface lan qos trust dscp", "set interface wan qos mark priority")
    switch.seen.clear()
    assert ping(lan, WAN, "-Q", hex(EXPEDITED << 2), count=3).received == 3
    assert set(switch.seen) == {(20, 5), (10, 0)}
    daemon.ctl(f"add qos map voice class-to-priority {EXPEDITED}=6", "set interface wan qos mark priority priority-map voice")
    switch.seen.clear()
    assert ping(lan, WAN, "-Q", hex(EXPEDITED << 2), count=3).received == 3
    assert set(switch.seen) == {(20, 6), (10, 0)}


def test_dscp_follows_the_priority_of_vlans(stick):
    lan, wan, switch, daemon = stick
    daemon.ctl("add qos map tags priority-to-class 3=26", "set interface lan qos trust priority map tags",
               "set interface wan qos mark dscp")
    for priority, dscp in ((3, 26), (5, 40), (0, 0)):
        switch.priority = priority
        with Wire(wan) as wire:
            assert ping(lan, WAN, count=2).received == 2
            assert {packet[IP].tos >> 2 for packet in wire.seen(ICMP, lambda p: p[ICMP].type == 8)} == {dscp}
