# SPDX-License-Identifier: Apache-2.0
"""That the checker fails where it should. The last tests run path_bench itself; SLUICE_BUILD names the build directory."""

import json
import os
import pathlib
import re
import subprocess

import pytest

import check_budget
from check_budget import Budget, Failure

HERE = pathlib.Path(__file__).resolve().parent
BENCH = pathlib.Path(os.environ.get("SLUICE_BUILD", HERE.parent / "build/release")) / "bin/path_bench"
ROW = Budget("ip4-1", 256, 100.0, False)


def write(path, *rows, tolerance=0.02):
    check_budget.save(path, tolerance, rows)
    return path


def check(*words):
    return subprocess.run(["/usr/bin/python3", HERE / "check_budget.py", "--bench", BENCH, *words], capture_output=True, text=True)


@pytest.mark.parametrize("measured, passed, words", [
    (100.0, True, "100.0 instructions a packet measured, budget 100.0"),
    (102.0, True, "+2.0%"),
    (102.1, False, "path ip4-1 at vectors of 256 is past its budget: 102.1 instructions a packet measured, budget 100.0"),
    (97.9, True, "below its budget"),
])
def test_judgement(measured, passed, words):
    outcome, sentence = check_budget.judge(ROW, measured, 0.02)
    assert outcome == passed and words in sentence


def test_a_path_without_a_budget_fails():
    budgets, chosen = check_budget.wanted([ROW], ["ip4-1", "ip6-1"], None, False)
    assert chosen[-1].path == "ip6-1" and len(budgets) == 2
    assert check_budget.judge(chosen[-1], 5.0, 0.02) == (False, "path ip6-1 at vectors of 256 has no budget: 5.0 instructions a packet "
                                                                "measured; --update writes it")


def test_slow_ones_are_left_out_unless_asked_for():
    slow = ROW._replace(path="ip4-1m", slow=True)
    choose = lambda only, everything: check_budget.wanted([ROW, slow], ["ip4-1", "ip4-1m"], only, everything)[1]
    assert choose(None, False) == [ROW]
    assert choose(None, True) == [ROW, slow]
    assert choose("ip4-1m", False) == [slow]


@pytest.mark.parametrize("names, only, words", [(["ip4-1"], "ip9", "no path 'ip9'"), (["ip6-1"], None, "no path 'ip4-1' any more")])
def test_wrong_names_are_said(names, only, words):
    with pytest.raises(Failure, match=re.escape(words)):
        check_budget.wanted([ROW], names, only, False)


def test_the_file_is_read_as_written(tmp_path):
    rows = [ROW, ROW._replace(vector=1, slow=True), ROW._replace(vector=4, instructions=None)]
    assert check_budget.load(write(tmp_path / "budget.json", *rows)) == (0.02, rows)


@pytest.mark.parametrize("text", ["", "{}", '{"tolerance": 1, "budgets": [{}]}'])
def test_a_broken_file_is_refused(tmp_path, text):
    path = tmp_path / "budget.json"
    path.write_text(text)
    with pytest.raises(Failure, match="cannot be read"):
        check_budget.load(path)
    done = check("--budget", path)
    assert done.returncode == 2 and done.stderr.startswith("error: budget file")


def test_a_processor_without_avx2_is_refused(tmp_path):
    (tmp_path / "cpuinfo").write_text("flags: sse4_2 avx")
    with pytest.raises(Failure, match="AVX2"):
        check_budget.check_processor(tmp_path / "cpuinfo")


def test_a_path_past_its_budget_fails_the_run(tmp_path):
    done = check("--path", "ip4-1", "--budget", write(tmp_path / "budget.json", ROW._replace(instructions=10.0),
                                                      Budget("ip4-1m", 256, 10.0, True)))
    assert done.returncode == 1
    assert re.match(r"error: path ip4-1 at vectors of 256 is past its budget: [\d.]+ instructions a packet measured, budget 10.0 ",
                    done.stdout)


def test_update_writes_what_then_passes(tmp_path):
    # One path: what no budget names would run as well, for minutes.
    path = write(tmp_path / "budget.json", ROW._replace(instructions=None), Budget("ip4-1m", 256, 10.0, True))
    assert check("--path", "ip4-1", "--budget", path).returncode == 1
    assert check("--path", "ip4-1", "--budget", path, "--update").returncode == 0
    written = json.loads(path.read_text())["budgets"]
    assert written[0]["instructions_per_packet"] > 0 and written[1]["instructions_per_packet"] == 10.0
    again = check("--path", "ip4-1", "--budget", path, "--explain")
    assert again.returncode == 0 and "(+0.0%)" in again.stdout and "vnet::ip4::" in again.stdout
