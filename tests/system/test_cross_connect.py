# SPDX-License-Identifier: Apache-2.0
"""Two hosts of one network, at two ports that are joined."""

import pytest

from lib.clients import iperf, ping
from lib.lab import Lab
from lib.wait import wait_until

PEER = "10.0.1.3"


@pytest.fixture(params=["af_packet", "tap"])
def joined(request, tmp_path):
    with Lab(tmp_path, request.param) as lab:
        lab.wan.ip("address", "flush", "dev", "eth0")
        lab.wan.ip("address", "add", f"{PEER}/24", "dev", "eth0")
        lab.daemon.ctl("add cross-connect lan wan")
        yield lab


def test_they_are_on_one_wire(joined):
    assert ping(joined.lan, PEER, count=5).received == 5
    assert ping(joined.wan, "10.0.1.2", "-s", 1472, "-M", "do", count=5).received == 5
    assert iperf(joined.lan, joined.wan, PEER, seconds=1)["sum_received"]["bytes"] > 1_000_000
    # Whoever it is for, the router too: nobody answers for it.
    assert ping(joined.lan, "10.0.1.1", count=1, wait=1).received == 0
    counted = {i["name"]: i for i in joined.daemon.ctl_json("show interface")}
    assert int(counted["wan"]["tx_packets"]) > 10 and int(counted["lan"]["rx_packets"]) > 10


def test_parted_they_are_the_routers_again(joined):
    assert ping(joined.lan, PEER, count=1).received == 1
    joined.daemon.ctl("delete cross-connect wan lan")
    wait_until(lambda: ping(joined.lan, "10.0.1.1", count=1, wait=1).received == 1, 10, "the router answers")
    assert ping(joined.lan, PEER, count=1, wait=1).received == 0


def test_a_trace_tells_the_peer(joined):
    joined.daemon.ctl("trace add cross-connect 1")
    assert ping(joined.lan, PEER, count=1).received == 1
    assert "cross-connect" in joined.daemon.ctl("show trace") and "peer wan" in joined.daemon.ctl("show trace")
