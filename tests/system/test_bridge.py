# SPDX-License-Identifier: Apache-2.0
"""Three hosts at three ports of a bridge, and the router in it."""

import contextlib
import json
import socket
import struct

import pytest

from lib.clients import iperf, ping
from lib.daemon import Daemon
from lib.netns import Namespace, join
from lib.numbered import Numbered
from lib.switch import Switch
from lib.wait import wait_until

ROUTER = "10.0.0.1"


ETH_P_ALL = 3
EXPERIMENTAL = 0x88B5


def address(number):
    return f"10.0.0.{number + 2}"


def address6(number):
    return f"2001:db8::{number + 2}"


def mac_bytes(text):
    return bytes.fromhex(text.replace(":", ""))


def raw_socket(host):
    made = host.open_socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    made.bind(("eth0", ETH_P_ALL))
    return made


def frame(source, destination):
    return mac_bytes(destination) + mac_bytes(source) + struct.pack(">H", EXPERIMENTAL) + bytes(46)


class Office:
    """host0 to host2 at the ports p0 to p2."""

    def __init__(self, directory, stack, *arguments):
        self.directory = directory
        self.box = stack.enter_context(Namespace("box"))
        self.hosts = [stack.enter_context(Namespace(f"host{i}")) for i in range(3)]
        for i, host in enumerate(self.hosts):
            join(host, "eth0", self.box, f"port{i}")
            host.ip("address", "add", f"{address(i)}/24", "dev", "eth0")
            host.ip("route", "add", "default", "via", ROUTER)
        self.daemon = None
        stack.callback(lambda: self.daemon and self.daemon.stop())
        self.start(*arguments)
        self.daemon.ctl("add bridge br", f"add address br {ROUTER}/24", "set interface br state up",
                        *(f'add port p{i} device "net_af_packet{i},iface=port{i}"' for i in range(3)),
                        *(f"add bridge-port br p{i}" for i in range(3)),
                        *(f"set interface p{i} state up" for i in range(3)))
        self.wait_links()

    def start(self, *arguments):
        """A daemon, anew where the last one is gone."""
        self.daemon = Daemon(self.box, self.directory, *arguments)

    def wait_links(self):
        wait_until(lambda: all(i["link"] == "up" for i in self.daemon.ctl_json("show interface")), 10,
                   lambda: self.daemon.ctl("show interface"), 0.1)

    def bridge(self):
        return self.daemon.ctl_json("show bridge")[0]

    def sent(self, port):
        return int(self.daemon.interface(port)["tx_packets"])

    def addresses(self):
        return {row["address"]: row["mac"] for row in self.daemon.ctl_json("show bridge-host")}

    def stations(self):
        return {row["mac"]: row["interface"] for row in self.daemon.ctl_json("show bridge-station")}


@pytest.fixture
def office(tmp_path):
    with contextlib.ExitStack() as stack:
        yield Office(tmp_path, stack)


def test_all_reach_all_and_the_router(office):
    for i, host in enumerate(office.hosts):
        for j in range(3):
            if i != j:
                assert ping(host, address(j), count=2).received == 2
        assert ping(host, ROUTER, "-s", 1472, "-M", "do", count=2).received == 2
    wait_until(lambda: all(office.stations().get(host.mac()) == f"p{i}" for i, host in enumerate(office.hosts)), 10,
               lambda: str(office.stations()))
    assert iperf(office.hosts[0], office.hosts[1], address(1), seconds=1)["sum_received"]["bytes"] > 1_000_000


def test_what_is_known_is_not_flooded(office):
    assert ping(office.hosts[0], address(1), count=3).received == 3
    wait_until(lambda: len(office.stations()) >= 3, 10, lambda: str(office.stations()))

    before = office.sent("p2")
    assert ping(office.hosts[0], address(1), count=50).received == 50
    assert office.sent("p2") - before < 10


