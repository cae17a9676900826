#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A real sluiced with many NAT sessions, made by its own packet generator: how long requests that look at all of them take, and how long
another client's small request takes meanwhile.

    perf/nat44_control.py                        a million sessions, half a minute
    perf/nat44_control.py --sessions 100000
    perf/nat44_control.py --format json          for programs

The sessions are of endpoint-dependent mappings, of 4096 hosts, by a pool of 256 addresses. Each request is made --repeats times, the one
that ends sessions once; the small request, the version, is made again and again from before it until behind it, by a process of its own.
"""

import argparse
import contextlib
import json
import multiprocessing
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import grpc

from end_to_end import HERE, Failure, end, wait_until

HOSTS = 4096
# Has no factor in common with the hosts, so that each packet is of a session of its own.
PORTS = 60001
CONFIGURATION = """\
set flow timeouts udp 3600
add pg interface lan
add pg interface wan
set interface lan state up
set interface wan state up
add address lan 10.0.0.1/16
add address wan 10.2.0.1/16
add neighbor wan 10.2.0.2 02:00:00:00:02:02
set interface lan nat44 inside
set interface wan nat44 outside
add nat44 pool p
add nat44 address p 198.18.0.0 to 198.18.0.255
add route 203.0.113.0/24 via 10.2.0.2
"""
SERVICE = "/sluice.nat44.Nat44/"
# A SessionFilter whose remote port is 1, which no session has: its field 7.
NOBODY = bytes([7 << 3, 1])
REQUESTS = {"show nat44 sessions remote-port 1": ("ListSessions", NOBODY), "show nat44 sessions": ("ListSessions", b""),
            "show nat44 count": ("CountSessions", b""), "show nat44 hosts": ("ListHosts", b""), "show nat44 pool": ("ListPools", b""),
            "clear nat44 sessions": ("ClearSessions", b"")}


class Router:
    """sluiced with one worker and no wire."""

    def __init__(self, stack, options):
        self.build = options.build
        self.folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sluice-perf-")))
        self.socket = self.folder / "api.sock"
        log = self.folder / "sluiced.log"
        with open(log, "w") as output:
            self.process = subprocess.Popen([self.build / "bin/sluiced", "--socket", self.socket, "--no-huge"], stdout=output, stderr=output)
        stack.callback(end, self.process)
        wait_until(lambda: self.shell("show version").returncode == 0, lambda: f"sluiced answers; its log:\n{log.read_text()}")
        for line in CONFIGURATION.splitlines():
            self.ask(line)

    def shell(self, line, *words):
        return subprocess.run([self.build / "bin/sluicectl", "--socket", self.socket, "-c", line, *words], capture_output=True, text=True)

    def ask(self, line):
        done = self.shell(line)
        if done.returncode != 0:
            raise Failure(f"sluiced refused '{line}': {done.stderr.strip()}")

    def sessions(self):
        return sum(table["sessions"] for table in json.loads(self.shell("show flow", "-j").stdout))

    def make_sessions(self, count):
        self.ask(f"add pg stream s interface lan packets {count} rate 500000 source 10.0.16.0 sources {HOSTS} destination 203.0.113.9 "
                 f"source-port 1024 source-ports {PORTS} destination-port 9")
        self.ask("start pg s")
        wait_until(lambda: self.sessions() >= count * 0.99, lambda: f"{count} sessions; there are {self.sessions()}")


def times_until(stop, ask):
    """Asks again and again until stop is set, but once at least: what is measured beside it may be over at once. The times that it took, in ms."""
    times = []
    while not times or not stop.is_set():
        before = time.monotonic()
        ask()
        times.append((time.monotonic() - before) * 1000)
    return times


def small_requests(socket, begun, stop, results):
    """Asks for the version again and again; puts the times that it took, in ms, into results."""
    with grpc.insecure_channel(f"unix:{socket}") as channel:
        version = channel.unary_unary("/sluice.System/Version", None, None)
        version(b"", timeout=60)
        begun.set()
        results.put(times_until(stop, lambda: version(b"", timeout=60)))


def measure(channel, socket, method, request):
    """The seconds and answers of one request, and the times of small ones meanwhile."""
    begun, stop, results = multiprocessing.Event(), multiprocessing.Event(), multiprocessing.Queue()
    bystander = multiprocessing.Process(target=small_requests, args=(socket, begun, stop, results))
    bystander.start()
    begun.wait()
    before = time.monotonic()
    answers = sum(1 for _ in channel.unary_stream(SERVICE + method, None, None)(request, timeout=300))
    seconds = time.monotonic() - before
    stop.set()
    times = sorted(results.get())
    bystander.join()
    return {"seconds": seconds, "answers": answers, "slowest_ms": times[-1], "p99_ms": times[len(times) * 99 // 100]}


def run(options):
    with contextlib.ExitStack() as stack:
        router = Router(stack, options)
        router.make_sessions(options.sessions)
        # A process made while a channel is open would share it.
        multiprocessing.set_start_method("spawn")
        result = {"sessions": router.sessions(), "requests": {}}
        with grpc.insecure_channel(f"unix:{router.socket}") as channel:
            for line, (method, request) in REQUESTS.items():
                repeats = 1 if method == "ClearSessions" else options.repeats
                runs = [measure(channel, router.socket, method, request) for _ in range(repeats)]
                result["requests"][line] = {key: [statistics.median(each[key] for each in runs), min(each[key] for each in runs),
                                                  max(each[key] for each in runs)] for key in runs[0]}
        return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build/release", help="where sluiced is built")
    parser.add_argument("--sessions", type=int, default=1_000_000, metavar="N", help="how many (%(default)s)")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="of each request (%(default)s)")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    options = parser.parse_args()
    try:
        result = run(options)
    except Failure as failure:
        sys.exit(f"error: {failure}")
    if options.format == "json":
        print(json.dumps(result))
        return
    print(f"{result['sessions']} sessions; medians of {options.repeats} (smallest to largest)")
    for line, figures in result["requests"].items():
        words = [f"{name} {figures[key][0]:.{digits}f} ({figures[key][1]:.{digits}f} to {figures[key][2]:.{digits}f}) {unit}"
                 for name, key, unit, digits in (("took", "seconds", "s", 3), ("others at most", "slowest_ms", "ms", 1),
                                                 ("99 % of them", "p99_ms", "ms", 2))]
        print(f"{line}: {figures['answers'][0]:.0f} answers, {', '.join(words)}")


if __name__ == "__main__":
    main()
