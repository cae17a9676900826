# SPDX-License-Identifier: Apache-2.0
"""Everything changes under traffic that is counted packet by packet: nothing is lost, nothing comes out of order."""

import json
import re
import shutil
import subprocess
import tempfile

import pytest

from lib.api import Api, compile_messages
from lib.clients import ping
from lib.daemon import BUILD
from lib.lab import WAN, Lab
from lib.lab6 import WAN6, add_addresses, set_up_hosts
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
    """Numbered datagrams of both families from lan to wan through ports of the kernel, and streams from `in` to `out` inside
    the router, on each worker one of each family to destinations all over the address space and one to a group of next hops."""

    def __init__(self, lab):
        self.lab = lab
        daemon = lab.daemon
        daemon.ctl("add pg interface in", "add pg interface out", "set interface in state up", "set interface out state up",
                   "add address in 10.1.1.1/24", "add address out 10.1.2.1/24",
                   "add address in 2001:db8:11::1/64", "add address out 2001:db8:12::1/64",
                   "add neighbor out 10.1.2.2 02:00:00:00:02:02", "add neighbor out 10.1.2.3 02:00:00:00:02:03",
                   "add neighbor out 2001:db8:12::2 02:00:00:00:02:02", "add neighbor out 2001:db8:12::3 02:00:00:00:02:03",
                   # Whatever route comes and goes, there is always one below it.
                   "add route 0.0.0.0/0 via 10.1.2.2", "add route ::/0 via 2001:db8:12::2",
                   "add next-hop-group ways ip4", "add next-hop-group ways6 ip6",
                   "add next-hop-group-member ways 10.1.2.2", "add next-hop-group-member ways6 2001:db8:12::2",
                   "add route 198.51.100.0/24 via group ways", "add route 2001:db8:98::/48 via group ways6")
        common = "interface in vector 32 order random"
        for worker in (0, 1):
            made = f"{common} seed {worker + 1} worker {worker}"
            daemon.ctl(f"add pg stream s{worker} {made} rate 20000 source 10.1.1.{worker + 2} "
                       "destination 16.0.0.1 destinations 65536 destination-step 1024",
                       f"add pg stream six{worker} {made} rate 20000 source 2001:db8:11::{worker + 2} "
                       "destination 2001:db8:9000::1 destinations 65536 destination-step 65536")
        # Of many flows, so that each member has some.
        daemon.ctl(f"add pg stream ways {common} rate 10000 worker 0 source 10.1.1.4 destination 198.51.100.1 protocol tcp "
                   "source-ports 1000",
                   f"add pg stream ways6 {common} rate 10000 worker 1 source 2001:db8:11::4 destination 2001:db8:98::1 "
                   "protocol tcp source-ports 1000")
        self.streams = [stream["name"] for stream in daemon.ctl_json("show pg")]
        wait_until(lambda: all(a["state"] == "used" for a in daemon.ctl_json("show address")), 20,
                   lambda: f"addresses are used: {daemon.ctl('show address')}", every=0.1)
        lab.assert_forwards()
        assert ping(lab.lan, WAN6, count=3).received == 3
        # From now on nothing but streams leaves by `out`.
        self.said = daemon.wait_all_said("out")
        self.flows = [Numbered(lab.lan, lab.wan, address) for address in (WAN, WAN6)]

    def __enter__(self):
        for numbered in self.flows:
            numbered.__enter__()
        self.lab.daemon.ctl("clear counters")
        self.lab.daemon.ctl(*(f"start pg {name}" for name in self.streams))
        for numbered in self.flows:
            numbered.wait_received(10)
        return self

    def __exit__(self, *_):
        for numbered in self.flows:
            numbered.__exit__()

    def _out(self):
        return self.lab.daemon.interface("out")["tx_packets"]

    def assert_lossless(self):
        for numbered in self.flows:
            numbered.stop()
        daemon = self.lab.daemon
        daemon.ctl(*(f"stop pg {name}" for name in self.streams))
        sent = {stream["name"]: stream["sent"] for stream in daemon.ctl_json("show pg")}
        total = sum(sent.values())
        wait_until(lambda: self._out() >= total, 5, lambda: f"{total} packets; {self._out()} left; {daemon.errors()}")
        assert daemon.reports("out") == self.said, "the router has spoken at `out`, which counts as traffic"
        assert self._out() == total and min(sent.values()) > 10_000, sent
        for numbered in self.flows:
            assert (numbered.received, numbered.out_of_order) == (numbered.sent, 0), f"{numbered.sent} sent; {daemon.errors()}"
        errors = daemon.errors()
        # What hosts say of their groups to routers of multicast.
        errors.pop(("ip6-input", "not-joined"), None)
        # What spare interfaces say of themselves (ARP, listener reports): under way where one is taken down again as soon as it
        # is up, or where nobody is behind a loopback or a bridge. No packet of the traffic goes there.
        for own in (("interface-output", "interface-down"), ("loopback-tx", "group"), ("bridge-flood", "no-other-port")):
            errors.pop(own, None)
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
        set_up_hosts(made)
        made.wait_links()
        add_addresses(made)
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