def test_a_station_that_moves_is_followed(office):
    assert ping(office.hosts[0], address(1), count=2).received == 2
    mac = office.hosts[1].mac()
    wait_until(lambda: office.stations().get(mac) == "p1", 10, lambda: str(office.stations()))
    office.hosts[1].ip("link", "set", "eth0", "down")
    # Somebody else takes the address, as a virtual machine does that moves.
    office.hosts[2].ip("link", "set", "eth0", "down")
    office.hosts[2].ip("link", "set", "eth0", "address", mac)
    office.hosts[2].ip("address", "flush", "dev", "eth0")
    office.hosts[2].ip("address", "add", f"{address(1)}/24", "dev", "eth0")
    office.hosts[2].ip("link", "set", "eth0", "up")
    wait_until(lambda: ping(office.hosts[2], address(0), count=1, wait=1).received == 1, 20, "it is reached there")
    wait_until(lambda: office.stations().get(mac) == "p2", 10, lambda: str(office.stations()))
    assert int(office.bridge()["moves"]) >= 1


def test_a_station_that_is_everywhere_is_held(office):
    """As behind a loop: one address comes from two ports in turn."""
    office.daemon.ctl("set bridge br move-limit 3")
    sockets = [raw_socket(host) for host in office.hosts[:2]]
    station = "02:00:00:00:77:01"

    def kind():
        for one in sockets:
            one.send(frame(station, "02:00:00:00:77:02"))
        return {row["mac"]: row["kind"] for row in office.daemon.ctl_json("show bridge-station")}.get(station)

    wait_until(lambda: kind() == "held", 20, lambda: office.daemon.ctl("show bridge-station", "show bridge"))
    wait_until(lambda: kind() and int(office.bridge()["moves_refused"]) >= 2, 10, lambda: str(office.bridge()))
    assert int(office.bridge()["moves"]) == 3
    assert f"station {station} was heard by" in office.daemon.log()
    for one in sockets:
        one.close()


def promiscuous(office, port):
    return int(json.loads(office.box.ip("-j", "-d", "link", "show", port))[0]["promiscuity"]) > 0


def test_a_port_takes_in_frames_to_others(office):
    assert all(promiscuous(office, f"port{i}") for i in range(3))
    assert office.daemon.interface("p0")["promiscuous"]
    office.daemon.ctl("delete bridge-port p0")
    assert not promiscuous(office, "port0")
    assert not office.daemon.interface("p0")["promiscuous"]
    # A VLAN gets its frames from its parent.
    office.daemon.ctl("add vlan ten parent p0 id 10", "add bridge-port br ten")
    assert promiscuous(office, "port0")
    office.daemon.ctl("delete interface ten", "add null wire", "add cross-connect p0 wire")
    assert promiscuous(office, "port0")
    office.daemon.stop()
    office.daemon = None
    assert not any(promiscuous(office, f"port{i}") for i in range(3))


def test_a_lost_link_takes_its_stations_along(office):
    zero, one, two = office.hosts
    fixed = "02:00:00:00:77:05"
    office.daemon.ctl(f"add bridge-station br {fixed} p1", "set bridge br ageing 1000000")
    assert ping(zero, address(1), count=2).received == 2
    wait_until(lambda: office.stations().get(one.mac()) == "p1", 10, lambda: str(office.stations()))
    one.ip("link", "set", "eth0", "down")
    wait_until(lambda: one.mac() not in office.stations(), 10, lambda: str(office.stations()))
    assert office.stations()[fixed] == "p1"
    # It may be anywhere now, but not there.
    before = [office.sent(f"p{i}") for i in range(3)]
    with raw_socket(zero) as sender:
        for _ in range(20):
            sender.send(frame(zero.mac(), one.mac()))
        wait_until(lambda: office.sent("p2") >= before[2] + 20, 10, lambda: office.daemon.ctl("show interface"))
        assert office.sent("p1") == before[1]
        sender.send(frame(zero.mac(), fixed))
        wait_until(lambda: office.daemon.error("bridge-input", "port-down") == 1, 10, lambda: str(office.daemon.errors()))
    one.ip("link", "set", "eth0", "up")
    wait_until(lambda: ping(zero, address(1), count=1, wait=1).received == 1, 20, "it is back")


