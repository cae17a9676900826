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


@pytest.mark.parametrize("words, destination", [("", False), (" destinations off", False), (" destinations on", True)])
def test_a_collector_is_told_of_sessions(lab, words, destination):
    """With whom, only where that is asked for (RFC 6888 REQ-12)."""
    with lab.pool(), Wire(lab.box, "lo") as wire:
        lab.daemon.ctl(f"set nat44 log 127.0.0.1 domain 7{words}")
        try:
            said = "set nat44 log 127.0.0.1 domain 7" + (words if destination else "")
            assert said in lab.daemon.ctl("show running-config").splitlines()
            assert ping(lab.lan, WAN, count=1).received == 1
            lab.end_sessions()
            fields = ["cflow.od_id", "cflow.nat_event", "cflow.srcaddr", "cflow.post_natsource_ipv4_address"]
            unsaid = ("cflow.dstaddr", "cflow.post_natdestination_ipv4_address", "cflow.dstport", "cflow.post_naptdestination_transport_port")
            if destination:
                fields.append("cflow.dstaddr")

            def events():
                """What was told; on a loopback each message is seen twice, as it leaves and as it comes."""
                rows = [[row[field].split(";") if isinstance(row[field], str) else row[field] for field in fields]
                        for row in wire.tshark("cflow", *fields) if row["cflow.nat_event"]]
                return {(event, *rest) for _, *values in rows for event, *rest in zip(*values)}

            told = {(event, LAN, POOL, *([WAN] if destination else [])) for event in ("4", "5")}
            wait_until(lambda: events() == told, 20, lambda: f"{events()} is {told}", every=0.5)
            if not destination:
                assert not any(row[field] for row in wire.tshark("cflow", *unsaid) for field in unsaid)
        finally:
            lab.daemon.ctl("reset nat44 log")
    assert "there is no" not in lab.daemon.ctl("show nat44 log")
    assert lab.daemon.refused("reset nat44 log") == "the log of nat44 goes to no collector"


@pytest.mark.parametrize("words, remote", [("", ""), (" destinations on", rf" with {re.escape(WAN)}:\d+")])
def test_who_follows_the_log_reads_lines(lab, words, remote):
    with lab.pool():
        shell = subprocess.Popen([SLUICECTL, "--socket", lab.daemon.socket, "-c", f"monitor nat44{words}"], stdout=subprocess.PIPE,
                                 text=True)
        try:
            # Followed from some moment on: a session for each ping.
            wait_until(lambda: ping(lab.lan, WAN, count=1).received == 1 and select.select([shell.stdout], [], [], 0.5)[0], 20,
                       "a line of the log")
            line = shell.stdout.readline()
        finally:
            shell.terminate()
            shell.wait()
    assert re.search(rf"session created: protocol 1 {LAN}:\d+ as {POOL}:\d+{remote}$", line.rstrip()), line
