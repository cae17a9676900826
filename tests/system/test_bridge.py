# SPDX-License-Identifier: Apache-2.0
"""Three hosts at three ports of a bridge, and the router in it."""

import contextlib

import pytest

from lib.clients import iperf, ping
from lib.daemon import Daemon
from lib.netns import Namespace, join
from lib.wait import wait_until

ROUTER = "10.0.0.1"


def address(number):
    return f"10.0.0.{number + 2}"


class Office:
    """host0 to host2 at the ports p0 to p2."""

    def __init__(self, directory, stack):
        self.box = stack.enter_context(Namespace("box"))
        self.hosts = [stack.enter_context(Namespace(f"host{i}")) for i in range(3)]
        for i, host in enumerate(self.hosts):
            join(host, "eth0", self.box, f"port{i}")
            host.ip("address", "add", f"{address(i)}/24", "dev", "eth0")
            host.ip("route", "add", "default", "via", ROUTER)
        self.daemon = stack.enter_context(Daemon(self.box, directory))
        self.daemon.ctl("add bridge br", f"add address br {ROUTER}/24", "set interface br state up",
                        *(f'add port p{i} device "net_af_packet{i},iface=port{i}"' for i in range(3)),
                        *(f"add bridge-port br p{i}" for i in range(3)),
                        *(f"set interface p{i} state up" for i in range(3)))
        wait_until(lambda: all(i["link"] == "up" for i in self.daemon.ctl_json("show interface")), 10,
                   lambda: self.daemon.ctl("show interface"), 0.1)

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

    def sent(port):
        return int(office.daemon.interface(port)["tx_packets"])

    before = sent("p2")
    assert ping(office.hosts[0], address(1), count=50).received == 50
    assert sent("p2") - before < 10


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
    assert int(office.daemon.ctl_json("show bridge")[0]["moves"]) >= 1


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