def test_the_router_hears_what_nobody_else_does(office):
    """Where one port is left, the frames to a group are the router's alone, and none is a drop."""
    office.daemon.ctl("delete bridge-port p1", "delete bridge-port p2")
    office.hosts[0].ip("neighbor", "flush", "dev", "eth0")
    assert ping(office.hosts[0], ROUTER, count=2).received == 2
    assert office.daemon.error("bridge-flood", "no-other-port") == 0


def test_what_has_no_ethernet_is_refused(office):
    office.daemon.ctl("add punt kernel-interface kernel", "add null spare")
    why = "interface 'kernel' carries packets without Ethernet headers, and cannot be bridged or joined; name another"
    assert office.daemon.refused("add bridge-port br kernel") == why
    assert office.daemon.refused("add cross-connect spare kernel") == why
    assert office.daemon.refused("add vlan ten parent kernel id 10") == \
        "interface 'kernel' carries packets without Ethernet headers, and has no VLANs; name another"


def test_jumbo_frames(tmp_path):
    """At taps, which take them in several buffers: known, flooded, and for the router."""
    with contextlib.ExitStack() as stack:
        box = stack.enter_context(Namespace("box"))
        hosts = [stack.enter_context(Namespace(f"host{i}")) for i in range(3)]
        daemon = stack.enter_context(Daemon(box, tmp_path))
        daemon.ctl("add bridge br", f"add address br {ROUTER}/24", "set interface br state up", "set interface br mtu 9000",
                   *(f"add tap p{i} host-interface port{i}" for i in range(3)))
        for i, host in enumerate(hosts):
            box.ip("link", "set", f"port{i}", "netns", host.name, "name", "eth0")
            daemon.ctl(f"set interface p{i} mtu 9000", f"set interface p{i} state up", f"add bridge-port br p{i}")
            host.offloads_off("eth0", check=False)
            host.sysctl("net.ipv4.icmp_echo_ignore_broadcasts", 0)
            host.ip("address", "add", f"{address(i)}/24", "brd", "10.0.0.255", "dev", "eth0")
        big = "-s", 8900, "-M", "do"
        wait_until(lambda: ping(hosts[0], ROUTER, *big, count=1, wait=1).received == 1, 20, daemon.log)
        assert ping(hosts[0], address(1), *big, count=3).received == 3, daemon.errors()
        # All answer what is for all of them; the first answer is the host's own.
        said = hosts[0].run("ping", "-b", "-c", 2, "-w", 10, *big, "10.0.0.255", check=False).stdout
        assert all(f"from {address(i)}" in said for i in (1, 2)), said + str(daemon.errors())
        # One that takes less is left out, by name.
        daemon.ctl("set interface p2 mtu 1500")
        assert ping(hosts[1], ROUTER, *big, count=1).received == 1
        said = hosts[0].run("ping", "-b", "-c", 2, "-w", 10, *big, "10.0.0.255", check=False).stdout
        assert f"from {address(1)}" in said
        assert daemon.error("bridge-flood", "exceeds-mtu") >= 1


def test_a_storm_is_held(office):
    assert ping(office.hosts[0], address(1), count=1).received == 1
    office.daemon.ctl("add bridge-port br p0 storm-limit 10")
    with raw_socket(office.hosts[0]) as storm:
        def dropped():
            for _ in range(50):
                storm.send(frame(office.hosts[0].mac(), "ff:ff:ff:ff:ff:ff"))
            return office.daemon.error("bridge-flood", "storm-limit")

        before = office.sent("p2")
        wait_until(lambda: dropped() > 500, 20, lambda: str(office.daemon.errors()))
        assert office.sent("p2") - before < 300
    # What is for one who is known is no storm.
    wait_until(lambda: ping(office.hosts[0], address(1), count=20).received == 20, 10, "they reach each other")


