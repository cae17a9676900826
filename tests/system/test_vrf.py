# SPDX-License-Identifier: Apache-2.0
"""Two customers with the same addresses behind one router, and a server that both may share: VRFs and what leaks between them."""

import contextlib
import re

import pytest

from lib.clients import iperf, ping
from lib.daemon import Daemon
from lib.netns import Namespace, join
from lib.numbered import Numbered
from lib.wait import wait_until

CUSTOMERS = ("red", "blue")
LAN, WAN, SERVER = "10.0.1.2", "10.0.2.2", "10.0.9.2"
LAN6, WAN6, SERVER6 = "2001:db8:1::2", "2001:db8:2::2", "2001:db8:9::2"
LAN_ROUTER, WAN_ROUTER, SERVER_ROUTER = "10.0.1.1", "10.0.2.1", "10.0.9.1"
LAN_ROUTER6, WAN_ROUTER6, SERVER_ROUTER6 = "2001:db8:1::1", "2001:db8:2::1", "2001:db8:9::1"


def set_up_host(host, addresses, routers):
    for name in ("all", "default", "lo", "eth0"):
        host.sysctl(f"net.ipv6.conf.{name}.disable_ipv6", 0)
    host.ip("address", "add", f"{addresses[0]}/24", "dev", "eth0")
    host.ip("-6", "address", "add", f"{addresses[1]}/64", "dev", "eth0", "nodad")
    host.ip("route", "add", "default", "via", routers[0])
    host.ip("-6", "route", "add", "default", "via", routers[1])


class Provider:
    """The hosts red-lan, red-wan, blue-lan, blue-wan and server, each at the interface of its name."""

    def __init__(self, directory, stack):
        self.box = stack.enter_context(Namespace("box"))
        self.hosts = {}
        names = [f"{customer}-{side}" for customer in CUSTOMERS for side in ("lan", "wan")] + ["server"]
        for number, name in enumerate(names):
            self.hosts[name] = stack.enter_context(Namespace(name))
            join(self.hosts[name], "eth0", self.box, f"port{number}")
        self.daemon = stack.enter_context(Daemon(self.box, directory))
        self.daemon.ctl("add vrf red", "add vrf blue")
        for number, name in enumerate(names):
            customer = name.split("-")[0]
            self.daemon.ctl(f'add port {name} device "net_af_packet{number},iface=port{number}"',
                            *([f"set interface {name} vrf {customer}"] if customer in CUSTOMERS else []))
            hosts, routers = {"lan": ((LAN, LAN6), (LAN_ROUTER, LAN_ROUTER6)),
                              "wan": ((WAN, WAN6), (WAN_ROUTER, WAN_ROUTER6)),
                              "server": ((SERVER, SERVER6), (SERVER_ROUTER, SERVER_ROUTER6))}[name.split("-")[-1]]
            self.daemon.ctl(f"add address {name} {routers[0]}/24", f"add address {name} {routers[1]}/64",
                            f"set interface {name} state up")
            set_up_host(self.hosts[name], hosts, routers)
        wait_until(lambda: all(a["state"] == "used" for a in self.daemon.ctl_json("show address")), 20,
                   lambda: f"addresses are used: {self.daemon.ctl('show address')}", every=0.1)

    def received(self, name):
        return int(self.daemon.interface(name)["rx_packets"])

    @contextlib.contextmanager
    def leak(self, *lines):
        """Routes that are there for a while."""
        self.daemon.ctl(*(f"add route {line}" for line in lines))
        try:
            yield
        finally:
            for line in lines:
                vrf = re.search(r" vrf \S+$", line)
                self.daemon.ctl(f"delete route {line.split()[0]}{vrf[0] if vrf else ''}")


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    with contextlib.ExitStack() as stack:
        yield Provider(tmp_path_factory.mktemp("provider"), stack)


@pytest.mark.parametrize("customer", CUSTOMERS)
@pytest.mark.parametrize("address", [WAN, WAN6])
def test_each_customer_reaches_its_own(provider, customer, address):
    other = next(name for name in CUSTOMERS if name != customer)
    # Neighbours, of both.
    for name in CUSTOMERS:
        assert ping(provider.hosts[f"{name}-lan"], address).received == 1
    before = provider.received(f"{customer}-wan"), provider.received(f"{other}-wan")
    assert ping(provider.hosts[f"{customer}-lan"], address, count=50).received == 50
    after = provider.received(f"{customer}-wan"), provider.received(f"{other}-wan")
    assert after[0] - before[0] >= 50
    # A host says now and then who it is.
    assert after[1] - before[1] < 10


