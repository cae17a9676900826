#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A real sluiced that translates packets of its own making: how two workers compare with one, how many sessions a worker begins a
second, what a million of them take in memory.

    perf/nat44_load.py --cores 0,1                 all of it, a minute; a core for each worker
    perf/nat44_load.py --real-time                 as root, on a machine that does other things as well
    perf/nat44_load.py --part memory --format json

Each figure of speed is the median of --repeats spans of --seconds, with the smallest and largest. What is made is gone at the end.
"""

import argparse
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from end_to_end import Failure, end, favour, wait_until

HERE = pathlib.Path(__file__).resolve().parent
MILLION = 1 << 20
# Flows of one host: one worker's, all of them.
FLOWS = 1024
CONFIGURATION = """\
add pg interface in
add null out
add address in 10.16.0.1/12
add address out 10.0.2.1/24
set interface in state up
set interface out state up
add neighbor out 10.0.2.2 02:fe:00:00:00:02
add route 192.0.2.0/24 via 10.0.2.2
set interface in nat44 inside
set interface out nat44 outside
add nat44 pool pool
add nat44 address pool 198.51.100.0 to 198.51.100.63
"""


class Router:
    """sluiced with a worker on each core, configured."""

    def __init__(self, stack, options, cores):
        self.workers = len(cores)
        self.build = options.build
        self.seconds, self.repeats = options.seconds, options.repeats
        self.folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sluice-perf-")))
        self.log = self.folder / "sluiced.log"
        words = [self.build / "bin/sluiced", "--socket", self.folder / "api.sock", "--workers", str(self.workers),
                 "--cores", ",".join(map(str, cores))]
        words += ["--no-huge"] if options.no_huge else []
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(words, stdout=log, stderr=log)
        stack.callback(end, self.process)
        wait_until(self.answers, lambda: f"sluiced answers; its log:\n{self.log.read_text()}")
        self.ask(*CONFIGURATION.splitlines())
        for worker in range(self.workers):
            favour(self.process, f"worker-{worker}", options.policy)

    def shell(self, *words):
        return subprocess.run([self.build / "bin/sluicectl", "--socket", self.folder / "api.sock", *words], capture_output=True, text=True)

    def answers(self):
        if self.process.poll() is not None:
            raise Failure(f"sluiced ended with {self.process.returncode}; its log:\n{self.log.read_text()}")
        return self.shell("-c", "show version").returncode == 0

    def ask(self, *lines):
        done = self.shell(*(word for line in lines for word in ("-c", line)))
        if done.returncode != 0:
            raise Failure(f"sluiced refused one of {lines}: {done.stderr.strip()}")
        return done.stdout

    def tell(self, line):
        return json.loads(self.shell("-j", "-c", line).stdout)

    def total(self, field):
        return sum(int(table[field]) for table in self.tell("show flow"))

    def sent(self):
        return sum(int(stream["sent"]) for stream in self.tell("show pg"))

    def end_sessions(self):
        self.ask("clear nat44 sessions")
        wait_until(lambda: self.total("sessions") == 0, lambda: f"no session: {self.ask('show flow')}")

    def rates(self, count):
        """What a count grows by in a second, once for each repetition."""
        rates = []
        for _ in range(self.repeats):
            begin, before = time.monotonic(), count()
            time.sleep(self.seconds)
            now = count()
            rates.append((now - before) / (time.monotonic() - begin))
        return rates

    def drops(self):
        return {f"{drop['node']}/{drop['reason']}": int(drop["packets"]) for drop in self.tell("show errors")}

    def hosts_of_workers(self):
        """For each worker, a host whose sessions it has."""
        self.ask("add pg stream seek interface in packets 64 source 10.16.1.1 sources 64 destination 192.0.2.1", "start pg seek")
        wait_until(lambda: self.total("sessions") == 64, lambda: f"64 sessions: {self.ask('show flow')}")
        hosts = {int(session["worker"]): session["from"].rsplit(":", 1)[0] for session in self.tell("show flow sessions")}
        self.ask("delete pg seek")
        self.end_sessions()
        return hosts


def spread(values, digits=2):
    return {"median": round(statistics.median(values), digits), "min": round(min(values), digits), "max": round(max(values), digits)}


def forwarding(router, turn):
    """Established sessions, packets as fast as the workers make them; `turn`: each worker gets those of the next one."""
    hosts = router.hosts_of_workers()
    for worker in range(router.workers):
        host = hosts[(worker + turn) % router.workers]
        router.ask(f"add pg stream s{worker} interface in vector 256 source {host} source-ports {FLOWS} destination 192.0.2.1 worker {worker}",
                   f"start pg s{worker}")
    wait_until(lambda: router.total("sessions") == FLOWS * router.workers, lambda: f"all sessions: {router.ask('show flow')}")
    router.ask("clear counters")
    out = lambda: int(router.tell("show interface out")[0]["tx_packets"])
    result = {"mpps": spread([rate / 1e6 for rate in router.rates(out)]), "drops": router.drops(),
              "clocks_a_packet": {node["node"]: round(node["clocks_per_packet"], 1) for node in router.tell("show runtime") if "clocks_per_packet" in node}}
    return result


def beginning(router):
    """A new session for each packet, in a table that is full and displaces its oldest."""
    for worker in range(router.workers):
        router.ask(f"add pg stream n{worker} interface in vector 256 source 10.20.0.0 sources 65536 source-ports 256 destination 192.0.2.1 "
                   f"destinations 200 order random seed {worker + 1} worker {worker}", f"start pg n{worker}")
    wait_until(lambda: router.total("displaced") > 0, lambda: f"a full table: {router.ask('show flow')}")
    rates = router.rates(lambda: router.total("created"))
    return {"million_a_second": spread([rate / 1e6 for rate in rates]),
            "million_a_second_and_worker": spread([rate / 1e6 / router.workers for rate in rates])}


def resident_kb(process):
    with open(f"/proc/{process.pid}/smaps_rollup") as rollup:
        return next(int(line.split()[1]) for line in rollup if line.startswith("Rss:"))


def memory(router):
    """2^20 sessions of 65536 hosts; every page of them touched."""
    before = resident_kb(router.process)
    parts_before = {part["part"]: int(part["kilobytes"]) for part in router.tell("show memory")}
    # Sources and ports step together, and meet again after as many packets as both numbers' product.
    router.ask(f"add pg stream fill interface in packets {MILLION} rate 500000 source 10.20.0.0 sources 65536 source-ports 17 destination 192.0.2.1",
               "start pg fill")
    wait_until(lambda: router.total("created") >= MILLION or router.drops(), lambda: f"{MILLION} sessions: {router.ask('show flow')}")
    sessions, hosts = router.total("sessions"), sum(int(pool["hosts"]) for pool in router.tell("show nat44 pool"))
    after = resident_kb(router.process)
    grown = {part["part"]: round((int(part["kilobytes"]) - parts_before.get(part["part"], 0)) / 1024, 1) for part in router.tell("show memory")}
    return {"sessions": sessions, "hosts": hosts, "resident_mb": round((after - before) / 1024, 1),
            "show_memory_mb": {part: mb for part, mb in grown.items() if mb >= 0.1}}


def measure(options):
    result = {}
    for cores in ([options.cores[:1]] if len(options.cores) == 1 or options.part == "memory" else [options.cores[:1], options.cores]):
        key = f"{len(cores)} worker{'s' if len(cores) > 1 else ''}"
        result[key] = {}
        for part in ("forwarding", "handed-over", "beginning", "memory"):
            if options.part not in ("all", part) or (part == "handed-over" and len(cores) == 1) or (part == "memory" and len(cores) > 1):
                continue
            with contextlib.ExitStack() as stack:
                router = Router(stack, options, cores)
                result[key][part] = (forwarding(router, 0) if part == "forwarding" else forwarding(router, 1) if part == "handed-over"
                                     else beginning(router) if part == "beginning" else memory(router))
    return result


def print_text(result):
    for workers, parts in result.items():
        for part, figures in parts.items():
            print(f"{workers}, {part}:")
            for name, value in figures.items():
                if isinstance(value, dict) and "median" in value:
                    value = f"{value['median']} ({value['min']} to {value['max']})"
                elif isinstance(value, dict):
                    value = ", ".join(f"{key} {number}" for key, number in value.items()) or "none"
                print(f"  {name.replace('_', ' ')}: {value}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build/release", help="build directory")
    parser.add_argument("--cores", type=lambda text: [int(core) for core in text.split(",")], default=sorted(os.sched_getaffinity(0))[:2],
                        help="one for each worker")
    parser.add_argument("--part", choices=("all", "forwarding", "handed-over", "beginning", "memory"), default="all")
    parser.add_argument("--seconds", type=float, default=1, help="length of a span")
    parser.add_argument("--repeats", type=int, default=5, help="spans")
    parser.add_argument("--no-huge", action="store_true", help="ordinary pages even where hugepages are free")
    parser.add_argument("--real-time", dest="policy", action="store_const", const=os.SCHED_FIFO, help="workers before all else; needs root")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    options = parser.parse_args()
    try:
        result = measure(options)
    except Failure as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1
    print(json.dumps(result)) if options.format == "json" else print_text(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