def test_arp_is_answered_in_the_name_of_who_is_known(office):
    zero, one, two = office.hosts
    office.daemon.ctl("set bridge br suppress arp")
    assert ping(zero, address(1), count=1).received == 1
    assert ping(two, ROUTER, count=1).received == 1
    wait_until(lambda: [office.addresses().get(address(i)) for i in range(3)] == [host.mac() for host in office.hosts], 10,
               lambda: str(office.addresses()))
    wait_until(lambda: len(office.stations()) == 4, 10, lambda: str(office.stations()))
    before = office.sent("p0"), int(office.bridge()["arp_answered"])
    office.daemon.ctl("trace add bridge-suppress 5")
    assert ping(two, address(1), count=1).received == 1
    trace = office.daemon.ctl("show trace")
    assert f"target {address(1)}" in trace and "answer in its name" in trace, trace
    assert office.sent("p0") == before[0], "a question was flooded"
    assert int(office.bridge()["arp_answered"]) == before[1] + 2, "one for each of them"
    # Its own address the router answers itself; the others do not hear the question.
    wait_until(lambda: ROUTER in office.addresses(), 10, lambda: str(office.addresses()))
    before = office.sent("p0")
    two.ip("neighbor", "flush", "dev", "eth0")
    assert ping(two, ROUTER, count=1).received == 1
    assert office.sent("p0") == before, "the question was flooded"
    # Who asks whether an address is free hears of it.
    done = zero.run("arping", "-D", "-q", "-c", 2, "-I", "eth0", address(1), check=False)
    assert done.returncode == 1, "somebody has it"


def test_neighbor_discovery_is_answered_too(office):
    zero, one, two = office.hosts
    for i, host in enumerate(office.hosts):
        host.sysctl("net.ipv6.conf.eth0.disable_ipv6", 0)
        host.ip("address", "add", f"{address6(i)}/64", "dev", "eth0", "nodad")
    office.daemon.ctl("set bridge br suppress arp nd")
    wait_until(lambda: ping(zero, address6(1), count=1, wait=1).received == 1, 20, "they reach each other")
    wait_until(lambda: office.addresses().get(address6(1)) == one.mac(), 10, lambda: str(office.addresses()))
    before = int(office.bridge()["nd_answered"])
    assert ping(two, address6(1), count=2).received == 2
    assert int(office.bridge()["nd_answered"]) == before + 1
    neighbor = two.ip("-6", "neighbor", "show", address6(1))
    assert one.mac() in neighbor and "router" not in neighbor


def test_a_configured_address(office):
    zero, one, _ = office.hosts
    # The host itself is silent, and the bridge speaks for it.
    one.sysctl("net.ipv4.conf.all.arp_ignore", 8)
    assert ping(zero, address(1), count=1, wait=1).received == 0
    office.daemon.ctl("set bridge br suppress arp", f"add bridge-station br {one.mac()} p1",
                      f"add bridge-host br {address(1)} {one.mac()}")
    wait_until(lambda: ping(zero, address(1), count=1, wait=1).received == 1, 20, "it is found")
    assert one.mac() in zero.ip("neighbor", "show", address(1))
    office.daemon.ctl(f"delete bridge-host br {address(1)}")
    zero.ip("neighbor", "flush", "dev", "eth0")
    office.daemon.ctl("clear bridge br")
    assert ping(zero, address(1), count=1, wait=1).received == 0


