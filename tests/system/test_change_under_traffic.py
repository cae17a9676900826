# SPDX-License-Identifier: Apache-2.0
"""Nothing that an operator does stops the router: no packet is lost while everything changes."""

import subprocess

import pytest

from lib.clients import read_ping
from lib.daemon import shell
from lib.lab import WAN
from lib.netns import join
from lib.wait import PATIENCE

SHOWS = ("show interface", "show address", "show route | count", "show neighbor", "show runtime", "show errors",
         "show graph", "show feature", "show worker", "show buffers", "show version", "show plugin",
         "show memory", "show errors all", "show graph dot", "show graph svg", "show doctor")


def routes(lab, tmp_path):
    prefixes = [f"10.{100 + n // 250}.{n % 250}.0/24" for n in range(1000)]
    for verb, rest in (("add", " via 10.0.2.2"), ("delete", "")):
        script = tmp_path / f"{verb}.cli"
        script.write_text("".join(f"{verb} route {prefix}{rest}\n" for prefix in prefixes))
        done = shell(lab.daemon.socket, "-f", script, timeout=120)
        assert done.returncode == 0, done.stderr


def covering_routes(lab, _):
    """Longer and shorter prefixes of the very address that the pings go to."""
    for prefix in ("10.0.2.2/32", "10.0.2.0/25", "10.0.0.0/16", "0.0.0.0/0"):
        lab.daemon.ctl(f"add route {prefix} via 10.0.2.2 interface wan", f"delete route {prefix}")


def interfaces(lab, _):
    lab.daemon.ctl('add port spare device "net_af_packet9,iface=spare0"', "add address spare 10.0.5.1/24",
                   "set interface spare state up", "add route 10.5.0.0/16 via 10.0.5.2",
                   "set interface spare mtu 1280", "set interface spare state down", "delete interface spare")
    lab.daemon.ctl("add tap spare host-interface sparetap", "set interface spare state up", "delete interface spare")


def traces(lab, _):
    lab.daemon.ctl("trace add ethernet-input 100", "show trace 10", "trace add ip4-rewrite 10", "show trace",
                   "clear trace")


def shows(lab, _):
    lab.daemon.ctl(*SHOWS, "clear counters")


def neighbors(lab, _):
    lab.daemon.ctl("add neighbor wan 10.0.2.44 02:00:00:00:00:44", "delete neighbor wan 10.0.2.44",
                   "add address lan 10.0.6.1/24", "delete address lan 10.0.6.1/24")


@pytest.mark.parametrize("change", [routes, covering_routes, interfaces, traces, shows, neighbors],
                         ids=lambda function: function.__name__)
def test_no_packet_is_lost(lab, tmp_path, change):
    join(lab.box, "spare0", lab.box, "spare1")
    lab.assert_forwards()
    pings = lab.lan.start("ping", "-n", "-q", "-i", 0.002, "-c", 2500, "-W", 5, WAN, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    rounds = 0
    while pings.poll() is None:
        change(lab, tmp_path)
        rounds += 1
    done = read_ping(pings.communicate(timeout=60 * PATIENCE)[0])
    assert rounds >= 2
    assert (done.sent, done.received) == (2500, 2500), f"{done.text} {lab.daemon.errors()} after {rounds} rounds"
