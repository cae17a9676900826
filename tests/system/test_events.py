# SPDX-License-Identifier: Apache-2.0
"""Event streams: what a controller sees of a running router, and the example clients in extras/clients."""

import itertools
import re
import subprocess
import threading

import grpc
import pytest

from lib.api import Api, compile_messages
from lib.certificates import Certificates
from lib.clients import ping
from lib.daemon import BUILD, SLUICECTL, Daemon
from lib.events import Program, Watcher, build_go_programs, command, environment, run_program
from lib.lab import WAN, WAN_ROUTER
from lib.wait import PATIENCE, wait_until

UP, DOWN = 1, 0
TCP = "127.0.0.1:9443"
ROUTES_BENCH = BUILD / "bin" / "routes_bench"


@pytest.fixture(scope="module")
def pb(tmp_path_factory):
    compile_messages(tmp_path_factory.mktemp("messages"))
    from vnet.proto import events_pb2
    return events_pb2


@pytest.fixture(scope="module")
def messages(pb):
    from api.proto import types_pb2
    from vnet.proto import ip_pb2

    class Messages:
        ip, types = ip_pb2, types_pb2

    return Messages


@pytest.fixture(scope="module")
def programs():
    build_go_programs()


@pytest.fixture
def watch(shared_lab, pb):
    """Makes watchers of the shared router, closed at the end."""
    made = []

    def make(*topics, **options):
        made.append(Watcher(shared_lab.daemon, pb, topics, **options).start())
        return made[-1]

    yield make
    for watcher in made:
        watcher.close()


def address(value):
    return ".".join(str(byte) for byte in value.to_bytes(4, "big"))


def prefix(message):
    return f"{address(message.ip4)}/{message.length}"


def is_route(event, text, change):
    return event.HasField("route") and prefix(event.route.prefix) == text and event.change == change


def load(daemon, messages, count, first=0x14000000, delete=False):
    """Adds or deletes so many /24 by one stream."""
    hop = messages.types.IpAddress(ip4=0x0a000202)
    prefixes = [messages.types.IpPrefix(ip4=first + n * 256, length=24) for n in range(count)]
    batches = []
    for begin in range(0, count, 1000):
        part = prefixes[begin:begin + 1000]
        batches.append(messages.ip.RouteBatch(delete=part) if delete else messages.ip.RouteBatch(
            add=[messages.ip.ConfiguredRoute(prefix=each, next_hop=hop) for each in part]))
    with Api(daemon.socket) as api:
        return api.sink("Routes.Load", batches, messages.ip.LoadRoutesReply)


# ---- every cause is seen ----


def test_a_link_that_goes_down_and_comes_back(shared_lab, watch, pb):
    watcher = watch("interface")
    # The other end of the router's veth: nobody tells the router but the kernel.
    shared_lab.wan.ip("link", "set", "eth0", "down")
    watcher.wait(lambda e: e.interface.name == "wan" and e.interface.link == DOWN and e.interface.state == UP,
                 "the link of wan goes down")
    shared_lab.wan.ip("link", "set", "eth0", "up")
    watcher.wait(lambda e: e.interface.name == "wan" and e.interface.link == UP, "the link of wan comes back")
    shared_lab.wan.ip("route", "replace", "default", "via", "10.0.2.1")
    shared_lab.daemon.ctl("set interface wan mtu 1400", "set interface wan mtu 1500")
    assert watcher.wait(lambda e: e.interface.mtu == 1400, "another MTU").change == pb.EVENT_CHANGE_CHANGED


def test_an_interface_with_its_address_and_routes_comes_and_goes(shared_lab, watch, pb):
    watcher = watch("interface", "address", "route")
    shared_lab.daemon.ctl("add null sink", "add address sink 10.9.0.1/24", "set interface sink state up",
                          "delete interface sink")
    watcher.wait(lambda e: e.interface.name == "sink" and e.change == pb.EVENT_CHANGE_REMOVED, "sink is deleted")
    told = [(event.change, event.WhichOneof("body")) for event in watcher.events]
    added, changed, removed = pb.EVENT_CHANGE_ADDED, pb.EVENT_CHANGE_CHANGED, pb.EVENT_CHANGE_REMOVED
    assert told[0] == (added, "interface")
    assert told.count((added, "address")) == told.count((removed, "address")) == 1
    assert told.count((added, "route")) == told.count((removed, "route")) == 3
    assert (changed, "interface") in told
    sequences = [event.sequence for event in watcher.events]
    assert sequences == sorted(set(sequences))
    assert all(event.time_ns > 1.7e18 for event in watcher.events)


