# SPDX-License-Identifier: Apache-2.0
"""One host, two ways out: rules say by which of them its packets leave."""

import contextlib

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from lib.capture import Wire
from lib.clients import ping
from lib.daemon import Daemon
from lib.netns import Namespace, join
from lib.wait import wait_until

LAN, LAN_ROUTER = "10.0.1.2", "10.0.1.1"
LAN6, LAN_ROUTER6 = "2001:db8:1::2", "2001:db8:1::1"
# Each way out has the destination at its end.
FAR, FAR6 = "203.0.113.1", "2001:db8:ff::1"
WAYS = {"cheap": ("10.0.2", "2001:db8:2"), "dear": ("10.0.3", "2001:db8:3")}


def enable_ip6(host):
    for name in ("all", "default", "lo", "eth0"):
        host.sysctl(f"net.ipv6.conf.{name}.disable_ipv6", 0)


class Site:
    """lan, and behind the interfaces `cheap` and `dear` a host each that both have FAR; `dear` is in a VRF of its own too."""

    def __init__(self, directory, stack):
        self.box = stack.enter_context(Namespace("box"))
        self.lan = stack.enter_context(Namespace("lan"))
        self.ways = {name: stack.enter_context(Namespace(name)) for name in WAYS}
        for number, host in enumerate(self.ways.values()):
            join(host, "eth0", self.box, f"port{number}")
            enable_ip6(host)
        self.daemon = stack.enter_context(Daemon(self.box, directory))
        # The kernel would put fragments together for a port by af_packet.
        self.daemon.ctl("add tap lan host-interface lan0",
                        *(f'add port {name} device "net_af_packet{number},iface=port{number}"'
                          for number, name in enumerate(WAYS)))
        self.box.ip("link", "set", "lan0", "netns", self.lan.name, "name", "eth0")
        enable_ip6(self.lan)
        self.lan.offloads_off("eth0", check=False)
        self.lan.ip("link", "set", "eth0", "up")
        self.daemon.ctl(f"add address lan {LAN_ROUTER}/24", f"add address lan {LAN_ROUTER6}/64")
        self.lan.ip("address", "add", f"{LAN}/24", "dev", "eth0")
        self.lan.ip("-6", "address", "add", f"{LAN6}/64", "dev", "eth0", "nodad")
        self.lan.ip("route", "add", "default", "via", LAN_ROUTER)
        self.lan.ip("-6", "route", "add", "default", "via", LAN_ROUTER6)
        for name, (net, net6) in WAYS.items():
            host = self.ways[name]
            self.daemon.ctl(f"add address {name} {net}.1/24", f"add address {name} {net6}::1/64")
            host.ip("address", "add", f"{net}.2/24", "dev", "eth0")
            host.ip("-6", "address", "add", f"{net6}::2/64", "dev", "eth0", "nodad")
            host.ip("address", "add", f"{FAR}/32", "dev", "lo")
            host.ip("-6", "address", "add", f"{FAR6}/128", "dev", "lo", "nodad")
            host.ip("route", "add", "default", "via", f"{net}.1")
            host.ip("-6", "route", "add", "default", "via", f"{net6}::1")
        self.daemon.ctl(*(f"set interface {name} state up" for name in ["lan", *WAYS]),
                        "add route 0.0.0.0/0 via 10.0.2.2", "add route ::/0 via 2001:db8:2::2",
                        "add vrf other", "add route 0.0.0.0/0 via 10.0.3.2 interface dear vrf other",
                        "add route ::/0 via 2001:db8:3::2 interface dear vrf other")
        wait_until(lambda: all(a["state"] == "used" for a in self.daemon.ctl_json("show address")), 20,
                   lambda: f"addresses are used: {self.daemon.ctl('show address')}", every=0.1)
        for name, (net, net6) in WAYS.items():
            # The router knows its neighbours from now on, as `explain` would say otherwise.
            assert ping(self.ways[name], f"{net}.1").received == ping(self.ways[name], f"{net6}::1").received == 1

    def sent(self, name):
        return int(self.daemon.interface(name)["tx_packets"])

    def rule(self, number):
        return next(rule for rule in self.daemon.ctl_json("show policy-rule") if rule["number"] == number)

    @contextlib.contextmanager
    def rules(self, *lines):
        self.daemon.ctl(*(f"add policy-rule lan {line}" for line in lines))
        try:
            yield
        finally:
            self.daemon.ctl(*(f"delete policy-rule lan {line.split()[0]}" for line in lines))

    def way_of(self, address, *arguments, count=10):
        """By which of the two a ping went, all of whose packets were answered. They are more than what the router says of itself
        meanwhile: it asks for neighbours, and reports its groups."""
        before = {name: self.sent(name) for name in WAYS}
        done = ping(self.lan, address, *arguments, count=count)
        assert done.received == count, done.text + str(self.daemon.errors())
        used = {name for name in WAYS if self.sent(name) - before[name] >= count}
        assert len(used) == 1, f"by {used}"
        return used.pop()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with contextlib.ExitStack() as stack:
        yield Site(tmp_path_factory.mktemp("site"), stack)


