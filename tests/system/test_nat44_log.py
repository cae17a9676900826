# SPDX-License-Identifier: Apache-2.0
"""Who had an outside address is told: to those who follow the log, and to a collector by IPFIX, which tshark reads."""

import re
import select
import subprocess

import pytest

from lib.capture import Wire
from lib.clients import ping
from lib.daemon import SLUICECTL
from lib.lab import LAN, WAN
from lib.nat import POOL, NatLab
from lib.wait import wait_until


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with NatLab(tmp_path_factory.mktemp("nat44-log")) as lab:
        lab.box.ip("link", "set", "lo", "up")
        yield lab


def test_a_collector_is_told_of_sessions(lab):
    with lab.pool(), Wire(lab.box, "lo") as wire:
        lab.daemon.ctl("set nat44 log 127.0.0.1 domain 7")
        try:
            assert "set nat44 log 127.0.0.1 domain 7" in lab.daemon.ctl("show running-config")
            assert ping(lab.lan, WAN, count=1).received == 1
            lab.end_sessions()
            fields = ("cflow.od_id", "cflow.nat_event", "cflow.srcaddr", "cflow.post_natsource_ipv4_address", "cflow.dstaddr")

            def events():
                """What was told; on a loopback each message is seen twice, as it leaves and as it comes."""
                rows = [[row[field].split(";") if isinstance(row[field], str) else row[field] for field in fields]
                        for row in wire.tshark("cflow", *fields) if row["cflow.nat_event"]]
                return {(event, *rest) for _, *values in rows for event, *rest in zip(*values)}

            told = {(event, LAN, POOL, WAN) for event in ("4", "5")}
            wait_until(lambda: events() == told, 20, lambda: f"{events()} is {told}", every=0.5)
        finally:
            lab.daemon.ctl("reset nat44 log")
    assert "there is no" not in lab.daemon.ctl("show nat44 log")
    assert lab.daemon.refused("reset nat44 log") == "the log of nat44 goes to no collector"


def test_who_follows_the_log_reads_lines(lab):
    with lab.pool():
        shell = subprocess.Popen([SLUICECTL, "--socket", lab.daemon.socket, "-c", "monitor nat44"], stdout=subprocess.PIPE,
                                 text=True)
        try:
            # Followed from some moment on: a session for each ping.
            wait_until(lambda: ping(lab.lan, WAN, count=1).received == 1 and select.select([shell.stdout], [], [], 0.5)[0], 20,
                       "a line of the log")
            line = shell.stdout.readline()
        finally:
            shell.terminate()
            shell.wait()
    assert re.search(rf"session created: protocol 1 {LAN}:\d+ as {POOL}:\d+ with {WAN}:\d+", line), line
