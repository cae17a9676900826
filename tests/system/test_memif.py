# SPDX-License-Identifier: Apache-2.0
"""Two routers joined by shared memory: lan -- first == memif == second -- wan."""

import contextlib

import pytest

from lib.clients import iperf, ping
from lib.daemon import Daemon
from lib.lab import set_up_host
from lib.netns import Namespace, join
from lib.wait import wait_until


def memif(number, role, path):
    return f'add port link device "net_memif{number},role={role},id=0,socket={path},socket-abstract=no"'


class Pair:
    """The two hosts, the two routers. `second` can be made anew."""

    def __init__(self, directory, stack, kind="af_packet"):
        self.directory = directory
        self.stack = stack
        self.kind = kind
        self.hosts = [stack.enter_context(Namespace(name)) for name in ("lan", "wan")]
        self.boxes = [stack.enter_context(Namespace(name)) for name in ("first", "second")]
        self.daemons = [None, None]
        for index, (host, box) in enumerate(zip(self.hosts, self.boxes)):
            if kind != "tap":
                join(host, "eth0", box, "host0")
                set_up_host(host, f"10.0.{index + 1}.2", f"10.0.{index + 1}.1")
        for index in (0, 1):
            self.start(index)
        self.wait_links()

    def start(self, index):
        daemon = self.stack.enter_context(Daemon(self.boxes[index], self.directory, name=("first", "second")[index]))
        self.daemons[index] = daemon
        near, far = index + 1, 2 - index
        if self.kind == "tap":
            daemon.ctl("add tap host host-interface host0")
            # The kernel's side of a tap goes to where its host is.
            self.boxes[index].ip("link", "set", "host0", "netns", self.hosts[index].name, "name", "eth0")
        else:
            daemon.ctl('add port host device "net_af_packet0,iface=host0"')
        daemon.ctl(f"add address host 10.0.{near}.1/24",
                   memif(0, ("server", "client")[index], self.directory / "memif.sock"),
                   f"add address link 10.0.12.{near}/24", "set interface host state up", "set interface link state up",
                   f"add route 10.0.{far}.0/24 via 10.0.12.{far}")
        if self.kind == "tap":
            set_up_host(self.hosts[index], f"10.0.{near}.2", f"10.0.{near}.1")

    def wait_links(self):
        wait_until(lambda: all(daemon.interface("link")["link"] == "up" for daemon in self.daemons), 20,
                   lambda: "the memif joins: " + "".join(d.ctl("show interface") + d.log() for d in self.daemons), 0.1)


@pytest.fixture
def pair(tmp_path):
    with contextlib.ExitStack() as stack:
        yield Pair(tmp_path, stack)


def test_ping_over_both(pair):
    lan, wan = pair.hosts
    assert ping(lan, "10.0.2.2", count=5).received == 5
    assert ping(wan, "10.0.1.2", "-s", 1472, "-M", "do", count=5).received == 5
    hops = lan.run("traceroute", "-n", "-q", 1, "-w", 5, "10.0.2.2").stdout.splitlines()[1:]
    assert [hop.split()[1] for hop in hops] == ["10.0.1.1", "10.0.12.2", "10.0.2.2"]


def test_jumbo_packets_lie_in_several_buffers(tmp_path):
    """By taps, which take long frames; nobody on the way cuts them."""
    with contextlib.ExitStack() as stack:
        pair = Pair(tmp_path, stack, "tap")
        for daemon in pair.daemons:
            daemon.ctl("set interface link mtu 9000", "set interface host mtu 9000")
        lan, wan = pair.hosts
        for size in (1472, 2006, 2100, 4055, 6200, 8972):
            assert ping(lan, "10.0.2.2", "-M", "do", "-s", size, count=3).received == 3, (size, pair.daemons[1].errors())
        assert ping(wan, "10.0.12.1", "-s", 60000, count=3).received == 3, pair.daemons[0].errors()
        assert iperf(lan, wan, "10.0.2.2")["sum_received"]["bytes"] > 1_000_000


def test_a_stream_loses_nothing(pair):
    assert ping(pair.hosts[0], "10.0.2.2", count=1).received == 1
    assert ping(pair.hosts[0], "10.0.2.2", "-i", 0.002, count=300).received == 300


def test_a_client_without_a_server_says_so(box, tmp_path):
    with Daemon(box, tmp_path) as client:
        client.ctl(memif(0, "client", tmp_path / "memif.sock"))
        assert str(tmp_path / "memif.sock") in client.refused("set interface link state up")
        assert client.interface("link")["state"] == "down"


@pytest.mark.parametrize("who", [0, 1], ids=["server", "client"])
def test_the_link_comes_back_after_one_was_killed(pair, who):
    assert ping(pair.hosts[0], "10.0.2.2").received == 1
    pair.daemons[who].kill()
    other = pair.daemons[1 - who]
    wait_until(lambda: other.interface("link")["link"] == "down", 20, "the other side notices", 0.1)
    pair.start(who)
    pair.wait_links()
    assert ping(pair.hosts[0], "10.0.2.2", count=3, wait=10).received == 3


def test_the_client_joins_again_when_it_is_set_up_again(pair):
    pair.daemons[0].kill()
    client = pair.daemons[1]
    wait_until(lambda: client.interface("link")["link"] == "down", 20, "the client notices", 0.1)
    pair.start(0)
    client.ctl("set interface link state down", "set interface link state up")
    pair.wait_links()
    assert ping(pair.hosts[0], "10.0.2.2", count=3, wait=10).received == 3
