# SPDX-License-Identifier: Apache-2.0
"""Flows through NAT44 lose no packet while all that they do not need is added, changed and deleted."""

import contextlib

import pytest

from lib.answered import Answered
from lib.lab import LAN, WAN
from lib.nat import DEN, POOL, NatLab, Teller, ask, is_unanswered, udp_socket
from lib.numbered import FIRST_PORT
from lib.wait import wait_until

# Where others than the flows under test have their addresses.
CROWD, CROWD_POOL = "10.8.0.0/16", "10.0.2.120"
SESSIONS = 20_000


class RoomyLab(NatLab):
    """Receive rings that outlast a busy machine."""

    def make_line(self, side, number):
        return f'add port {side} device "net_af_packet{number},iface={side}0,framecnt=4096"'


@pytest.fixture(params=[1, 2], ids=["one worker", "two workers"])
def lab(request, tmp_path):
    with RoomyLab(tmp_path, "af_packet", ("--workers", request.param, "--memory", 512)) as made:
        # Many sessions of others, who never end to make new ones.
        made.daemon.ctl("add pg interface gen", "add address gen 10.8.0.1/16", "set interface gen state up",
                        "set interface gen nat44 inside", "add pg interface sink", "add address sink 10.9.0.1/24",
                        "set interface sink state up", "set interface sink nat44 outside",
                        "add neighbor sink 10.9.0.2 02:00:00:00:00:99", "add route 198.19.0.0/16 via 10.9.0.2",
                        f"add nat44 pool crowd inside {CROWD}", f"add nat44 address crowd {CROWD_POOL}",
                        "add pg stream crowd interface gen vector 32 rate 20000 source 10.8.1.1 sources 200 source-step 1 "
                        f"source-ports 100 destination 198.19.0.1 destinations {SESSIONS} order random",
                        f"add nat44 pool p inside {LAN}/32", f"add nat44 address p {POOL}")
        yield made


def pools(lab):
    lab.daemon.ctl("add nat44 pool other inside 10.7.0.0/16 mapping endpoint-independent", "add nat44 address other 10.0.2.130 to 10.0.2.139",
                   "delete nat44 address other 10.0.2.130 to 10.0.2.139", "delete nat44 pool other",
                   # One that comes before theirs, as it is of a longer prefix: for other VRFs, it has nothing to do with them.
                   "add vrf other", f"add nat44 pool other inside {LAN}/32 vrf other allocation blocks block-size 128",
                   "add nat44 address other 10.0.2.130", "delete nat44 pool other", "delete vrf other")


def addresses(lab):
    """Of their pool."""
    lab.daemon.ctl("add nat44 address p 10.0.2.101 to 10.0.2.110", "delete nat44 address p 10.0.2.101 to 10.0.2.110")


def forwards(lab):
    lab.daemon.ctl(f"add nat44 forward udp {POOL} 53 to {DEN} 53", f"add nat44 forward udp {POOL} 53 to {LAN} 5353 weight 3",
                   f"delete nat44 forward udp {POOL} 53 to {DEN} 53", f"delete nat44 forward udp {POOL} 53 to {LAN} 5353",
                   f"add nat44 forward tcp {POOL} 80 to {DEN} 80 twice-nat on affinity on",
                   f"delete nat44 forward tcp {POOL} 80 to {DEN} 80")


def statics(lab):
    """For a host that speaks meanwhile, and for one of theirs that does not."""
    lab.daemon.ctl(f"add nat44 static 10.0.2.140 to {DEN}")
    with Teller(lab.wan):
        assert ask(lab.den, WAN)[0] == "10.0.2.140"
    lab.daemon.ctl("delete nat44 static 10.0.2.140")


def limits(lab):
    """A host of another pool has its fill."""
    lab.daemon.ctl(f"add nat44 pool tight inside {DEN}/32 sessions-per-host 1", "add nat44 address tight 10.0.2.150")
    with Teller(lab.wan), udp_socket(lab.den) as late:
        assert ask(lab.den, WAN)[0] == "10.0.2.150"
        assert is_unanswered(late, WAN)
    lab.daemon.ctl("delete nat44 pool tight")


def timeouts(lab):
    lab.daemon.ctl("set flow timeouts udp 30 udp-replied 60 tcp-transitory 100 tcp-established 1000", "reset flow timeouts")


def logs(lab):
    lab.box.ip("link", "set", "lo", "up")
    lab.daemon.ctl("set nat44 log 127.0.0.1", "show nat44 log", "set nat44 log 127.0.0.1 port 5000 domain 9 destinations on", "reset nat44 log")