def test_a_neighbour_is_learned_and_lost(shared_lab, watch, pb):
    watcher = watch("neighbor")
    shared_lab.daemon.ctl("set interface wan state down", "set interface wan state up")
    shared_lab.wait_links()
    wait_until(lambda: ping(shared_lab.lan, WAN).received, 15, "the router forwards again")
    learned = watcher.wait(lambda e: address(e.neighbor.address.ip4) == WAN and e.change == pb.EVENT_CHANGE_ADDED,
                           "a ping teaches the router its neighbour")
    assert learned.neighbor.interface == "wan"
    assert learned.neighbor.mac.value.to_bytes(6, "big").hex(":") == shared_lab.wan.mac()
    shared_lab.daemon.ctl(f"delete neighbor wan {WAN}")
    watcher.wait(lambda e: address(e.neighbor.address.ip4) == WAN and e.change == pb.EVENT_CHANGE_REMOVED,
                 "the neighbour is deleted")


def test_routes_by_command_and_their_next_hops(shared_lab, watch, pb):
    watcher = watch("route", "next_hop")
    shared_lab.daemon.ctl("add null via", "add address via 10.8.0.1/24", "add route 10.50.0.0/16 via 10.8.0.9",
                          "delete interface via", "delete route 10.50.0.0/16")
    route = watcher.wait(lambda e: is_route(e, "10.50.0.0/16", pb.EVENT_CHANGE_ADDED), "the route")
    assert (route.route.source, route.route.interface, route.route.used) == ("configured", "via", True)
    moved = watcher.wait(lambda e: e.HasField("next_hop"), "its next hop is moved")
    assert (address(moved.next_hop.address.ip4), moved.next_hop.interface) == ("10.8.0.9", "-")
    watcher.wait(lambda e: is_route(e, "10.50.0.0/16", pb.EVENT_CHANGE_REMOVED), "it is deleted")


def test_plugins_are_unloaded_and_loaded(shared_lab, watch, pb):
    watcher = watch("plugin")
    shared_lab.daemon.ctl("unload plugin graph-svg", "load plugin graph-svg")
    gone = watcher.wait(lambda e: e.change == pb.EVENT_CHANGE_REMOVED, "the plugin goes")
    back = watcher.wait(lambda e: e.change == pb.EVENT_CHANGE_ADDED, "the plugin comes")
    assert gone.plugin.name == back.plugin.name == "graph-svg" and gone.sequence < back.sequence


# ---- state, resume, loss ----


def test_the_state_comes_first(shared_lab, watch, pb):
    watcher = watch(with_state=True)
    wait_until(lambda: any(batch.state_complete for batch in watcher.batches), 10, "the state is told")
    kinds = {event.WhichOneof("body") for event in watcher.events}
    assert kinds >= {"interface", "address", "route", "plugin"}
    assert all(event.change == pb.EVENT_CHANGE_STATE for event in watcher.events)
    told = [prefix(event.route.prefix) for event in watcher.events if event.HasField("route")]
    assert told == [route["prefix"] for route in shared_lab.daemon.ctl_json("show route")]
    shared_lab.daemon.ctl("add route 10.51.0.0/16 blackhole", "delete route 10.51.0.0/16")
    watcher.wait(lambda e: is_route(e, "10.51.0.0/16", pb.EVENT_CHANGE_REMOVED), "changes follow")


def test_a_client_that_comes_back_gets_each_change_once(shared_lab, watch, pb):
    first = watch("route")
    seen = []
    lines = itertools.count()
    position = first.position
    first.close()
    for _ in range(5):
        # While nobody watches, and while somebody does.
        shared_lab.daemon.ctl(f"add route 10.52.{next(lines)}.0/24 blackhole")
        again = watch("route", after=position)
        shared_lab.daemon.ctl(f"add route 10.52.{next(lines)}.0/24 blackhole")
        again.wait_count(2)
        assert not again.lost()
        seen += [prefix(event.route.prefix) for event in again.events]
        position = again.position
        again.close()
    assert seen == [f"10.52.{n}.0/24" for n in range(10)]
    shared_lab.daemon.ctl(*(f"delete route {each}" for each in seen))


