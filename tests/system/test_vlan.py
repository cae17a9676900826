# SPDX-License-Identifier: Apache-2.0
"""VLANs: a router on a stick behind a switch, and two tags between two routers."""

import contextlib

import pytest

from lib.clients import iperf, ping
from lib.daemon import Daemon
from lib.lab import LAN, LAN_ROUTER, WAN, WAN_ROUTER, set_up_host
from lib.netns import Namespace, join
from lib.switch import Switch
from lib.wait import wait_until

VLANS = {"lan": 10, "wan": 20}


class Stick:
    """lan (VLAN 10) and wan (VLAN 20) at a switch, which a single cable joins to the router."""

    def __init__(self, directory, stack):
        self.lan, self.wan, switch, box = (stack.enter_context(Namespace(name))
                                           for name in ("lan", "wan", "switch", "box"))
        join(self.lan, "eth0", switch, "lan")
        join(self.wan, "eth0", switch, "wan")
        join(switch, "trunk", box, "trunk0")
        self.switch = stack.enter_context(Switch(switch, "trunk", VLANS))
        self.daemon = stack.enter_context(Daemon(box, directory))
        self.daemon.ctl('add port trunk device "net_af_packet0,iface=trunk0"', "set interface trunk state up",
                        *(f"add vlan {side} parent trunk id {vlan}" for side, vlan in VLANS.items()),
                        f"add address lan {LAN_ROUTER}/24", f"add address wan {WAN_ROUTER}/24",
                        "set interface lan state up", "set interface wan state up")
        set_up_host(self.lan, LAN, LAN_ROUTER)
        set_up_host(self.wan, WAN, WAN_ROUTER)
        wait_until(lambda: all(i["link"] == "up" for i in self.daemon.ctl_json("show interface")), 10,
                   lambda: self.daemon.ctl("show interface"), 0.1)


@pytest.fixture
def stick(tmp_path):
    with contextlib.ExitStack() as stack:
        yield Stick(tmp_path, stack)


def test_a_router_on_a_stick(stick):
    assert ping(stick.lan, WAN, count=5).received == 5
    assert ping(stick.wan, LAN, "-s", 1472, "-M", "do", count=5).received == 5
    hops = stick.lan.run("traceroute", "-n", "-q", 1, "-w", 5, WAN).stdout.splitlines()[1:]
    assert [hop.split()[1] for hop in hops] == [LAN_ROUTER, WAN]
    assert iperf(stick.lan, stick.wan, WAN, seconds=1)["sum_received"]["bytes"] > 1000
    counted = {i["name"]: i for i in stick.daemon.ctl_json("show interface")}
    for side in VLANS:
        assert int(counted[side]["rx_packets"]) > 5 and int(counted[side]["tx_packets"]) > 5
    assert int(counted["trunk"]["rx_packets"]) >= sum(int(counted[side]["rx_packets"]) for side in VLANS)


def test_priority_is_kept_from_one_vlan_into_another(stick):
    assert ping(stick.lan, WAN, count=1).received == 1
    stick.switch.seen.clear()
    stick.switch.priority = 5
    assert ping(stick.lan, WAN, count=3).received == 3
    assert set(stick.switch.seen) == {(10, 5), (20, 5)}


def test_a_cross_connect_translates_vlans(stick):
    """One network whose hosts are in two VLANs: what comes in with one tag leaves with the other."""
    stick.wan.ip("address", "flush", "dev", "eth0")
    stick.wan.ip("address", "add", "10.0.1.3/24", "dev", "eth0")
    stick.switch.priority = 3
    stick.daemon.ctl("add cross-connect lan wan")
    assert ping(stick.lan, "10.0.1.3", count=3).received == 3
    assert set(stick.switch.seen) >= {(10, 3), (20, 3)}