def exempts(lab):
    """What has a session goes on by it; WAN itself is exempt for a port that nobody asks."""
    words = ("203.0.113.0/24", f"{WAN}/32 protocol tcp port 1-2", "0.0.0.0/0 protocol 47")
    lab.daemon.ctl(*(f"add nat44 exempt {each}" for each in words), "show nat44 exempts",
                   *(f"delete nat44 exempt {each}" for each in words))


def address_in_use(lab):
    """It takes the sessions of its hosts with it, and no others."""
    lab.daemon.ctl(f"add nat44 pool short inside {DEN}/32", "add nat44 address short 10.0.2.160")
    with Teller(lab.wan), udp_socket(lab.den) as asking:
        for _ in range(2):
            assert ask(lab.den, WAN)[0] == "10.0.2.160"
            lab.daemon.ctl("delete nat44 address short 10.0.2.160")
            lab.wait_count(0, "outside 10.0.2.160/32")
            assert is_unanswered(asking, WAN)
            lab.daemon.ctl("add nat44 address short 10.0.2.160")
    lab.daemon.ctl("delete nat44 pool short")


def interface_address(lab):
    """The address of a pool is that of an interface, and changes with it."""
    lab.daemon.ctl("add pg interface spare", "set interface spare state up", "set interface spare nat44 outside",
                   "add nat44 pool own inside 10.7.0.0/16", "add nat44 interface-address own spare",
                   "add address spare 10.0.5.1/24", "delete address spare 10.0.5.1/24", "add address spare 10.0.5.2/24",
                   "delete address spare 10.0.5.2/24", "add address spare 10.0.5.1/24")
    assert "10.0.5.1" in lab.daemon.ctl("show nat44 pool")
    lab.daemon.ctl("delete nat44 interface-address own spare", "delete nat44 pool own", "delete interface spare")


def roles(lab):
    """Of interfaces that are not theirs."""
    lab.daemon.ctl("add pg interface spare", "set interface spare state up", "set interface spare nat44 inside",
                   "set interface spare nat44 outside", "reset interface spare nat44", "set interface spare nat44 outside",
                   "delete interface spare", "reset interface den nat44", "set interface den nat44 inside")


def shows(lab):
    """All of many sessions."""
    lab.daemon.ctl("show nat44 sessions | count", "show nat44 hosts | count", "show nat44 pool", "show nat44 static", "show flow",
                   "show flow sessions | count", f"show nat44 count inside {CROWD}", "show nat44 hosts top 3")


def clears(lab):
    """Most of the sessions end at once, and begin again."""
    lab.daemon.ctl("stop pg crowd")

    def is_empty():
        # What was on its way from one worker to the other begins sessions yet.
        lab.daemon.ctl(f"clear nat44 sessions inside {CROWD}")
        return lab.count(f"inside {CROWD}") == 0

    wait_until(is_empty, 10, lambda: lab.daemon.ctl("show nat44 sessions"), every=0.2)
    lab.daemon.ctl("start pg crowd", "clear nat44 sessions inside 10.8.1.0/28")


CHANGES = (pools, addresses, forwards, statics, limits, timeouts, logs, exempts, address_in_use, interface_address, roles, shows, clears)


def test_flows_lose_nothing_while_all_else_changes(lab):
    daemon = lab.daemon
    with contextlib.ExitStack() as stack:
        flows = stack.enter_context(Answered(lab.lan, lab.wan, WAN, flows=16, rate=800))
        flows.wait_received(100)
        daemon.ctl("start pg crowd")
        wait_until(lambda: lab.count(f"inside {CROWD}") > SESSIONS // 4, 30, lambda: f"many sessions: {daemon.ctl('show flow')}")
        mine = {(s["inside"], s["outside"]) for s in lab.sessions(f"inside {LAN}/32", f"remote-port {FIRST_PORT}")}
        assert len(mine) == 16
        for change in CHANGES:
            change(lab)
        flows.stop()
        wait_until(lambda: flows.answers >= flows.received, 10, lambda: f"{flows.answers} answers of {flows.received}")
        assert (flows.received, flows.answers, flows.out_of_order) == (flows.sent, flows.sent, 0), daemon.errors()
        # By the sessions that they began with.
        assert {(s["inside"], s["outside"]) for s in lab.sessions(f"inside {LAN}/32", f"remote-port {FIRST_PORT}")} == mine
