#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A real sluiced between two memif ports, on one core; the load on another: how much it forwards, what it loses, how long it takes.

    perf/end_to_end.py                     the whole run, half a minute
    perf/end_to_end.py --real-time         as root, on a machine that does other things as well
    perf/end_to_end.py --format json       for programs

Three measurements, each the median of --repeats runs with the smallest and largest: the most that is forwarded while memif_load sends
as fast as the link takes packets; loss and latency at half of that; and the most that dpdk-testpmd, the well-known peer, gets through
(flowgen, in and out by one port). What is made is gone at the end, whatever happens.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
PATIENCE_S = 30
# testpmd's flowgen sends to this address, whatever it is told.
ROUTER_MAC = "00:01:02:03:04:01"
CONFIGURATION = """\
add port in device "net_memif0,role=server,id=0,socket={memif},socket-abstract=no"
add port out device "net_memif1,role=server,id=1,socket={memif},socket-abstract=no"
add address in 10.0.1.1/24
add address out 10.0.2.1/24
set interface in mac {mac}
set interface in state up
set interface out state up
add neighbor in 10.0.1.2 02:fe:00:00:00:01
add neighbor out 10.0.2.2 02:fe:00:00:00:02
add route 192.0.2.0/24 via 10.0.2.2
add route 10.253.0.0/16 via 10.0.1.2
"""


class Failure(Exception):
    """The sentence says what to do."""


def wait_until(condition, what):
    end = time.monotonic() + PATIENCE_S
    while not (value := condition()):
        if time.monotonic() > end:
            raise Failure(f"not within {PATIENCE_S} s: {what()}")
        time.sleep(0.02)
    return value


def favour(process, thread, policy):
    """Gives the one thread of a process that moves packets its core, whatever else wants it."""
    if policy is None:
        return

    def find():
        for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir():
            with contextlib.suppress(OSError):
                if re.search(thread, (task / "comm").read_text()):
                    return int(task.name)
        return None

    task = wait_until(find, lambda: f"process {process.pid} has a thread like '{thread}'")
    try:
        os.sched_setscheduler(task, policy, os.sched_param(10))
    except PermissionError:
        raise Failure("--real-time needs root") from None


class Router:
    """sluiced, configured, with its worker pinned."""

    def __init__(self, stack, options):
        self.build = options.build
        self.folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sluice-perf-")))
        self.memif = self.folder / "memif.sock"
        self.log = self.folder / "sluiced.log"
        words = [self.build / "bin/sluiced", "--socket", self.folder / "api.sock", "--cores", str(options.router_core)]
        words += ["--no-huge"] if options.no_huge else []
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(words, stdout=log, stderr=log)
        stack.callback(end, self.process)
        wait_until(self.answers, lambda: f"sluiced answers; its log:\n{self.log.read_text()}")
        for line in CONFIGURATION.format(memif=self.memif, mac=ROUTER_MAC).splitlines():
            self.ask(line)
        favour(self.process, "worker-0", options.policy)

    def shell(self, *words):
        return subprocess.run([self.build / "bin/sluicectl", "--socket", self.folder / "api.sock", *words], capture_output=True, text=True)

    def answers(self):
        if self.process.poll() is not None:
            raise Failure(f"sluiced ended with {self.process.returncode}; its log:\n{self.log.read_text()}")
        return self.shell("-c", "show version").returncode == 0

    def ask(self, line, *words):
        done = self.shell(*words, "-c", line)
        if done.returncode != 0:
            raise Failure(f"sluiced refused '{line}': {done.stderr.strip()}")
        return done.stdout

    def tell(self, line):
        return json.loads(self.ask(line, "-j"))

    def clocks(self):
        """Clocks a packet over all nodes since the counters were cleared, and packets a vector."""
        nodes = {node["node"]: node for node in self.tell("show runtime")}
        packets = nodes["port-rx"]["packets"]
        clocks = sum(node["clocks_per_packet"] * node["packets"] for node in nodes.values())
        return {"clocks_per_packet": round(clocks / packets, 1), "packets_per_vector": round(nodes["port-rx"]["packets_per_call"], 1),
                "nodes": {name: round(node["clocks_per_packet"], 1) for name, node in nodes.items() if node["packets"] > packets / 2}}

    def hugepages(self):
        return "ordinary pages" not in self.log.read_text()


