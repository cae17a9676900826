# SPDX-License-Identifier: Apache-2.0
"""Who polls which queue, who sleeps, who gets whose packets; and what happens when there is too much."""

import contextlib
import pathlib
import signal
import subprocess

import pytest

from lib.clients import ping, read_ping
from lib.lab import KINDS, LAN_ROUTER, WAN, Lab
from lib.wait import PATIENCE, let_pass, wait_until
from test_memif import Pair

TWO_WORKERS = ("--workers", "2")


@pytest.fixture
def pair_of_workers(tmp_path):
    with Lab(tmp_path, arguments=TWO_WORKERS) as made:
        made.assert_forwards()
        yield made


def worker_seconds(pid):
    """CPU time of the worker threads, by the scheduler's own clock."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        if (task / "comm").read_text().startswith("worker-"):
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def share_of_a_core(pid, seconds=3):
    before = worker_seconds(pid)
    passed = let_pass(seconds)
    return (worker_seconds(pid) - before) / passed


def placement(lab):
    return {(row["interface"], row["queue"]): row for row in lab.daemon.ctl_json("show placement")}


def power(lab, worker=0):
    return lab.daemon.ctl_json("show power")[worker]


@pytest.mark.parametrize("kind", KINDS)
def test_idle_ports_cost_next_to_nothing(tmp_path, kind):
    with Lab(tmp_path, kind) as lab:
        lab.assert_forwards()
        assert {row["wake"] for row in placement(lab).values()} == {"descriptor"}
        used = share_of_a_core(lab.daemon.pid)
        assert used < 0.03 * PATIENCE, f"{used:.1%} of a core: {lab.daemon.ctl('show power', 'show runtime')}"
        assert power(lab)["asleep"] > 90
        # And they wake.
        assert ping(lab.lan, WAN, "-i", 0.1, count=20).received == 20


def test_a_port_without_descriptor_sleeps_by_a_timer(box, tmp_path):
    from lib.daemon import Daemon
    with Daemon(box, tmp_path) as daemon:
        daemon.ctl('add port idle device "net_null0,no-rx=1"', "set interface idle state up")
        assert [row["wake"] for row in daemon.ctl_json("show placement")] == ["timer"]
        sentence = daemon.refused("set interface idle rx-mode interrupt")
        assert "interface 'idle'" in sentence and "adaptive or polling" in sentence
        before = daemon.ctl_json("show power")[0]["by_timer"]
        wait_until(lambda: daemon.ctl_json("show power")[0]["by_timer"] > before + 100, 10, "the timer goes")
        assert daemon.ctl_json("show power")[0]["sleep_us"] == 1000


def test_modes(lab):
    lab.assert_forwards()
    for mode in ("polling", "interrupt", "adaptive"):
        lab.daemon.ctl(f"set interface lan rx-mode {mode}")
        assert placement(lab)["lan", 0]["mode"] == mode
        assert placement(lab)["wan", 0]["mode"] == "adaptive"
        sleeps = power(lab)["sleeps"]
        used = share_of_a_core(lab.daemon.pid, 1)
        assert used > 0.3 if mode == "polling" else used < 0.2 * PATIENCE, f"{mode}: {used:.1%}"
        if mode == "polling":
            assert power(lab)["mode"] == "polling" and power(lab)["sleeps"] == sleeps
        assert ping(lab.lan, WAN, "-i", 0.02, count=20).received == 20
    # A mode is the interface's, whether it is up or down; and is gone with the interface.
    lab.daemon.ctl("set interface lan rx-mode polling queue 0", "set interface lan state down", "set interface lan state up")
    assert placement(lab)["lan", 0]["mode"] == "polling"
    lab.daemon.ctl("set interface lan state down", "set interface lan rx-mode interrupt", "set interface lan state up")
    assert placement(lab)["lan", 0]["mode"] == "interrupt"
    lab.daemon.ctl("reset interface lan rx-mode")
    assert placement(lab)["lan", 0]["mode"] == "adaptive"
    lab.daemon.ctl("set interface lan rx-mode polling")
    lab.daemon.ctl("delete interface lan", lab.make_line("lan", 0), "set interface lan state up")
    assert placement(lab)["lan", 0]["mode"] == "adaptive"


@pytest.fixture(scope="module")
def quiet_lab(tmp_path_factory):
    with Lab(tmp_path_factory.mktemp("quiet"), arguments=TWO_WORKERS) as made:
        yield made


@pytest.mark.parametrize("line, words", [
    ("set interface lan rx-mode polling queue 1", "has no queue 1"),
    ("set interface nowhere rx-mode polling", "there are: lan, wan"),
    ("set interface lan queue 0 worker 2", "there is no worker 2; there are 2"),
    ("set interface lan queue 7 worker 1", "has no queue 7"),
    ("set interface lan handoff on workers 0 5", "there is no worker 5"),
    ("set interface lan handoff off workers 0", "leave the workers out"),
    ("set interface nowhere handoff on", "there are: lan, wan"),
])
def test_what_cannot_be_is_refused(quiet_lab, line, words):
    before = placement(quiet_lab)
    assert words in quiet_lab.daemon.refused(line)
    after = placement(quiet_lab)
    assert [(key, row["worker"], row["mode"], row.get("handoff")) for key, row in before.items()] \
        == [(key, row["worker"], row["mode"], row.get("handoff")) for key, row in after.items()]


def test_one_worker_has_nobody_to_hand_to(lab):
    assert "--workers 2" in lab.daemon.refused("set interface lan handoff on")


def move(lab, turn):
    lab.daemon.ctl(f"set interface lan queue 0 worker {turn % 2}", f"set interface wan queue 0 worker {turn // 2 % 2}")


def switch_handoff(lab, turn):
    lab.daemon.ctl(("set interface lan handoff on", "set interface lan handoff off",
                    "set interface lan handoff on workers 1", "set interface lan handoff on workers 0")[turn % 4],
                   f"set interface wan handoff {'on' if turn % 2 else 'off'}")


def switch_modes(lab, turn):
    lab.daemon.ctl(f"set interface lan rx-mode {('adaptive', 'polling', 'interrupt')[turn % 3]}")


@pytest.mark.parametrize("change", [move, switch_handoff, switch_modes], ids=lambda function: function.__name__)
def test_nothing_is_lost_when_it_changes(pair_of_workers, change):
    lab = pair_of_workers
    pings = lab.lan.start("ping", "-n", "-q", "-i", 0.002, "-c", 2500, "-W", 5, WAN, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    turns = 0
    while pings.poll() is None:
        change(lab, turns)
        turns += 1
    done = read_ping(pings.communicate(timeout=60 * PATIENCE)[0])
    assert turns >= 8
    assert (done.sent, done.received) == (2500, 2500), f"{done.text} {lab.daemon.errors()} after {turns} turns"


def test_queues_spread_over_workers(pair_of_workers):
    assert sorted(row["worker"] for row in placement(pair_of_workers).values()) == [0, 1]
    pair_of_workers.daemon.ctl('add port many device "net_null0,no-rx=1" rx-queues 1',
                               'add port more device "net_null1,no-rx=1"',
                               "set interface many state up", "set interface more state up")
    workers = [row["worker"] for row in placement(pair_of_workers).values()]
    assert sorted(workers) == [0, 0, 1, 1]


def test_handoff_shares_one_queue_among_workers(pair_of_workers):
    from scapy.layers.inet import IP, UDP
    from scapy.layers.l2 import Ether
    lab = pair_of_workers
    lab.daemon.ctl("set interface lan queue 0 worker 0", "set interface lan handoff on")
    assert placement(lab)["lan", 0]["handoff"] == [0, 1]
    lanes = {(lane["from"], lane["to"]): lane["packets"] for lane in lab.daemon.ctl_json("show handoff")}
    flows, each = 32, 20
    with lab.wire("lan") as lan, lab.wire("wan") as wan:
        link = Ether(dst=lab.mac("lan"), src=lab.lan.mac())
        frames = [bytes(link / IP(src="10.0.1.2", dst=WAN) / UDP(sport=5000 + flow, dport=9) / bytes([number]))
                  for number in range(each) for flow in range(flows)]
        lan.send_steadily(frames)
        got = wan.wait(UDP, lambda packet: packet[UDP].dport == 9, count=flows * each, what="every packet")
    # Each flow in its order, whoever had it.
    for flow in range(flows):
        numbers = [packet[UDP].load[0] for packet in got if packet[UDP].sport == 5000 + flow]
        assert numbers == list(range(each)), f"flow {flow}: {numbers}"
    now = {(lane["from"], lane["to"]): lane for lane in lab.daemon.ctl_json("show handoff")}
    handed = now[0, 1]["packets"] - lanes.get((0, 1), 0)
    assert flows * each * 0.2 < handed < flows * each * 0.8
    assert now[0, 1]["waiting"] == now[0, 1]["full"] == 0
    assert ("device-input", "worker-handoff") in {(f["arc"], f["node"]) for f in lab.daemon.ctl_json("show feature")
                                                  if f.get("interfaces") == ["lan"]}


@contextlib.contextmanager
def stopped(process):
    """A process that does nothing for a while."""
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def test_a_peer_that_stops_reading_costs_named_drops_and_no_more(tmp_path):
    with contextlib.ExitStack() as stack:
        pair = Pair(tmp_path, stack)
        near, far = pair.daemons
        assert ping(pair.hosts[0], "10.0.2.2", count=3).received == 3
        near.ctl("add pg interface gen", "add address gen 10.8.0.1/24", "set interface gen state up",
                 "add pg stream flood interface gen rate 100000 vector 32 destination 10.0.2.2")
        free = near.free_buffers()
        with stopped(far.process):
            near.ctl("start pg flood")
            wait_until(lambda: near.error("port-tx", "tx-full") > 10000, 20, lambda: f"drops: {near.errors()}")
            # The router itself is as well as ever: ARP, ping, the shell.
            pair.hosts[0].ip("neighbor", "flush", "all")
            assert ping(pair.hosts[0], "10.0.1.1", count=5).received == 5
            assert set(near.errors()) <= {("port-tx", "tx-full"), ("ip4-resolve", "rate-limited")}, near.errors()
            near.ctl("stop pg flood")
        wait_until(lambda: ping(pair.hosts[0], "10.0.2.2").received == 1, 20, "it goes on by itself", 0.1)
        lost = near.error("port-tx", "tx-full")
        assert ping(pair.hosts[0], "10.0.2.2", "-i", 0.01, count=50).received == 50
        assert near.error("port-tx", "tx-full") == lost
        wait_until(lambda: near.free_buffers() >= free - 64, 10,
                   lambda: f"buffers are back: {near.free_buffers()} of {free}")


def test_a_lane_that_is_full_drops_flows_and_not_the_router(tmp_path):
    """One worker is flooded, and both ends go on working for it."""
    with Lab(tmp_path, arguments=TWO_WORKERS) as lab:
        lab.assert_forwards()
        lab.daemon.ctl("add pg interface gen", "add address gen 10.8.0.1/24", "set interface gen state up",
                       "add pg interface sink", "add address sink 10.9.0.1/24", "set interface sink state up",
                       "add neighbor sink 10.9.0.2 02:00:00:00:00:99", "add route 198.19.0.0/16 via 10.9.0.2",
                       "add pg stream flood interface gen source-ports 1000 worker 0",
                       "set interface gen handoff on workers 1")
        free = lab.daemon.free_buffers()
        lab.daemon.ctl("start pg flood")
        wait_until(lambda: lab.daemon.error("worker-handoff", "handoff-full") > 10000, 20,
                   lambda: f"drops: {lab.daemon.errors()}")
        assert ping(lab.lan, LAN_ROUTER, count=5).received == 5
        lab.lan.ip("neighbor", "flush", "all")
        assert ping(lab.lan, LAN_ROUTER, count=5).received == 5
        full = {(lane["from"], lane["to"]): lane["full"] for lane in lab.daemon.ctl_json("show handoff")}
        assert full[0, 1] > 10000
        lab.daemon.ctl("stop pg flood")
        wait_until(lambda: all(lane["waiting"] == 0 for lane in lab.daemon.ctl_json("show handoff")), 10, "all is done")
        lab.assert_forwards()
        wait_until(lambda: lab.daemon.free_buffers() >= free - 64, 10,
                   lambda: f"buffers are back: {lab.daemon.free_buffers()} of {free}")