@pytest.mark.parametrize("address", [FAR, FAR6])
def test_rules_send_packets_by_another_way(site, address):
    is_ip6 = ":" in address
    source = "2001:db8:1::/64" if is_ip6 else "10.0.1.0/24"
    next_hop = "2001:db8:3::2" if is_ip6 else "10.0.3.2"
    assert site.way_of(address) == "cheap"
    with site.rules(f"10 via {next_hop} from {source}"):
        assert site.way_of(address) == "dear"
        assert site.rule(10)["packets"] >= 10
        # The router itself is where it was.
        assert ping(site.lan, LAN_ROUTER6 if is_ip6 else LAN_ROUTER, count=3).received == 3
    with site.rules(f"10 lookup-in other to {address}/{128 if is_ip6 else 32}"):
        assert site.way_of(address) == "dear"
    with site.rules(f"5 lookup-in default from {source}", "10 lookup-in other"):
        assert site.way_of(address) == "cheap"
        assert site.rule(10)["packets"] == 0
    assert site.way_of(address) == "cheap"


@pytest.mark.parametrize("address", [FAR, FAR6])
def test_by_class(site, address):
    with site.rules("10 lookup-in other dscp 46"):
        assert site.way_of(address, "-Q", hex(46 << 2)) == "dear"
        assert site.way_of(address) == "cheap"


@pytest.mark.parametrize("address", [FAR, FAR6])
def test_verdicts(site, address):
    protocol = "58" if ":" in address else "icmp"
    with site.rules(f"10 prohibit protocol {protocol} to {address}/{128 if ':' in address else 32}"):
        text = ping(site.lan, address, wait=1).text
        assert "Packet filtered" in text or "Administratively prohibited" in text, text
    with site.rules(f"10 blackhole protocol {protocol}"):
        assert ping(site.lan, address, wait=1).received == 0


def test_a_next_hop_that_has_to_be_found_first(site):
    """The packets that wait for it leave by the rule as well."""
    with site.rules("10 via 10.0.3.2 by dear"):
        assert site.way_of(FAR) == "dear"
        site.daemon.ctl("delete neighbor dear 10.0.3.2")
        assert site.way_of(FAR) == "dear"


def test_rules_of_one_family_leave_packets_that_wait_in_the_other_alone(site):
    for address, gateway, other, others in ((FAR, "10.0.2.2", FAR6, "2001:db8:1::/64"), (FAR6, "2001:db8:2::2", FAR, "10.0.1.0/24")):
        assert site.way_of(address) == "cheap"
        with site.rules(f"10 lookup-in other from {others}"):
            # Buffers are used again, and have been on the other family's arc.
            assert site.way_of(other, "-i", "0.01", count=200) == "dear"
            site.daemon.ctl(f"delete neighbor cheap {gateway}")
            assert site.way_of(address) == "cheap"


def test_fragments_have_the_ports_of_their_first(site):
    mac, router = site.lan.mac("eth0"), site.daemon.interface("lan")["mac"]
    with site.rules("10 lookup-in other protocol udp destination-ports 4000-4010"):
        with Wire(site.lan) as wire:
            for destination, way in ((4005, "dear"), (5000, "cheap")):
                before = site.sent(way)
                datagram = UDP(sport=1000, dport=destination) / Raw(bytes(1000))
                whole = bytes(IP(src=LAN, dst=FAR, id=destination) / datagram)[20:]
                for offset in (512, 0):
                    piece = whole[offset:offset + 512]
                    wire.send(Ether(src=mac, dst=router) / IP(src=LAN, dst=FAR, id=destination, proto=17, frag=offset // 8,
                                                              flags="MF" if offset + 512 < len(whole) else 0) / Raw(piece))
                wait_until(lambda way=way, before=before: site.sent(way) >= before + 2, 5, "both fragments left")


def test_it_is_in_the_configuration_and_explained(site):
    with site.rules("10 lookup-in other from 10.0.1.0/24 protocol udp destination-ports 53"):
        assert ("add policy-rule lan 10 lookup-in other from 10.0.1.0/24 protocol udp destination-ports 53"
                in site.daemon.ctl("show running-config"))
        told = site.daemon.ctl(f"explain lan from {LAN} to {FAR} protocol udp destination-port 53")
        assert "rule 10" in told and "would be transmitted by dear" in told