def test_what_has_no_vlan_is_a_counted_drop(stick):
    assert ping(stick.lan, WAN, count=1).received == 1
    stick.daemon.ctl("delete interface wan")
    before = stick.daemon.errors()
    assert ping(stick.wan, WAN_ROUTER, count=1, wait=1).received == 0
    wait_until(lambda: stick.daemon.errors() != before and any(
        "unknown-vlan" in str(key) for key in stick.daemon.errors()), 10, lambda: str(stick.daemon.errors()))
    stick.daemon.ctl("add vlan wan parent trunk id 20", f"add address wan {WAN_ROUTER}/24", "set interface wan state up")
    wait_until(lambda: ping(stick.wan, LAN, count=1, wait=1).received == 1, 10, lambda: stick.daemon.ctl("show interface"))


def test_vlans_come_and_go_and_lose_nothing_of_others(stick):
    assert ping(stick.lan, WAN, count=1).received == 1
    stream = stick.lan.start("ping", "-n", "-q", "-i", 0.005, "-c", 400, WAN, stdout=-1)
    for number in range(40):
        stick.daemon.ctl(f"add vlan v{number} parent trunk id {100 + number}", f"set interface v{number} state up",
                         f"delete interface v{number}")
    assert " 400 received" in stream.communicate(timeout=60)[0]


def test_the_configuration_brings_them_back(stick, tmp_path):
    ctl = stick.daemon.ctl
    ctl("add vlan deep parent lan id 7", "add vlan rest parent trunk default")
    saved = ctl("show running-config").splitlines()
    assert saved.index("add vlan lan parent trunk id 10") < saved.index("add vlan deep parent lan id 7")
    file = tmp_path / "all"
    file.write_text("\n".join(saved))
    ctl("configure", "delete interface trunk", "commit")
    assert ctl("show vlan | count") == "0\n"
    ctl(f"candidate load {file}", "commit")
    assert ctl("show running-config").splitlines() == saved
    wait_until(lambda: ping(stick.lan, WAN, count=1, wait=1).received == 1, 20, lambda: ctl("show interface"))


def test_two_tags_between_two_routers(tmp_path):
    """A customer's VLAN in a provider's, on shared memory, which carries frames as they are."""
    with contextlib.ExitStack() as stack:
        hosts = [stack.enter_context(Namespace(name)) for name in ("lan", "wan")]
        boxes = [stack.enter_context(Namespace(name)) for name in ("first", "second")]
        daemons = []
        for index, (host, box) in enumerate(zip(hosts, boxes)):
            near, far = index + 1, 2 - index
            join(host, "eth0", box, "host0")
            set_up_host(host, f"10.0.{near}.2", f"10.0.{near}.1")
            daemon = stack.enter_context(Daemon(box, tmp_path, name=("first", "second")[index]))
            daemons.append(daemon)
            role = ("server", "client")[index]
            daemon.ctl('add port host device "net_af_packet0,iface=host0"', f"add address host 10.0.{near}.1/24",
                       f'add port link device "net_memif0,role={role},id=0,socket={tmp_path}/memif.sock,socket-abstract=no"',
                       "add vlan provider parent link id 300 type dot1ad", "add vlan customer parent provider id 30",
                       f"add address customer 10.0.12.{near}/24", f"add route 10.0.{far}.0/24 via 10.0.12.{far}",
                       *(f"set interface {name} state up" for name in ("host", "link", "provider", "customer")))
        wait_until(lambda: all(d.interface("customer")["link"] == "up" for d in daemons), 20,
                   lambda: "".join(d.ctl("show interface") + d.log() for d in daemons), 0.1)
        daemons[1].ctl("trace add ethernet-input 10")
        assert ping(hosts[0], "10.0.2.2", count=5).received == 5
        assert ping(hosts[1], "10.0.1.2", "-s", 1472, "-M", "do", count=5).received == 5
        trace = daemons[1].ctl("show trace")
        assert "dot1ad 300" in trace and "dot1q 30" in trace and "interface customer" in trace
        # Either tag alone is nobody's address.
        daemons[1].ctl("delete interface customer")
        assert ping(hosts[0], "10.0.12.2", count=1, wait=1).received == 0
        assert any("unknown-vlan" in str(key) for key in daemons[1].errors())
