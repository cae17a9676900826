# SPDX-License-Identifier: Apache-2.0
"""An address of the router that belongs to no link, asked for from both sides."""

import pytest

from lib.clients import ping
from lib.lab import LAN, Lab
from lib.wait import wait_until

IDENTITY = "192.0.2.1"


@pytest.fixture
def lab(tmp_path):
    with Lab(tmp_path) as lab:
        lab.daemon.ctl("add loopback id", f"add address id {IDENTITY}/32", "set interface id state up")
        yield lab


def test_both_sides_reach_it(lab):
    assert lab.daemon.interface("id")["link"] == "up"
    for host in (lab.lan, lab.wan):
        assert ping(host, IDENTITY, "-s", 1472, "-M", "do", count=5).received == 5
    # Whatever becomes of one port: the other side does not notice.
    lab.daemon.ctl("set interface wan state down")
    assert ping(lab.lan, IDENTITY, count=3).received == 3
    lab.daemon.ctl("delete interface wan")
    assert ping(lab.lan, IDENTITY, count=3).received == 3


def test_nobody_else_is_in_its_network(lab):
    lab.daemon.ctl("add loopback many", "add address many 198.51.100.1/24", "set interface many state up")
    assert ping(lab.lan, "198.51.100.1").received == 1
    assert "Destination Host Unreachable" in ping(lab.lan, "198.51.100.7", wait=10).text
    lab.daemon.ctl("add neighbor many 198.51.100.8 02:00:00:00:00:08")
    before = lab.daemon.error("loopback-tx", "nobody-there")
    assert ping(lab.lan, "198.51.100.8", count=3, wait=1).received == 0
    lab.daemon.wait_error("loopback-tx", "nobody-there", before + 3)
    lab.daemon.ctl("trace add loopback-tx 1")
    ping(lab.lan, "198.51.100.8", wait=1)
    wait_until(lambda: "interface many" in lab.daemon.ctl("show trace"), 10, lambda: lab.daemon.ctl("show trace"))


def test_it_comes_back_with_the_configuration(lab, tmp_path):
    lab.daemon.ctl("set interface id mtu 9000")
    saved = lab.daemon.ctl("show running-config")
    assert "add loopback id\n" in saved and "mac" not in saved
    path = tmp_path / "saved.conf"
    path.write_text(saved)
    lab.daemon.stop()
    lab.start("--config", path)
    lab.wait_links()
    assert lab.daemon.ctl("show running-config") == saved
    wait_until(lambda: ping(lab.lan, IDENTITY, wait=1).received, 10, "it answers again")
    assert ping(lab.wan, IDENTITY, "-I", "10.0.2.2", count=3).received == 3
    assert ping(lab.wan, LAN, count=1).received == 1
