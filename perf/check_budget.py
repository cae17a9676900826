#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds each path of path_bench to its budget of instructions a packet, counted by callgrind.

    perf/check_budget.py                  every budget but the slow ones; exit 1 where one is exceeded
    perf/check_budget.py --explain        and where the instructions go, function by function
    perf/check_budget.py --update         writes what is measured into budget.json

Instructions inside graph::Dispatch::drain() are counted, and those of polling what comes back over memif: all nodes, with the drivers
below them, and what moves packets between them, the generator not. A path runs twice, with N and with M packets;
(count(M) - count(N)) / (M - N) is what one packet takes, and the start, the warm-up and first times cancel out. The figure is the same on every run and on a busy machine. It is not time: cache misses and waiting cost none.

valgrind shows an x86-64-v3 (AVX2) processor to the program, whatever it runs on. Where a node is built for several processors, its v3
build is what is counted.
"""

import argparse
import collections
import json
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
FEW, MANY = 4096, 12288
# A queue that packets come back by is polled outside of the first.
COUNTED = ["graph::Dispatch::drain()", "vnet::device::RxQueue::poll(graph::Dispatch&)"]
Budget = collections.namedtuple("Budget", "path vector instructions slow")


class Failure(Exception):
    """The sentence says what to do."""


def load(path):
    """Tolerance and budgets of a budget file."""
    try:
        written = json.loads(path.read_text())
        budgets = [Budget(row["path"], row["vector"], row["instructions_per_packet"], row.get("slow", False))
                   for row in written["budgets"]]
        return written["tolerance"], budgets
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Failure(f"budget file '{path}' cannot be read: {error!r}") from None


def save(path, tolerance, budgets):
    rows = []
    for budget in budgets:
        row = {"path": budget.path, "vector": budget.vector, "instructions_per_packet": budget.instructions}
        rows.append("    " + json.dumps(row | ({"slow": True} if budget.slow else {})))
    path.write_text('{\n  "tolerance": %s,\n  "budgets": [\n%s\n  ]\n}\n' % (tolerance, ",\n".join(rows)))


def run(words):
    try:
        return subprocess.run(words, capture_output=True, text=True)
    except FileNotFoundError:
        raise Failure(f"'{words[0]}' is not installed; extras/install.sh build test installs what is needed") from None


def callgrind(bench, budget, packets, profile):
    """Instructions of all packets, the warm-up's included."""
    words = ["valgrind", "--tool=callgrind", *(f"--toggle-collect={function}" for function in COUNTED),
             f"--callgrind-out-file={profile}", str(bench), "--no-huge", "--path", budget.path, "--vector", str(budget.vector),
             "--packets", str(packets), "--repeats", "1", "--format", "json"]
    done = run(words)
    if done.returncode != 0:
        last = [line for line in done.stderr.splitlines() if not line.startswith("==")] or ["no reason given"]
        raise Failure(f"path {budget.path} did not run under valgrind: {last[-1]}")
    total = re.search(r"^totals: (\d+)", profile.read_text(), re.MULTILINE)
    if not total or total.group(1) == "0":
        raise Failure(f"path {budget.path}: no instruction was counted in {COUNTED[0]}; name the function that runs all nodes in "
                      "COUNTED where it has another name now")
    return int(total.group(1))


def by_function(profile):
    """Instructions of each function itself, what is inlined in it included."""
    costs = collections.Counter()
    for line in run(["callgrind_annotate", "--auto=no", "--threshold=100", str(profile)]).stdout.splitlines():
        found = re.match(r"\s*([\d,]+) \([^)]*\)\s+[^:]*:(.+?)(?: \[.*/(\S+)\])?$", line)
        if found:
            count, function, library = found.groups()
            costs[f"{function} in {library}" if function.startswith("0x") else function] += int(count.replace(",", ""))
    return costs


def measure(bench, budget, explain=False):
    """Instructions that one packet takes, and, where asked for, the functions they are spent in."""
    with tempfile.TemporaryDirectory() as folder:
        few, many = pathlib.Path(folder) / "few", pathlib.Path(folder) / "many"
        difference = callgrind(bench, budget, MANY, many) - callgrind(bench, budget, FEW, few)
        functions = []
        if explain:
            costs = by_function(many)
            costs.subtract(by_function(few))
            functions = [(count / (MANY - FEW), name) for name, count in costs.most_common()]
        return round(difference / (MANY - FEW), 1), functions


def judge(budget, measured, tolerance):
    """(passed, sentence). What is well below its budget passes, and is told to be lowered."""
    what = f"path {budget.path} at vectors of {budget.vector}"
    if budget.instructions is None:
        return False, f"{what} has no budget: {measured} instructions a packet measured; --update writes it"
    change = f"{measured} instructions a packet measured, budget {budget.instructions} ({measured / budget.instructions - 1:+.1%})"
    if measured > budget.instructions * (1 + tolerance):
        return False, f"{what} is past its budget: {change}; find what was added with --explain, or raise it with --update and a reason"
    if measured < budget.instructions * (1 - tolerance):
        return True, f"{what} is below its budget: {change}; --update keeps what was won"
    return True, f"{what}: {change}"


def check_processor(path=pathlib.Path("/proc/cpuinfo")):
    if " avx2" not in path.read_text():
        raise Failure("budgets are counted with AVX2, which this processor does not have; run on one that has it")


def wanted(budgets, names, only, everything):
    """The budgets to check: every path that path_bench knows must have one."""
    known = {budget.path for budget in budgets}
    budgets = budgets + [Budget(name, 256, None, False) for name in names if name not in known]
    if only and only not in {budget.path for budget in budgets}:
        raise Failure(f"there is no path '{only}'; path_bench --list names them")
    gone = [budget.path for budget in budgets if budget.path not in names]
    if gone:
        raise Failure(f"path_bench has no path '{gone[0]}' any more; take its rows out of the budget file")
    chosen = [budget for budget in budgets if (budget.path == only if only else everything or not budget.slow)]
    return budgets, chosen


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=pathlib.Path, default=HERE.parent / "build/release/bin/path_bench", help="path_bench to run")
    parser.add_argument("--budget", type=pathlib.Path, default=HERE / "budget.json", help="budget file")
    parser.add_argument("--path", help="only this path, slow or not")
    parser.add_argument("--all", action="store_true", help="the slow ones too")
    parser.add_argument("--update", action="store_true", help="write what is measured")
    parser.add_argument("--explain", action="store_true", help="say in which functions the instructions are")
    options = parser.parse_args()

    check_processor()
    tolerance, budgets = load(options.budget)
    listed = run([str(options.bench), "--list"])
    names = [line.split()[0] for line in listed.stdout.splitlines() if line.strip()]
    budgets, chosen = wanted(budgets, names, options.path, options.all)
    failed = 0
    for budget in chosen:
        measured, functions = measure(options.bench, budget, options.explain)
        passed, sentence = judge(budget, measured, tolerance)
        if options.update:
            budgets[budgets.index(budget)] = budget._replace(instructions=measured)
            sentence, passed = f"path {budget.path} at vectors of {budget.vector}: {measured} instructions a packet", True
        failed += not passed
        print(sentence if passed else f"error: {sentence}", flush=True)
        for count, name in functions:
            if count >= 0.5:
                print(f"  {count:8.1f}  {name}")
    if options.update:
        save(options.budget, tolerance, budgets)
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        print(f"error: {failure}", file=sys.stderr)
        sys.exit(2)