@pytest.mark.parametrize("customer", CUSTOMERS)
def test_the_router_answers_within_the_vrf(provider, customer):
    host = provider.hosts[f"{customer}-lan"]
    for address in (LAN_ROUTER, WAN_ROUTER, LAN_ROUTER6, WAN_ROUTER6):
        assert ping(host, address).received == 1
    # What another VRF has is nowhere.
    assert "Net Unreachable" in ping(host, SERVER_ROUTER).text
    assert "No route" in ping(host, SERVER_ROUTER6).text
    for family, target, hop in (("-4", WAN, LAN_ROUTER), ("-6", WAN6, LAN_ROUTER6)):
        shown = host.run("traceroute", family, "-n", "-q", 1, "-w", 5, "-m", 4, target).stdout.splitlines()[1:]
        assert [line.split()[1] for line in shown] == [hop, target]


def test_routes_are_shown_by_vrf(provider):
    daemon = provider.daemon
    vrfs = {vrf["name"]: vrf for vrf in daemon.ctl_json("show vrf")}
    assert list(vrfs) == ["default", "red", "blue"]
    assert vrfs["red"]["interfaces"] == ["red-lan", "red-wan"]
    assert {route["vrf"] for route in daemon.ctl_json("show route vrf red")} == {"red"}
    connected = [route["prefix"] for route in daemon.ctl_json("show route") if route["leads_to"] == "connected"]
    assert "10.0.9.0/24" in connected and "10.0.1.0/24" not in connected
    assert daemon.ctl_json(f"show route match {WAN} vrf blue")["interface"] == "blue-wan"
    assert {a["vrf"] for a in daemon.ctl_json("show address") if a["interface"] == "blue-lan"} == {"blue"}
    assert "there is no VRF 'green'" in daemon.refused("show route vrf green")
    assert "is in VRF 'red'" in daemon.refused("delete vrf red")
    assert "has the address 10.0.1.1/24 already" in daemon.refused("set interface blue-lan vrf red")


def test_traffic_of_others_meets_no_gap(provider):
    daemon = provider.daemon
    daemon.ctl("add vrf green")
    try:
        with Numbered(provider.hosts["red-lan"], provider.hosts["red-wan"], WAN) as numbered:
            numbered.wait_received(100)
            for _ in range(20):
                daemon.ctl("set interface blue-lan vrf green", "set interface blue-lan vrf blue",
                           "add route 10.0.1.2/32 lookup-in blue vrf green", "delete route 10.0.1.2/32 vrf green")
            numbered.wait_received(numbered.received + 100)
            numbered.stop()
            assert (numbered.received, numbered.out_of_order) == (numbered.sent, 0), str(daemon.errors())
    finally:
        daemon.ctl("delete vrf green")
    assert ping(provider.hosts["blue-lan"], WAN, count=3).received == 3


def assert_served(provider, customer):
    host = provider.hosts[f"{customer}-lan"]
    for address in (SERVER, SERVER6):
        assert ping(host, address, count=3).received == 3, provider.daemon.errors()
        assert iperf(host, provider.hosts["server"], address, seconds=1)["sum_received"]["bytes"] > 0


def test_leaking_by_lookup(provider):
    """Both directions by a lookup in the other VRF, whose own addresses answer as well."""
    with provider.leak("10.0.9.0/24 lookup-in default vrf red", "2001:db8:9::/64 lookup-in default vrf red",
                       "10.0.1.0/24 lookup-in red", "2001:db8:1::/64 lookup-in red"):
        assert_served(provider, "red")
        host = provider.hosts["red-lan"]
        for address in (SERVER_ROUTER, SERVER_ROUTER6):
            assert ping(host, address).received == 1
        # Errors go back to where the packet came from.
        assert "Host Unreachable" in ping(host, "10.0.9.77", wait=6).text
        shown = host.run("traceroute", "-n", "-q", 1, "-w", 5, "-m", 4, SERVER).stdout.splitlines()[1:]
        assert [line.split()[1] for line in shown] == [LAN_ROUTER, SERVER]
        # The other customer has no part in it.
        assert "Net Unreachable" in ping(provider.hosts["blue-lan"], SERVER).text
        told = provider.daemon.ctl(f"explain red-lan from {LAN} to {SERVER}")
        assert "in-vrf default" in told and "ip4-lookup-vrf" in told
        assert "would be transmitted by server" in told