def covering_routes6(daemon):
    for prefix in ("2001:db8:2::2/128", "2001:db8:2::/80", "2001:db8:2::/47"):
        daemon.ctl(f"add route {prefix} via {WAN6} interface wan", f"delete route {prefix}")
    for prefix in ("2001:db8:9000::/97", "2001:db8:9000::/48", "2000::/3"):
        daemon.ctl(f"add route {prefix} via 2001:db8:12::3 interface out", f"add route {prefix} via 2001:db8:12::2",
                   f"delete route {prefix}")
    daemon.ctl("add route ::/0 via 2001:db8:12::3 interface out", "add route ::/0 via 2001:db8:12::2")


def vrfs(daemon):
    """An interface goes into one and out again; routes lead the traffic through another, which goes away with them."""
    daemon.ctl("add vrf other", "add pg interface spare", "set interface spare state up", "add address spare 10.0.7.1/24",
               "add route 10.7.0.0/16 via 10.0.7.2", "set interface spare vrf other",
               "add route 10.7.0.0/16 via 10.0.7.2 vrf other", "delete route 10.7.0.0/16", "set interface spare vrf default",
               "delete interface spare", "delete route 10.7.0.0/16 vrf other", "delete vrf other")
    daemon.ctl("add vrf leak", "add route 0.0.0.0/0 via 10.1.2.3 interface out vrf leak",
               "add route ::/0 via 2001:db8:12::3 interface out vrf leak",
               f"add route 10.0.2.0/24 via {WAN} interface wan vrf leak",
               f"add route 2001:db8:2::/64 via {WAN6} interface wan vrf leak")
    leaks = ("16.0.0.0/6", "17.0.0.0/8", "198.51.100.0/25", "10.0.2.2/32", "10.0.2.0/30",
             "2001:db8:9000::/48", "2001:db8:98::1/128", "2001:db8:2::2/128", "2001:db8:2::/96")
    daemon.ctl(*(f"add route {prefix} lookup-in leak" for prefix in leaks),
               "add route 16.0.0.0/6 via 10.1.2.2",
               "add route 0.0.0.0/0 lookup-in leak", "add route 0.0.0.0/0 via 10.1.2.2",
               *(f"delete route {prefix}" for prefix in leaks),
               *(f"delete route {prefix} vrf leak" for prefix in ("0.0.0.0/0", "::/0", "10.0.2.0/24", "2001:db8:2::/64")),
               "delete vrf leak")


def groups(daemon):
    """Members come and go, and never the last; routes lead there, elsewhere, and there again."""
    for group, prefix, other, network in (("ways", "10.1.2.", "16.0.0.0/6", "198.51.100.0/24"),
                                          ("ways6", "2001:db8:12::", "2001:db8:9000::/48", "2001:db8:98::/48")):
        first, second = f"{prefix}2", f"{prefix}3"
        daemon.ctl(f"add next-hop-group-member {group} {second}",
                   f"add next-hop-group-member {group} {second} weight 7",
                   f"delete next-hop-group-member {group} {first}",
                   f"add next-hop-group-member {group} {first} interface out weight 3",
                   f"add next-hop-group-member {group} {first}",
                   f"delete next-hop-group-member {group} {first} interface out",
                   f"add route {other} via group {group}", f"add route {network} via {second}",
                   f"delete next-hop-group-member {group} {second}",
                   f"add route {network} via group {group}", f"delete route {other}",
                   f"add next-hop-group spare {'ip6' if ':' in prefix else 'ip4'}",
                   f"add next-hop-group-member spare {second}", f"add route {network} via group spare",
                   f"add route {network} via group {group}", "delete next-hop-group spare")


