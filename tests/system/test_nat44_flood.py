# SPDX-License-Identifier: Apache-2.0
"""Who floods the translator costs himself and new ones, and not those who are established."""

import contextlib
import random
import re

import pytest

from lib.answered import Answered
from lib.clients import ping
from lib.lab import LAN, WAN
from lib.nat import POOL, NatLab, Teller, WebServer, ask, ask_tcp, udp_socket
from lib.wait import PATIENCE, wait_until

CONTENT = random.Random(45).randbytes(3_000_000)
CROWD = "10.8.0.0/16"
# The fewest that a table may have.
LEAST = 1024


class RoomyLab(NatLab):
    """Receive rings that outlast a busy machine; interfaces `gen` inside and `sink` outside for packets of the router's own making."""

    def __init__(self, directory, workers=1):
        super().__init__(directory, "af_packet", ("--workers", workers, "--memory", 512))
        self.daemon.ctl("add pg interface gen", "add address gen 10.8.0.1/16", "set interface gen state up",
                        "set interface gen nat44 inside", "add pg interface sink", "add address sink 10.9.0.1/24",
                        "set interface sink state up", "set interface sink nat44 outside",
                        "add neighbor sink 10.9.0.2 02:00:00:00:00:99", "add route 198.19.0.0/16 via 10.9.0.2")

    def make_line(self, side, number):
        return f'add port {side} device "net_af_packet{number},iface={side}0,framecnt=4096"'

    def flow_totals(self):
        """Of all workers' tables."""
        tables = self.daemon.ctl_json("show flow")
        return {field: sum(int(table[field]) for table in tables)
                for field in ("sessions", "capacity", "created", "timed_out", "displaced", "removed", "refused")}

    def sent(self, stream):
        return next(int(one["sent"]) for one in self.daemon.ctl_json("show pg") if one["name"] == stream)


def assert_adds_up(totals):
    assert totals["created"] == totals["sessions"] + totals["timed_out"] + totals["displaced"] + totals["removed"], totals


@contextlib.contextmanager
def web_transfer(lab, path):
    """A connection that carries something all the while, and arrives whole."""
    with WebServer(lab.wan, CONTENT):
        client = lab.lan.start("curl", "-sS", "--fail", "--limit-rate", "1M", "--max-time", int(120 * PATIENCE), "-o", path,
                               f"http://{WAN}/")
        try:
            wait_until(lambda: any(s["timer"] == "tcp-established" for s in lab.sessions("remote-port 80")), 20,
                       lambda: f"a connection: {lab.daemon.ctl('show nat44 sessions protocol tcp')}")
            yield
            assert client.wait(timeout=120 * PATIENCE) == 0
            assert path.read_bytes() == CONTENT
        finally:
            client.kill()
            client.wait()


# By two workers more slowly: half of it is handed over, and those who are handed what they cannot take drop it by name, whoever sent
# it; where two workers and all hosts share two cores that may be anybody's.
@pytest.mark.parametrize("workers, rate", [(1, 1_000_000), (2, 200_000)])
def test_a_syn_flood_displaces_itself(tmp_path, workers, rate):
    """A million connections begun a second, as many as fit in the table within a moment: those that are established lose nothing, and
    who begins meanwhile has as much time as everybody, a ping as well, whose timeout is shorter."""
    with RoomyLab(tmp_path, workers) as lab:
        daemon = lab.daemon
        daemon.ctl("set flow sessions 131072", "add nat44 pool p", f"add nat44 address p {POOL}",
                   f"add nat44 pool crowd inside {CROWD}", "add nat44 address crowd 10.0.2.120 to 10.0.2.123",
                   f"add pg stream flood interface gen protocol tcp rate {rate} source 10.8.1.1 sources 4096 source-ports 16 "
                   "destination 198.19.0.1 destinations 60000 destination-port 80 order random")
        with Answered(lab.lan, lab.wan, WAN, flows=8, rate=300) as flows, web_transfer(lab, tmp_path / "down"):
            flows.wait_received(100)
            wait_until(lambda: flows.answers > 50, 10, "answers")
            before = lab.flow_totals()
            daemon.ctl("start pg flood")
            wait_until(lambda: lab.flow_totals()["displaced"] > 300_000, 60, lambda: f"the flood displaces itself: {daemon.ctl('show flow')}")
            wait_until(lambda: ping(lab.lan, WAN).received == 1, 20, "a ping")
            daemon.ctl("stop pg flood")
            flows.stop()
            wait_until(lambda: flows.answers >= flows.received, 10, lambda: f"{flows.answers} answers of {flows.received}")
            assert (flows.received, flows.answers, flows.out_of_order) == (flows.sent, flows.sent, 0), daemon.errors()
        totals = lab.flow_totals()
        assert_adds_up(totals)
        assert totals["refused"] == 0
        # Each packet of the flood began a session or is a drop by name; of the drops some may be others' packets, and a few of the
        # sessions are the hosts'.
        begun = totals["created"] - before["created"]
        dropped = sum(count for (node, _), count in daemon.errors().items() if node in ("nat44-in2out", "ip4-flow", "worker-handoff"))
        assert begun > 300_000
        assert begun - 100 <= lab.sent("flood") <= begun + dropped + 1000, (begun, dropped, lab.sent("flood"))