def test_leaking_by_interface(provider):
    """A next hop on an interface of another VRF, and the other way a lookup."""
    with provider.leak(f"{SERVER}/32 via {SERVER} interface server vrf blue",
                       f"{SERVER6}/128 via {SERVER6} interface server vrf blue",
                       f"{LAN}/32 via {LAN} interface blue-lan", f"{LAN6}/128 via {LAN6} interface blue-lan"):
        assert_served(provider, "blue")


def test_a_next_hop_group_stays_in_its_vrf(provider):
    """The member's address is the same in both customers' networks, and in none of the default VRF."""
    far = "198.51.100.7"
    daemon = provider.daemon
    daemon.ctl("add next-hop-group out ip4 vrf red", f"add next-hop-group-member out {WAN}")
    try:
        with provider.leak("198.51.100.0/24 via group out vrf red"):
            for name in ("red-wan", "blue-wan"):
                provider.hosts[name].ip("address", "add", f"{far}/32", "dev", "lo")
            wait_until(lambda: daemon.ctl_json("show next-hop-group-member out")[0]["state"] == "used", 15,
                       lambda: f"the member is used: {daemon.ctl('show next-hop-group-member')}")
            member = daemon.ctl_json("show next-hop-group-member out")[0]
            assert (member["interface"], member["vrf"]) == ("red-wan", "red")
            daemon.ctl("set interface red-wan source-check strict")
            blue = provider.received("blue-wan")
            assert ping(provider.hosts["red-lan"], far, count=20).received == 20
            # A host says now and then who it is.
            assert provider.received("blue-wan") - blue < 10
            for line in ("add route 198.51.100.0/24 via group out", "add route 198.51.100.0/24 via group out vrf blue"):
                assert "is of VRF 'red'" in daemon.refused(line)
            assert "add next-hop-group out ip4 vrf red" in daemon.ctl("show running-config").splitlines()
    finally:
        daemon.ctl("reset interface red-wan source-check")
        for name in ("red-wan", "blue-wan"):
            provider.hosts[name].run("ip", "address", "del", f"{far}/32", "dev", "lo")
        daemon.ctl("delete next-hop-group out")
    told = [line["what"] for line in daemon.ctl_json("show events next-hop last 100")
            if line["subject"] == WAN and "of group out" in line["what"]]
    assert told and all("in VRF red" in what for what in told), told


def test_a_loop_of_vrfs_is_a_drop_with_a_name(provider):
    with provider.leak("10.77.0.0/16 lookup-in blue vrf red", "10.77.0.0/16 lookup-in red vrf blue"):
        before = provider.daemon.error("ip4-lookup-vrf", "vrf-loop")
        assert ping(provider.hosts["red-lan"], "10.77.0.1", wait=1).received == 0
        assert provider.daemon.error("ip4-lookup-vrf", "vrf-loop") == before + 1


def test_the_running_configuration_has_it_all(provider):
    with provider.leak("10.0.9.0/24 lookup-in default vrf red"):
        running = provider.daemon.ctl("show running-config")
        for line in ("add vrf blue", "set interface blue-lan vrf blue", "add address blue-lan 10.0.1.1/24",
                     "add route 10.0.9.0/24 lookup-in default vrf red"):
            assert line in running
        assert "VRF 'red'" in provider.daemon.refused("delete vrf red")


def test_events_name_the_vrf(provider):
    with provider.leak("10.0.9.0/24 lookup-in default vrf red"):
        pass
    lines = [line["what"] for line in provider.daemon.ctl_json("show events route last 4") if line["subject"] == "10.0.9.0/24"]
    assert lines and all("in VRF red" in line and "lookup-in default" in line for line in lines)
