# SPDX-License-Identifier: Apache-2.0
"""Routes over groups of next hops: traffic spreads over real routers, and goes round those that fail."""

import collections
import contextlib

import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether

from lib.capture import Wire
from lib.daemon import Daemon
from lib.lab6 import enable_ip6
from lib.netns import Namespace, join
from lib.wait import wait_until

WAYS = 3
ALL = [f"way{n}" for n in range(WAYS)]
FLOWS = 240
# Behind all of the ways; nobody answers there.
FAR, FAR6 = "198.51.100.7", "2001:db8:99::7"
GROUPS = {4: "out", 6: "out6"}


class Ways:
    """lan 10.0.1.2 -- router -- three next hops, each on a link of its own: 10.1.N.2 and 2001:db8:1:N::2."""

    def __init__(self, directory):
        with contextlib.ExitStack() as stack:
            self.lan = stack.enter_context(Namespace("lan"))
            self.box = stack.enter_context(Namespace("box"))
            self.hops = [stack.enter_context(Namespace(f"hop{n}")) for n in range(WAYS)]
            join(self.lan, "eth0", self.box, "lan0")
            for number, hop in enumerate(self.hops):
                join(hop, "eth0", self.box, f"way{number}x")
                enable_ip6(hop)
                hop.offloads_off("eth0", check=False)
                hop.ip("address", "add", f"10.1.{number}.2/24", "dev", "eth0")
                hop.ip("-6", "address", "add", f"2001:db8:1:{number}::2/64", "dev", "eth0", "nodad")
                hop.ip("link", "set", "eth0", "up")
            enable_ip6(self.lan)
            self.lan.offloads_off("eth0", check=False)
            self.lan.ip("address", "add", "10.0.1.2/24", "dev", "eth0")
            self.lan.ip("-6", "address", "add", "2001:db8:0:1::2/64", "dev", "eth0", "nodad")
            self.lan.ip("link", "set", "eth0", "up")
            self.daemon = Daemon(self.box, directory)
            stack.callback(self.daemon.stop)
            self.configure()
            self.ethernet = Ether(src=self.lan.mac(), dst=self.daemon.interface("lan")["mac"])
            self._stack = stack.pop_all()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stack.close()

    def configure(self):
        ctl = self.daemon.ctl
        ctl('add port lan device "net_af_packet0,iface=lan0"', "add address lan 10.0.1.1/24",
            "add address lan 2001:db8:0:1::1/64", "set interface lan state up",
            "add next-hop-group out ip4", "add next-hop-group out6 ip6")
        for n in range(WAYS):
            ctl(f'add port way{n} device "net_af_packet{n + 1},iface=way{n}x"', f"add address way{n} 10.1.{n}.1/24",
                f"add address way{n} 2001:db8:1:{n}::1/64", f"set interface way{n} state up",
                f"add next-hop-group-member out 10.1.{n}.2", f"add next-hop-group-member out6 2001:db8:1:{n}::2")
        ctl("add route 198.51.100.0/24 via group out", "add route 2001:db8:99::/48 via group out6")

    def members(self, family=4):
        return self.daemon.ctl_json(f"show next-hop-group-member {GROUPS[family]}")

    def wait_used(self, wanted, family=4):
        wait_until(lambda: {m["interface"] for m in self.members(family) if m["state"] == "used"} == set(wanted), 15,
                   lambda: f"{wanted} carry packets: {self.members(family)} {self.daemon.ctl('show neighbor')}")

    def wire_bytes(self, flow, family):
        ip = IP(src="10.0.1.2", dst=FAR) if family == 4 else IPv6(src="2001:db8:0:1::2", dst=FAR6)
        return bytes(self.ethernet / ip / UDP(sport=10_000 + flow, dport=53) / b"flow")

    def ways_of_flows(self, family=4, rounds=2, dead=()):
        """By which way each flow leaves, sent some rounds; every packet must come out, and none where a link is dead."""
        layer = IP if family == 4 else IPv6
        ways = collections.defaultdict(set)
        with contextlib.ExitStack() as stack:
            ends = {name: stack.enter_context(Wire(hop)) for name, hop in zip(ALL, self.hops) if name not in dead}
            with Wire(self.lan) as lan:
                frames = [self.wire_bytes(flow, family) for flow in range(FLOWS)]
                lan.send_steadily(frames * rounds)

            def seen(end):
                return [f for f in end.seen(layer) if UDP in f and f[UDP].dport == 53]
            wait_until(lambda: sum(len(seen(end)) for end in ends.values()) >= rounds * FLOWS, 20,
                       lambda: f"{[len(seen(end)) for end in ends.values()]} came out: {self.daemon.errors()}")
            for name, end in ends.items():
                for frame in seen(end):
                    ways[frame[UDP].sport - 10_000].add(name)
        assert len(ways) == FLOWS
        assert all(len(used) == 1 for used in ways.values()), "a flow took two ways"
        return {flow: used.pop() for flow, used in ways.items()}


