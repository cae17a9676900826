# SPDX-License-Identifier: Apache-2.0
"""Everything changes under traffic that is counted packet by packet: nothing is lost, nothing comes out of order."""

import json
import re
import shutil
import subprocess
import tempfile

import pytest

from lib.api import Api, compile_messages
from lib.daemon import BUILD
from lib.lab import WAN, Lab
from lib.netns import join
from lib.numbered import Numbered
from lib.wait import PATIENCE, wait_until

ROUTES = 1_000_000
ROUTES_BENCH = BUILD / "bin" / "routes_bench"
TEST_PLUGINS = BUILD / "plugins" / "host" / "testing" / "plugins"
# For arguments that a `show` command cannot be without.
ARGUMENTS = {"node": "ip4-lookup", "name": "lan", "address": WAN, "interface": "lan"}
# Where a word means something else.
LINES = {"show node <name>": "show node ip4-lookup"}


class Traffic:
    """Numbered datagrams from lan to wan through ports of the kernel, and streams from `in` to `out` inside the router, one
    on each worker, to destinations all over the address space."""

    def __init__(self, lab):
        self.lab = lab
        daemon = lab.daemon
        daemon.ctl("add pg interface in", "add pg interface out", "set interface in state up", "set interface out state up",
                   "add address in 10.1.1.1/24", "add address out 10.1.2.1/24",
                   "add neighbor out 10.1.2.2 02:00:00:00:02:02", "add neighbor out 10.1.2.3 02:00:00:00:02:03",
                   # Whatever route comes and goes, there is always one below it.
                   "add route 0.0.0.0/0 via 10.1.2.2")
        for worker in (0, 1):
            daemon.ctl(f"add pg stream s{worker} interface in rate 20000 vector 32 source 10.1.1.{worker + 2} "
                       "destination 16.0.0.1 destinations 65536 destination-step 1024 order random "
                       f"seed {worker + 1} worker {worker}")
        lab.assert_forwards()
        self.numbered = Numbered(lab.lan, lab.wan, WAN)

    def __enter__(self):
        self.numbered.__enter__()
        self.lab.daemon.ctl("clear counters", "start pg s0", "start pg s1")
        self.numbered.wait_received(10)
        return self

    def __exit__(self, *_):
        self.numbered.__exit__()

    def _out(self):
        return self.lab.daemon.interface("out")["tx_packets"]

    def assert_lossless(self):
        self.numbered.stop()
        daemon = self.lab.daemon
        daemon.ctl("stop pg s0", "stop pg s1")
        sent = sum(stream["sent"] for stream in daemon.ctl_json("show pg"))
        wait_until(lambda: self._out() >= sent, 5, lambda: f"{sent} packets; {self._out()} left; {daemon.errors()}")
        assert self._out() == sent > 40_000
        counted = self.numbered
        assert (counted.received, counted.out_of_order) == (counted.sent, 0), f"{counted.sent} sent; {daemon.errors()}"
        errors = daemon.errors()
        # ARP that was under way to the interface that is taken down again as soon as it is up; no packet of the traffic.
        errors.pop(("interface-output", "interface-down"), None)
        assert errors == {}


@pytest.fixture
def big_lab(tmp_path):
    """Two workers, two folders of plugins, receive rings that outlast a busy machine."""
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    shutil.copy(TEST_PLUGINS / "pass.so", plugins)
    with Lab(tmp_path, arguments=("--workers", 2, "--memory", 512, "--plugin-path", BUILD / "lib/sluice/plugins",
                                  "--plugin-path", plugins), configure=False) as made:
        for side, number in (("lan", 0), ("wan", 1)):
            made.daemon.ctl(f'add port {side} device "net_af_packet{number},iface={side}0,framecnt=4096"')
        made.daemon.ctl(*made.address_lines())
        made.set_up_hosts()
        made.wait_links()
        join(made.box, "spare0", made.box, "spare1")
        yield made


def load_routes(lab, *phases, interface=None):
    """A million routes through the API, from another process."""
    words = [ROUTES_BENCH, "--socket", lab.daemon.socket, "--routes", ROUTES, "--repeats", 1, "--format", "json",
             "--next-hops", "10.1.2.2", "10.1.2.3", "--phases", ",".join(phases)]
    words += ["--interface", interface] if interface else []
    return subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def finish(process):
    output = process.communicate(timeout=120 * PATIENCE)[0]
    assert process.returncode == 0, output
    print(output)
    return json.loads(output)


def show_commands(lab, messages_at):
    """Every `show` command in the daemon's own description, with the arguments that it cannot be without."""
    compile_messages(messages_at)
    from api.proto import describe_pb2, options_pb2
    with Api(lab.daemon.socket) as api:
        described = api.unary("Describe.Get", describe_pb2.DescribeRequest(), describe_pb2.DescribeReply)
    lines = set()
    for file in described.files.file:
        for service in file.service:
            if f"{file.package}.{service.name}" not in described.services:
                continue
            for method in service.method:
                for grammar in method.options.Extensions[options_pb2.cli]:
                    line = LINES.get(grammar, re.sub(r" \[[^\]]*\]", "", grammar))
                    if line.startswith("show ") and line != "show startup-config" and all(word in ARGUMENTS for word in re.findall(r"<(\w+)>", line)):
                        lines.add(re.sub(r"<(\w+)>", lambda word: ARGUMENTS[word[1]], line))
    return sorted(lines)


