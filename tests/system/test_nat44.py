# SPDX-License-Identifier: Apache-2.0
"""Hosts inside reach those outside by other addresses: real ones on both sides, whose tools tell what they see."""

import re

import pytest

from lib.capture import Wire
from lib.clients import ping
from lib.lab import LAN, WAN, Lab
from lib.wait import wait_until

POOL = "10.0.2.100"


@pytest.fixture(scope="module", params=["af_packet"])
def lab(request, tmp_path_factory):
    with Lab(tmp_path_factory.mktemp("nat44"), request.param) as lab:
        lab.daemon.ctl("set interface lan nat44 inside", "set interface wan nat44 outside",
                       "add nat44 pool p", f"add nat44 address p {POOL}")
        # Whoever is inside cannot be reached but by the translation.
        lab.wan.ip("route", "del", "default")
        yield lab


def test_ping(lab):
    assert ping(lab.lan, WAN, count=3).received == 3
    sessions = lab.daemon.ctl_json("show nat44 sessions protocol icmp")
    assert [s["outside"].split(":")[0] for s in sessions] == [POOL]
    assert sessions[0]["inside"].split(":")[0] == LAN