@pytest.fixture(scope="module")
def ways(tmp_path_factory):
    with Ways(tmp_path_factory.mktemp("ways")) as made:
        yield made


@pytest.mark.parametrize("family", [4, 6])
def test_flows_spread_without_traffic_having_asked_for_the_way(ways, family):
    ways.wait_used(ALL, family)
    counts = collections.Counter(ways.ways_of_flows(family).values())
    assert set(counts) == set(ALL)
    # A third each; four standard deviations are about 29.
    assert all(abs(count - FLOWS / WAYS) < 32 for count in counts.values()), counts
    assert sorted(int(m["buckets"]) for m in ways.members(family)) == [341, 341, 342]


@pytest.mark.parametrize("family", [4, 6])
def test_weights(ways, family):
    ways.wait_used(ALL, family)
    address = "10.1.0.2" if family == 4 else "2001:db8:1:0::2"
    try:
        ways.daemon.ctl(f"add next-hop-group-member {GROUPS[family]} {address} weight 6")
        counts = collections.Counter(ways.ways_of_flows(family).values())
        assert abs(counts["way0"] - FLOWS * 6 / 8) < 30, counts
    finally:
        ways.daemon.ctl(f"add next-hop-group-member {GROUPS[family]} {address}")


@pytest.mark.parametrize("family", [4, 6])
def test_a_way_that_goes_takes_no_other_flow_with_it(ways, family):
    ways.wait_used(ALL, family)
    before = ways.ways_of_flows(family)
    ways.hops[1].ip("link", "set", "eth0", "down")
    try:
        ways.wait_used(["way0", "way2"], family)
        assert next(m["state"] for m in ways.members(family) if m["interface"] == "way1") in ("link-down", "unresolved")
        without = ways.ways_of_flows(family, dead=["way1"])
        assert {f: w for f, w in without.items() if before[f] != "way1"} == {f: w for f, w in before.items() if w != "way1"}
        assert set(without.values()) == {"way0", "way2"}
    finally:
        ways.hops[1].ip("link", "set", "eth0", "up")
        if family == 6 or not ways.hops[1].run("ip", "-6", "address", "show", "dev", "eth0", "scope", "global").stdout:
            # Linux takes IPv6 addresses away with the link.
            ways.hops[1].ip("-6", "address", "replace", "2001:db8:1:1::2/64", "dev", "eth0", "nodad")
    ways.wait_used(ALL, family)
    again = ways.ways_of_flows(family)
    assert sum(again[flow] != before[flow] for flow in before) <= 2, "it got back what it had"


def test_flows_of_the_others_lose_nothing(ways):
    """The interface of one member goes down and comes up while numbered packets pass."""
    ways.wait_used(ALL)
    stay = [flow for flow, way in ways.ways_of_flows().items() if way != "way2"][:40]
    rounds = 25
    with contextlib.ExitStack() as stack:
        ends = [stack.enter_context(Wire(hop)) for hop in ways.hops[:2]]
        lan = stack.enter_context(Wire(ways.lan))
        frames = [ways.wire_bytes(flow, 4) for flow in stay]
        for number in range(rounds):
            if number == 8:
                ways.daemon.ctl("set interface way2 state down")
            if number == 16:
                ways.daemon.ctl("set interface way2 state up")
            lan.send_steadily(frames)

        def came():
            return collections.Counter(f[UDP].sport - 10_000 for end in ends for f in end.seen(IP)
                                       if UDP in f and f[UDP].dport == 53)
        wait_until(lambda: all(came()[flow] >= rounds for flow in stay), 20, lambda: f"{came()} {ways.daemon.errors()}")
        assert all(came()[flow] == rounds for flow in stay)
    ways.wait_used(ALL)