def test_the_state_under_change_is_what_the_router_has(shared_lab, watch, pb, messages):
    load(shared_lab.daemon, messages, 20000)
    watcher = watch("route", with_state=True)
    load(shared_lab.daemon, messages, 10000, delete=True)
    load(shared_lab.daemon, messages, 5000, first=0x1e000000)
    shared_lab.daemon.ctl("add route 10.53.0.0/16 blackhole")
    watcher.wait(lambda e: is_route(e, "10.53.0.0/16", pb.EVENT_CHANGE_ADDED), "the last change", 60)
    table = set()
    for event in watcher.events:
        key = prefix(event.route.prefix)
        if event.change == pb.EVENT_CHANGE_REMOVED:
            table.remove(key)
        elif event.change != pb.EVENT_CHANGE_CHANGED:
            assert key not in table, f"{key} is told twice"
            table.add(key)
    assert table == {route["prefix"] for route in shared_lab.daemon.ctl_json("show route")}
    shared_lab.daemon.ctl("delete route 10.53.0.0/16")
    load(shared_lab.daemon, messages, 10000, first=0x14000000 + 10000 * 256, delete=True)
    load(shared_lab.daemon, messages, 5000, first=0x1e000000, delete=True)


def test_what_cannot_be_is_refused(shared_lab, watch, pb):
    position = watch().position
    ahead = pb.EventPosition(epoch=position.epoch, sequence=position.sequence + 1000)
    with Api(shared_lab.daemon.socket) as api:
        for request, code in ((pb.WatchEventsRequest(topics=[77]), grpc.StatusCode.INVALID_ARGUMENT),
                              (pb.WatchEventsRequest(after=ahead), grpc.StatusCode.OUT_OF_RANGE)):
            with pytest.raises(grpc.RpcError) as refused:
                api.list("Events.Watch", request, pb.EventBatch)
            assert refused.value.code() == code and len(refused.value.details().split()) > 5
    assert "1 to 100000" in shared_lab.daemon.refused("show events last 0")


def test_a_restarted_daemon_is_noticed(lab, pb):
    with Watcher(lab.daemon, pb) as before:
        position = before.position
    lab.daemon.stop()
    lab.start()
    lab.configure(hosts=False)
    with Watcher(lab.daemon, pb, after=position, with_state=True) as after:
        wait_until(lambda: any(batch.state_complete for batch in after.batches), 10, "the state is told")
        assert after.lost() and after.position.epoch != position.epoch
        assert {event.interface.name for event in after.events} >= {"lan", "wan"}


# ---- many, and slow ----


def test_a_client_that_does_not_read_is_sent_away_and_harms_nobody(lab, pb):
    idle = Watcher(lab.daemon, pb, ["route"])
    with Watcher(lab.daemon, pb, ["interface"]) as other:
        assert ping(lab.lan, WAN, count=3).received >= 1
        # More than the daemon keeps, and than the socket takes.
        lab.box.run(ROUTES_BENCH, "--socket", lab.daemon.socket, "--next-hops", WAN, "10.0.2.3", "--routes", 400_000,
                    "--repeats", 2, "--phases", "add,withdraw", timeout=120 * PATIENCE)
        lab.daemon.ctl("set interface lan mtu 1400")
        other.wait(lambda e: e.interface.mtu == 1400, "who reads is served")
        assert ping(lab.lan, WAN, count=3).received == 3
        idle.start()
        wait_until(lambda: idle.error, 60, "who does not read is sent away")
        assert idle.error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED, idle.error
        assert len(idle.events) < 1_600_000
        sequences = [event.sequence for event in idle.events]
        assert sequences == sorted(set(sequences)), "what it got was whole"
    idle.close()


def test_a_hundred_watchers(shared_lab, watch, messages):
    watchers = [watch("route") for _ in range(100)]
    load(shared_lab.daemon, messages, 1000)
    load(shared_lab.daemon, messages, 1000, delete=True)
    for watcher in watchers:
        watcher.wait_count(2000)
    assert len({tuple(event.sequence for event in watcher.events) for watcher in watchers}) == 1


# ---- the programs in extras/clients ----


@pytest.mark.parametrize("loader", ["python", "go"])
def test_each_client_loads_100000_routes_and_each_counts_them(shared_lab, programs, loader):
    count = ["--topics", "route", "--no-state", "--quiet", "--stop-after", 200_000]
    with Program("python", shared_lab.daemon, *count) as by_python, Program("go", shared_lab.daemon, *count) as by_go:
        added = run_program(loader, "load_routes", shared_lab.daemon, "--next-hop", WAN)
        assert re.match(r"100000 added, 0 deleted in .* routes a second", added), added
        deleted = run_program(loader, "load_routes", shared_lab.daemon, "--delete")
        assert deleted.startswith("0 added, 100000 deleted")
        for program in (by_python, by_go):
            last = program.wait_end()
            assert last.startswith("200000 changes (100000 added, 0 changed, 100000 removed)"), program.lines
            print(loader, added.strip(), deleted.strip(), last)