def test_the_router_routes_between_the_bridge_and_a_port(office):
    """The bridge's interface is one like any other."""
    office.daemon.ctl("delete bridge-port p2", "add address p2 10.0.9.1/24")
    office.hosts[2].ip("address", "flush", "dev", "eth0")
    office.hosts[2].ip("address", "add", "10.0.9.2/24", "dev", "eth0")
    office.hosts[2].ip("route", "add", "default", "via", "10.0.9.1")
    for host in office.hosts[:2]:
        assert ping(host, "10.0.9.2", count=3).received == 3
    hops = office.hosts[0].run("traceroute", "-n", "-q", 1, "-w", 5, "10.0.9.2").stdout.splitlines()[1:]
    assert [hop.split()[1] for hop in hops] == [ROUTER, "10.0.9.2"]


def test_split_horizon_and_configured_stations(office):
    office.daemon.ctl("add bridge-port br p0 group 1", "add bridge-port br p1 group 1")
    assert ping(office.hosts[0], address(1), count=1, wait=1).received == 0
    assert ping(office.hosts[0], address(2), count=2).received == 2
    office.daemon.ctl("add bridge-port br p0", "add bridge-port br p1")
    assert ping(office.hosts[0], address(1), count=2).received == 2
    # Somebody who is said to be elsewhere is not heard here.
    office.daemon.ctl(f"add bridge-station br {office.hosts[1].mac()} p2")
    assert ping(office.hosts[0], address(1), count=1, wait=1).received == 0
    office.daemon.ctl(f"delete bridge-station br {office.hosts[1].mac()}")
    wait_until(lambda: ping(office.hosts[0], address(1), count=1, wait=1).received == 1, 10, "it is learned again")


def test_a_port_comes_and_goes(office):
    before = office.daemon.ctl("show running-config")
    assert ping(office.hosts[0], address(2), count=1).received == 1
    office.daemon.ctl("configure", "delete bridge-port p2", "commit")
    assert ping(office.hosts[0], address(2), count=1, wait=1).received == 0
    office.daemon.ctl("rollback 1", "commit")
    assert office.daemon.ctl("show running-config") == before
    wait_until(lambda: ping(office.hosts[0], address(2), count=1, wait=1).received == 1, 10, "the port is back")


def test_explain_teaches_nothing(office):
    assert ping(office.hosts[0], address(1), count=1).received == 1
    wait_until(lambda: len(office.stations()) >= 3, 10, lambda: str(office.stations()))
    before = office.stations()
    asked = frame("02:00:00:00:77:09", office.hosts[1].mac())
    assert "p1" in office.daemon.ctl(f"explain p0 hex {asked.hex()}")
    office.daemon.ctl("add bridge-port br p0 storm-limit 10")
    assert "bridge-flood" in office.daemon.ctl(f"explain p0 hex {frame(office.hosts[0].mac(), '02:00:00:00:77:08').hex()}")
    assert office.stations() == before


def test_a_port_is_in_one_place_only(office):
    office.daemon.ctl("add null spare")
    assert office.daemon.refused("add cross-connect p0 spare") == \
        "interface 'p0' is a port of bridge 'br'; delete that first"
    office.daemon.ctl("add null other", "add cross-connect spare other")
    assert office.daemon.refused("add bridge-port br spare") == \
        "interface 'spare' is joined with 'other'; delete that first"


def test_a_restart_with_the_saved_configuration(tmp_path):
    file = tmp_path / "startup.conf"
    file.write_text("")
    with contextlib.ExitStack() as stack:
        office = Office(tmp_path, stack, "--config", str(file))
        office.daemon.ctl("set bridge br ageing 60 mac-limit 100 move-limit 5 suppress arp nd",
                          "add bridge-port br p2 group 3 storm-limit 5000", "add bridge-port br p1 learning off",
                          f"add bridge-station br {office.hosts[1].mac()} p1",
                          f"add bridge-host br {address(1)} {office.hosts[1].mac()}",
                          "add bridge-host br 2001:db8::3 02:00:00:00:77:03 router on")
        before = office.daemon.ctl("show running-config")
        office.daemon.ctl("write")
        office.daemon.stop()
        office.start("--config", str(file))
        office.wait_links()
        assert office.daemon.ctl("show running-config") == before
        assert ping(office.hosts[0], address(1), count=2).received == 2
        assert int(office.bridge()["arp_answered"]) >= 1