def covering_routes(daemon):
    """Longer and shorter prefixes of the very addresses that the traffic goes to."""
    for prefix in ("10.0.2.2/32", "10.0.2.0/25", "10.0.0.0/16"):
        daemon.ctl(f"add route {prefix} via {WAN} interface wan", f"delete route {prefix}")
    for prefix in ("16.0.0.0/4", "16.0.0.0/9", "0.0.0.0/1"):
        daemon.ctl(f"add route {prefix} via 10.1.2.3 interface out", f"add route {prefix} via 10.1.2.2",
                   f"delete route {prefix}")
    daemon.ctl("add route 0.0.0.0/0 via 10.1.2.3 interface out", "add route 0.0.0.0/0 via 10.1.2.2")


def features(daemon):
    daemon.ctl("load plugin pass", "set pass in on", "set pass lan on", "set pass lan off", "set pass in off",
               "set pass in on", "set pass lan on", "unload plugin pass")


def interfaces(daemon):
    daemon.ctl('add port spare device "net_af_packet9,iface=spare0"', "add address spare 10.0.5.1/24",
               "set interface spare state up", "add route 10.5.0.0/16 via 10.0.5.2", "set interface spare mtu 1280",
               "set interface spare state down", "delete interface spare",
               "add tap spare host-interface sparetap", "set interface spare state up", "delete interface spare",
               "add pg interface spare", "set interface spare state up", "delete interface spare")


def traces(daemon):
    daemon.ctl("trace add ethernet-input 100", "trace add pg-input 100", "show trace 10", "trace add ip4-rewrite 10",
               "show trace", "clear trace")


def captures(daemon):
    """To a file that is nowhere else: of all, then of drops only."""
    with tempfile.TemporaryDirectory() as folder:
        for at in ("all", "drop"):
            daemon.ctl(f"capture start {folder}/{at}.pcapng at {at} packets 100000000", "show capture", "capture stop")


def neighbors(daemon):
    daemon.ctl("add neighbor out 10.1.2.44 02:00:00:00:00:44", "delete neighbor out 10.1.2.44",
               "add neighbor out 10.1.2.3 02:00:00:00:33:03", "add neighbor out 10.1.2.3 02:00:00:00:02:03",
               "add address in 10.0.6.1/24", "delete address in 10.0.6.1/24")


@pytest.mark.slow
def test_nothing_is_lost_while_everything_changes(big_lab, tmp_path):
    daemon = big_lab.daemon
    daemon.ctl("unload plugin pass")
    with Traffic(big_lab) as traffic:
        shows = show_commands(big_lab, tmp_path)
        assert {"show route", "show runtime", "show pg", "show plugin"} <= set(shows)
        changes = [covering_routes, features, interfaces, traces, captures, neighbors]
        changes += [lambda daemon, line=line: daemon.ctl(f"{line} | count") for line in shows]
        for interface in (None, "out"):
            loading = load_routes(big_lab, "add", "change", "withdraw", interface=interface)
            rounds = 0
            while loading.poll() is None or rounds < len(changes):
                changes[rounds % len(changes)](daemon)
                rounds += 1
            finish(loading)
        traffic.assert_lossless()


def test_unloading_a_plugin_takes_its_own_and_nothing_else(big_lab):
    daemon = big_lab.daemon
    with Numbered(big_lab.lan, big_lab.wan, WAN) as numbered:
        numbered.wait_received(10)
        for _ in range(3):
            daemon.ctl("add pg interface in", "set interface in state up", "add address in 10.1.1.1/24",
                       "add pg stream s interface in rate 1000 destination 10.0.2.2", "start pg s", "unload plugin pg")
            assert [interface["name"] for interface in daemon.ctl_json("show interface")] == ["lan", "wan"]
            assert "10.1.1.0/24" not in daemon.ctl("show route")
            daemon.refused("show pg")
            assert daemon.refused("unload plugin pg").startswith("plugin 'pg' is not loaded")
            daemon.ctl("load plugin pg")
            assert daemon.ctl_json("show pg") == []
        numbered.stop()
        assert (numbered.received, numbered.out_of_order) == (numbered.sent, 0), daemon.errors()


def resident_mb(daemon):
    with open(f"/proc/{daemon.pid}/smaps_rollup") as rollup:
        return next(int(line.split()[1]) for line in rollup if line.startswith("Rss:")) / 1024


def test_memory_is_given_back(big_lab):
    daemon = big_lab.daemon
    daemon.ctl("add pg interface out", "set interface out state up", "add address out 10.1.2.1/24")
    finish(load_routes(big_lab, "add", "withdraw"))
    # What the first load leaves behind for good, gRPC's threads and a million events to resume from, is not the routes'.
    wait_until(lambda: resident_mb(daemon) < 280, 20, lambda: f"{resident_mb(daemon)} MB")
    before = resident_mb(daemon)
    finish(load_routes(big_lab, "add", interface="out"))
    with_routes = resident_mb(daemon)
    finish(load_routes(big_lab, "withdraw"))
    print(f"{before:.0f} MB, {with_routes:.0f} MB with {ROUTES} routes")
    assert with_routes > before + 50
    wait_until(lambda: resident_mb(daemon) < before + 10, 20,
               lambda: f"{resident_mb(daemon):.0f} MB, of {before:.0f} before and {with_routes:.0f} with routes")
    print(f"{resident_mb(daemon):.0f} MB without them")