@pytest.mark.parametrize("language", ["python", "go"])
def test_a_client_survives_a_restart(lab, programs, language):
    with Program(language, lab.daemon, "--topics", "interface,address,route") as program:
        at = program.wait("^! that is all there is")
        assert "= interface wan up, link up, MTU 1500" in program.lines[:at]
        lab.daemon.ctl("add route 10.54.0.0/16 blackhole")
        at = program.wait(r"^\+ route 10.54.0.0/16 blackhole", at)
        lab.daemon.stop()
        at = program.wait("^! interrupted", at)
        lab.start()
        lab.configure(hosts=False)
        at = program.wait("^! following", at)
        at = program.wait("^! lost", at)
        program.wait("^[=+] address 10.0.1.1/24 on lan", at)
        lab.daemon.ctl("add route 10.55.0.0/16 blackhole")
        program.wait(r"^\+ route 10.55.0.0/16 blackhole", at)
        assert not any("10.54.0.0/16" in line for line in program.lines[at:])


@pytest.mark.parametrize("language", ["python", "go"])
def test_a_client_comes_by_tcp_with_its_certificate(box, programs, tmp_path, language):
    certificates = Certificates(tmp_path / "certificates")
    certificates.issue("reader")
    certificates.roles.write_text("controller.example write\nreader read\n")

    def run(program, name, *arguments):
        words = [*command(language, program), *certificates.client_options(TCP, name), *arguments]
        return box.run(*words, check=False, timeout=60 * PATIENCE, env=environment())

    with Daemon(box, tmp_path, *certificates.daemon_options(TCP)) as daemon:
        daemon.ctl("add null far", f"add address far {WAN_ROUTER}/24")
        load_them = ["--next-hop", WAN, "--routes", 5000]
        done = run("load_routes", "controller", *load_them)
        assert done.stdout.startswith("5000 added"), done.stderr
        # The state, told to who may only read: what the router had, and enough of it.
        done = run("watch_events", "reader", "--topics", "route", "--state-only")
        assert done.returncode == 0 and done.stdout.count("= route 20.") == 5000, done.stderr
        done = run("load_routes", "reader", *load_them)
        assert done.returncode == 1 and "may only read" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("language", ["python", "go"])
def test_what_a_client_is_told_wrong_it_says(shared_lab, programs, tmp_path, language):
    for arguments, words in ((["--topics", "weather"], "weather"), (["--connect", "localhost:1"], "--tls-ca")):
        done = subprocess.run([*command(language, "watch_events"), *arguments], capture_output=True, text=True,
                              timeout=30 * PATIENCE, env=environment())
        assert done.returncode != 0 and words in done.stderr and "Traceback" not in done.stderr, done.stderr


# ---- the shell ----


def test_the_shell_shows_events(shared_lab):
    shared_lab.daemon.ctl("add route 10.56.0.0/16 blackhole", "delete route 10.56.0.0/16")
    added, removed = shared_lab.daemon.ctl_json("show events route last 2")
    assert (added["change"], removed["change"]) == ("added", "removed")
    assert added["subject"] == removed["subject"] == "10.56.0.0/16" and "blackhole" in added["what"]
    table = shared_lab.daemon.ctl("show events last 3").splitlines()
    assert table[0].split()[:3] == ["time", "topic", "change"] and len(table) == 4


def test_the_shell_follows_events(shared_lab):
    shell = subprocess.Popen([SLUICECTL, "--socket", shared_lab.daemon.socket, "-c", "monitor route"],
                             stdout=subprocess.PIPE, text=True)
    try:
        def see():
            shared_lab.daemon.ctl("add route 10.57.0.0/16 blackhole", "delete route 10.57.0.0/16")
            return shell.poll() is None

        # The first of them may be before the shell is there.
        see()
        lines = []
        reader = threading.Thread(target=lambda: lines.extend(iter(shell.stdout.readline, "")), daemon=True)
        reader.start()
        wait_until(lambda: see() and any("10.57.0.0/16" in line for line in lines), 20,
                   lambda: f"the route is told; there are {lines}", every=0.2)
    finally:
        shell.kill()
        shell.wait()
        reader.join()
        shell.stdout.close()