class Trunk:
    """host0 and host1 in the VLANs 10 and 20 of a switch, whose trunk is one port; host2 at another."""

    def __init__(self, directory, stack):
        self.hosts = [stack.enter_context(Namespace(f"host{i}")) for i in range(3)]
        switch, box = stack.enter_context(Namespace("switch")), stack.enter_context(Namespace("box"))
        for i in range(2):
            join(self.hosts[i], "eth0", switch, f"host{i}")
        join(switch, "trunk", box, "trunk0")
        join(self.hosts[2], "eth0", box, "port2")
        for i, host in enumerate(self.hosts):
            host.offloads_off("eth0", check=False)
            host.ip("address", "add", f"{address(i)}/24", "dev", "eth0")
            host.ip("link", "set", "eth0", "up")
        stack.enter_context(Switch(switch, "trunk", {"host0": 10, "host1": 20}))
        self.daemon = stack.enter_context(Daemon(box, directory))
        self.daemon.ctl("add bridge br", f"add address br {ROUTER}/24", "set interface br state up",
                        'add port trunk device "net_af_packet0,iface=trunk0"',
                        'add port p2 device "net_af_packet1,iface=port2"',
                        "add vlan ten parent trunk id 10", "add vlan twenty parent trunk id 20",
                        *(f"add bridge-port br {port}" for port in ("ten", "twenty", "p2")),
                        *(f"set interface {port} state up" for port in ("trunk", "ten", "twenty", "p2")))


def test_vlans_as_ports(tmp_path):
    with contextlib.ExitStack() as stack:
        trunk = Trunk(tmp_path, stack)
        wait_until(lambda: ping(trunk.hosts[0], ROUTER, count=1, wait=1).received == 1, 20, "the router is reached")
        for i, host in enumerate(trunk.hosts):
            for j in range(3):
                if i != j:
                    assert ping(host, address(j), count=2).received == 2, f"from {i} to {j}"
        known = {row["mac"]: row["interface"] for row in trunk.daemon.ctl_json("show bridge-station")}
        assert [known.get(host.mac()) for host in trunk.hosts] == ["ten", "twenty", "p2"]


def test_changes_lose_nothing(tmp_path):
    """Numbered datagrams from host0 to host1, while all else of the bridge changes."""
    with contextlib.ExitStack() as stack:
        office = Office(tmp_path, stack, "--workers", 2)
        assert ping(office.hosts[0], address(1), count=2).received == 2
        mac = office.hosts[1].mac()
        changes = (
            ("delete bridge-port p2", "add bridge-port br p2"),
            ("set bridge br ageing 100 move-limit 9 suppress arp nd", "reset bridge br"),
            ("add bridge-port br p0 storm-limit 1000000", "add bridge-port br p0 learning off", "add bridge-port br p0"),
            ("add bridge-port br p2 group 4", "add bridge-port br p2"),
            (f"add bridge-station br {mac} p1",),
            (f"add bridge-host br 10.0.0.99 {mac}", "delete bridge-host br 10.0.0.99"),
            ("add bridge second", "add null extra", "add bridge-port second extra", "delete interface second",
             "delete interface extra"),
            ("set interface p2 state down", "set interface p2 state up"),
            ("set interface br state down", "set interface br state up"),
            ("show bridge", "show bridge-port", "show bridge-station", "show bridge-host"),
        )
        with Numbered(office.hosts[0], office.hosts[1], address(1)) as numbered:
            numbered.wait_received(10)
            for _ in range(5):
                for lines in changes:
                    office.daemon.ctl(*lines)
            numbered.stop()
        assert numbered.sent > 500
        assert (numbered.received, numbered.out_of_order) == (numbered.sent, 0), office.daemon.errors()