def end(process):
    """Ends a child as an operator would."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def memif_load(router, options, rate):
    """One line of figures for each run of the load."""
    words = [options.build / "bin/memif_load", "--socket", router.memif, "--router-mac", ROUTER_MAC, "--core", options.load_core,
             "--size", options.size, "--burst", options.burst, "--rate", f"{rate:.4f}", "--seconds", options.seconds, "--repeats",
             options.repeats, "--format", "json"] + (["--no-huge"] if options.no_huge else [])
    process = subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        favour(process, "^memif_load$", options.policy)
        output, errors = process.communicate(timeout=PATIENCE_S + options.repeats * (options.seconds + 1) * 2)
    except subprocess.TimeoutExpired:
        raise Failure(f"memif_load did not end; sluiced's log:\n{router.log.read_text()}") from None
    finally:
        end(process)
    if process.returncode != 0:
        last = errors.strip().splitlines()[-1:] or [f"it ended with {process.returncode}"]
        raise Failure(f"memif_load failed: {last[0].removeprefix('error: ')}")
    runs = [json.loads(line) for line in output.splitlines()]
    if any(run["received"] == 0 for run in runs):
        raise Failure(f"nothing came through the router; its drops: {router.ask('show errors')}")
    return runs


def spread(values):
    return {"median": round(statistics.median(values), 2), "min": round(min(values), 2), "max": round(max(values), 2)}


def summary(runs):
    return {
        "mpps": spread([run["mpps"] for run in runs]),
        "offered_mpps": spread([run["offered_mpps"] for run in runs]),
        "lost_percent": spread([100 * run["lost"] / run["sent"] for run in runs]),
        "lossless_runs": sum(run["lost"] == 0 for run in runs),
        "out_of_order": sum(run["out_of_order"] for run in runs),
        "strange": sum(run["strange"] for run in runs),
        "latency_us": {name: spread([run["latency_us"][name] for run in runs]) for name in runs[0]["latency_us"]},
        "generator_pause_us": spread([run["generator_pause_us"] for run in runs]),
        "link_full": spread([run["link_full"] for run in runs]),
        "runs": len(runs),
    }


def testpmd(router, options):
    """What flowgen gets back a second, by its own counters, the first two periods left out."""
    program = shutil.which("dpdk-testpmd")
    if program is None:
        raise Failure("dpdk-testpmd is not installed (package dpdk-dev); --no-testpmd leaves it out")
    memory = ["--no-huge"] if options.no_huge else ["--in-memory"]
    core = options.load_core
    words = [program, "--lcores", f"0@{core},1@{core}", "--no-pci", "--no-telemetry", "-m", "128", *memory,
             f"--vdev=net_memif0,role=client,id=0,socket={router.memif},socket-abstract=no,mac=02:fe:00:00:00:01", "--",
             "--forward-mode=flowgen", f"--txpkts={options.size}", "--total-num-mbufs=8192",
             f"--burst={options.burst}", "--port-topology=loop", "--stats-period=1", "--no-lsc-interrupt"]
    log = router.folder / "testpmd.log"
    with open(log, "w") as output:
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=output, stderr=output)
    try:
        favour(process, "worker-1$", options.policy)
        rates = []
        for _ in range(options.repeats + 2):
            seen = len(rates)

            def more():
                nonlocal rates
                if process.poll() is not None:
                    raise Failure(f"dpdk-testpmd ended with {process.returncode}:\n{log.read_text()[-2000:]}")
                rates = [int(rate) / 1e6 for rate in re.findall(r"Rx-pps:\s+(\d+)\s+Rx-bps", log.read_text())]
                return len(rates) > seen

            wait_until(more, lambda: f"dpdk-testpmd prints its rate:\n{log.read_text()[-2000:]}")
    finally:
        end(process)
    if max(rates) == 0:
        raise Failure(f"nothing came back to dpdk-testpmd; the router's drops: {router.ask('show errors')}")
    return {"mpps": spread(rates[2:]), "runs": len(rates) - 2}


def measure(options):
    with contextlib.ExitStack() as stack:
        router = Router(stack, options)
        result = {"size": options.size, "burst": options.burst, "seconds": options.seconds, "hugepages": router.hugepages(),
                  "real_time": options.policy is not None}
        router.ask("clear counters")
        result["most"] = summary(memif_load(router, options, 0))
        result["router"] = router.clocks()
        result["half"] = summary(memif_load(router, options, options.rate or result["most"]["mpps"]["median"] / 2))
        if options.testpmd:
            router.ask("clear counters")
            result["testpmd"] = testpmd(router, options)
            result["testpmd"]["router"] = router.clocks()
    return result


def text(result):
    def of(values, unit=""):
        return f"{values['median']}{unit} ({values['min']} to {values['max']})"

    most, half, router = result["most"], result["half"], result["router"]
    lines = [
        f"packets of {result['size']} B in bursts of {result['burst']}, {'hugepages' if result['hugepages'] else 'ordinary pages'}, "
        f"{most['runs']} runs of {result['seconds']} s: median (smallest to largest)",
        f"most         {of(most['mpps'], ' Mpps')}, lost {of(most['lost_percent'], ' %')}",
        f"  the router {router['clocks_per_packet']} clocks a packet, {router['packets_per_vector']} packets a vector: "
        + ", ".join(f"{name} {clocks}" for name, clocks in router["nodes"].items()),
        f"half         {of(half['mpps'], ' Mpps')}, lost {of(half['lost_percent'], ' %')}, {half['lossless_runs']} of {half['runs']} runs "
        "without loss",
        "  latency    " + ", ".join(f"{name} {of(values, ' us')}" for name, values in half["latency_us"].items()),
        f"  generator  away at most {of(half['generator_pause_us'], ' us')}: what is longer than its pauses is the router's",
    ]
    if "testpmd" in result:
        peer = result["testpmd"]
        lines.append(f"testpmd      {of(peer['mpps'], ' Mpps')}, the router {peer['router']['clocks_per_packet']} clocks a packet")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build/release", help="build directory")
    parser.add_argument("--router-core", type=int, default=1, help="core of sluiced's worker")
    parser.add_argument("--load-core", type=int, default=0, help="core of the load")
    parser.add_argument("--size", type=int, default=60, help="bytes a packet, without frame check sequence")
    parser.add_argument("--burst", type=int, default=32, help="packets sent at once")
    parser.add_argument("--rate", type=float, help="Mpps of the second measurement; half of the most where it is left out")
    parser.add_argument("--seconds", type=float, default=1, help="length of one run")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each measurement")
    parser.add_argument("--no-huge", action="store_true", help="ordinary pages even where hugepages are free")
    parser.add_argument("--no-testpmd", dest="testpmd", action="store_false", help="leave dpdk-testpmd out")
    parser.add_argument("--real-time", dest="policy", action="store_const", const=os.SCHED_FIFO,
                        help="both packet threads come before all else on their cores, which stand still for others meanwhile")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    options = parser.parse_args()

    for program in ("sluiced", "sluicectl", "memif_load"):
        if not (options.build / "bin" / program).is_file():
            raise Failure(f"{options.build}/bin/{program} is not built: build it, or name the build directory with --build")
    missing = {options.router_core, options.load_core} - os.sched_getaffinity(0)
    if missing or options.router_core == options.load_core:
        raise Failure(f"the router and the load need a core each: {sorted(os.sched_getaffinity(0))} may be used, "
                      f"{options.router_core} and {options.load_core} were given")
    result = measure(options)
    print(json.dumps(result) if options.format == "json" else text(result))


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        print(f"error: {failure}", file=sys.stderr)
        sys.exit(1)