def test_a_table_full_of_lasting_sessions_refuses_new_ones(tmp_path):
    with RoomyLab(tmp_path) as lab, contextlib.ExitStack() as stack:
        daemon = lab.daemon
        daemon.ctl(f"set flow sessions {LEAST}", "add nat44 pool p", f"add nat44 address p {POOL}")
        stack.enter_context(Teller(lab.wan))
        flows = stack.enter_context(Answered(lab.lan, lab.wan, WAN, flows=4, rate=100))
        wait_until(lambda: flows.answers > 20, 20, "answers")
        while lab.count() < LEAST:
            for _ in range(LEAST - lab.count()):
                assert ask(lab.lan, WAN)[0] == POOL
        assert {timer["timer"]: int(timer["sessions"]) for timer in daemon.ctl_json("show flow timeouts")}["udp-replied"] == LEAST
        with udp_socket(lab.den) as late:
            late.sendto(b"?", (WAN, 9))
            daemon.wait_error("nat44-in2out", "table-full", 1)
        totals = lab.flow_totals()
        assert (totals["sessions"], totals["refused"], totals["displaced"]) == (LEAST, 1, 0)
        # Who has a session goes on; where one ends there is room again.
        flows.wait_received(flows.received + 20)
        daemon.ctl("clear nat44 sessions remote-port 9000")
        lab.wait_count(4)
        assert ask(lab.den, WAN)[0] == POOL
        assert ask_tcp(lab.den, WAN)[0] == POOL
        flows.stop()
        wait_until(lambda: flows.answers >= flows.received, 10, lambda: f"{flows.answers} answers of {flows.received}")
        assert (flows.received, flows.answers, flows.out_of_order) == (flows.sent, flows.sent, 0), daemon.errors()
        assert_adds_up(lab.flow_totals())


def test_an_exhausted_pool_under_a_flood_stalls_nobody(tmp_path):
    """Nearly every packet of the flood looks for a port in vain."""
    with RoomyLab(tmp_path) as lab:
        daemon = lab.daemon
        daemon.ctl(f"add nat44 pool p inside {LAN}/32", f"add nat44 address p {POOL}",
                   f"add nat44 pool crowd inside {CROWD} first-port 5000 last-port 6023", "add nat44 address crowd 10.0.2.120",
                   "add pg stream flood interface gen protocol tcp rate 1000000 source 10.8.1.1 sources 4096 source-ports 16 "
                   "destination 198.19.0.1 destination-port 80 order random")
        with Answered(lab.lan, lab.wan, WAN, flows=8, rate=300) as flows:
            wait_until(lambda: flows.answers > 50, 20, "answers")
            daemon.ctl("start pg flood")
            wait_until(lambda: daemon.error("nat44-in2out", "no-port") > 100_000, 60, lambda: f"refusals: {daemon.errors()}")
            assert ping(lab.lan, WAN, count=3).received == 3
            # Few are told that they are refused, and other errors have their share.
            hops = lab.lan.run("traceroute", "-n", "-q", 3, "-m", 1, "-w", 5, "-I", WAN).stdout
            assert len(re.findall(r" ms", hops)) == 3, hops
            daemon.ctl("stop pg flood")
            assert daemon.error("icmp4-error", "rate-limited") == 0
            # The last few ports are found by chance.
            assert 960 < lab.count(f"inside {CROWD}") <= 1024
            flows.stop()
            wait_until(lambda: flows.answers >= flows.received, 10, lambda: f"{flows.answers} answers of {flows.received}")
            # Not in which order: the scheduler moves a busy worker, and its packets then wait in another core's queue of the kernel.
            assert (flows.received, flows.answers) == (flows.sent, flows.sent), daemon.errors()