def test_a_neighbour_that_falls_silent_is_found_out(ways):
    """Its link stays: it answers no ARP any more, and the neighbour table says so when it is asked again."""
    ways.wait_used(ALL)
    ways.hops[0].ip("link", "set", "eth0", "arp", "off")
    ways.hops[0].ip("address", "del", "10.1.0.2/24", "dev", "eth0")
    try:
        ways.daemon.ctl("delete neighbor way0 10.1.0.2")
        ways.wait_used(["way1", "way2"])
        assert set(ways.ways_of_flows().values()) == {"way1", "way2"}
    finally:
        ways.hops[0].ip("link", "set", "eth0", "arp", "on")
        ways.hops[0].ip("address", "add", "10.1.0.2/24", "dev", "eth0")
    ways.wait_used(ALL)


def test_without_any_member_the_sender_is_told(ways):
    for name in ALL:
        ways.daemon.ctl(f"set interface {name} state down")
    try:
        ways.wait_used([])
        with Wire(ways.lan) as lan:
            lan.send(ways.wire_bytes(0, 4))
            lan.wait(ICMP, lambda f: (f[ICMP].type, f[ICMP].code) == (3, 1), what="host unreachable")
        assert ways.daemon.error("ip4-unreachable", "unreachable") > 0
    finally:
        for name in ALL:
            ways.daemon.ctl(f"set interface {name} state up")
    ways.wait_used(ALL)


def test_the_choice_is_told(ways):
    ways.wait_used(ALL)
    told = ways.daemon.ctl(f"explain lan from 10.0.1.2 to {FAR}")
    assert "ip4-load-balance" in told and "group out, bucket" in told, told
    rows = {row["name"]: row for row in ways.daemon.ctl_json("show next-hop-group")}
    assert (rows["out"]["family"], int(rows["out"]["routes"]), int(rows["out"]["used"])) == ("ip4", 1, 3)
    route = ways.daemon.ctl_json(f"show route match {FAR}")
    assert (route["leads_to"], route["group"]) == ("group", "out")
    assert "of group out, used" in ways.daemon.ctl("show events next-hop last 1000")


def test_events_tell_of_members_that_come_and_go(ways):
    ctl = ways.daemon.ctl
    ctl("add next-hop-group brief ip4", "add next-hop-group-member brief 10.1.1.2",
        "add next-hop-group-member brief 10.1.2.2", "delete next-hop-group-member brief 10.1.1.2", "delete next-hop-group brief")
    told = [(event["change"], event["subject"]) for event in ways.daemon.ctl_json("show events next-hop last 1000")
            if "of group brief" in event["what"]]
    assert told == [("added", "10.1.1.2"), ("added", "10.1.2.2"), ("removed", "10.1.1.2"), ("removed", "10.1.2.2")]


def test_memory_tells_of_groups(ways):
    part = next(part for part in ways.daemon.ctl_json("show memory") if part["part"] == "next-hop-groups")
    assert (int(part["used"]), int(part["capacity"])) == (len(GROUPS), 4095)


def test_a_group_in_use_is_not_deleted(ways):
    assert ways.daemon.refused("delete next-hop-group out") == \
        "1 route leads to next-hop group 'out'; delete or change it first"


def test_it_is_part_of_the_configuration(ways):
    saved = ways.daemon.ctl("show running-config")
    lines = saved.splitlines()
    assert "add next-hop-group out ip4" in lines
    assert "add next-hop-group-member out 10.1.2.2" in lines
    assert "add route 198.51.100.0/24 via group out" in lines
    assert lines.index("add next-hop-group out6 ip6") < lines.index("add next-hop-group-member out6 2001:db8:1::2")