def policy_rules(daemon):
    """Rules that lead the traffic where it would go without them."""
    daemon.ctl("add policy-rule in 10 via 10.1.2.3 from 10.1.1.0/24",
               "add policy-rule in 20 via 2001:db8:12::3 from 2001:db8:11::/64",
               "add policy-rule in 10 via 10.1.2.2 from 10.1.1.0/24 protocol udp destination-ports 9",
               "add policy-rule in 20 via 2001:db8:12::2 protocol udp destination-ports 1-1000",
               f"add policy-rule lan 10 via {WAN} to {WAN}/32",
               f"add policy-rule lan 20 via {WAN6} to {WAN6}/128",
               f"add policy-rule lan 10 via {WAN} by wan protocol udp to 10.0.2.0/24",
               f"add policy-rule lan 20 via {WAN6} by wan protocol udp destination-ports 5000 to 2001:db8:2::/64",
               "add vrf ruled", "add route 0.0.0.0/0 via 10.1.2.3 interface out vrf ruled",
               "add policy-rule in 5 lookup-in ruled to 16.0.0.0/4", "delete policy-rule in 5",
               "delete route 0.0.0.0/0 vrf ruled", "delete vrf ruled",
               *(f"delete policy-rule {interface} {number}" for interface in ("in", "lan") for number in (20, 10)))


def qualities_of_service(daemon):
    """Classes, rules and policers by which everything passes."""
    daemon.ctl("add qos map changing dscp-to-class 0=7 46=5", "set interface in qos trust dscp map changing",
               "set interface out qos mark both", "add qos map changing dscp-to-class 0=8",
               "add qos policer wide two-rate kilobits 400000000 burst 1000000000 second-rate 400000000 second-burst 1000000000",
               "set interface in qos policer input wide", "set interface out qos policer output wide",
               "add qos policer wide single-rate packets 1000000000 burst 1000000000 per flow",
               "add qos rule in input 10 protocol udp class 3 policer wide", "add qos rule lan input 10 class 9 mark 5",
               "add qos rule out output 10 came-in-by in class 4", "add qos rule in input 10 to 16.0.0.0/4 mark 6",
               "set interface in qos trust none class 3", "delete qos rule out output 10", "delete qos rule lan input 10",
               "delete qos rule in input 10", "reset interface in qos policer input", "reset interface out qos policer output",
               "reset interface in qos trust", "reset interface out qos mark", "delete qos policer wide", "delete qos map changing")


def source_checks(daemon):
    for name in ("in", "lan"):
        daemon.ctl(f"set interface {name} source-check strict", f"set interface {name} source-check loose default-route off",
                   f"set interface {name} source-check strict default-route off", f"reset interface {name} source-check")


def mss_clamps(daemon):
    for name in ("in", "out", "lan", "wan"):
        daemon.ctl(f"set interface {name} mss-clamp auto", f"set interface {name} mss-clamp 1200 direction rx",
                   f"set interface {name} mss-clamp 1200 direction tx", f"reset interface {name} mss-clamp")


def fragments(daemon):
    for name in ("in", "lan"):
        daemon.ctl(f"set interface {name} virtual-reassembly on")
    for kind in ("ip4-local", "ip4-virtual", "ip6-local", "ip6-virtual"):
        daemon.ctl(f"set fragments {kind} datagrams 16 fragments 8 share 50 timeout 1000", f"reset fragments {kind}")
    for name in ("in", "lan"):
        daemon.ctl(f"set interface {name} virtual-reassembly off")


def loopbacks(daemon):
    daemon.ctl("add loopback spare", "set interface spare state up", "add address spare 10.0.8.1/32",
               "add address spare 2001:db8:8::1/128", "set interface spare state down", "delete interface spare")


def layer_2(daemon):
    """Bridges, cross-connects and VLANs of interfaces beside those of the traffic, and VLANs on theirs."""
    daemon.ctl("add pg interface left", "add pg interface right", "set interface left state up", "set interface right state up",
               "add bridge spare", "set interface spare state up", "add address spare 10.0.9.1/24",
               "add bridge-port spare left", "add bridge-port spare right", "delete bridge-port left",
               "delete interface spare",
               "add cross-connect left right", "delete cross-connect left right",
               "add vlan tagged parent left id 10", "set interface tagged state up", "add address tagged 10.0.9.1/24",
               "add vlan both parent tagged id 20 type dot1ad", "delete interface left", "delete interface right",
               "add vlan guest parent lan id 30", "set interface guest state up", "add address guest 10.0.10.1/24",
               "add vlan rest parent in default", "set interface rest state up", "delete interface rest",
               "delete interface guest")


def punts(daemon):
    daemon.ctl("add punt kernel-interface spare", "set interface spare state up", "set punt class management rate 2000",
               "reset punt class management", "set interface spare state down", "delete interface spare")


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
        changes = [covering_routes, features, interfaces, traces, captures, neighbors, covering_routes6, vrfs, groups,
                   policy_rules, qualities_of_service, source_checks, mss_clamps, fragments, loopbacks, layer_2, punts]
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
