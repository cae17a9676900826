# SPDX-License-Identifier: Apache-2.0
"""That the measurement of requests about many sessions runs and counts them; its figures are nobody's business here. SLUICE_BUILD names the
build directory."""

import json
import os
import pathlib
import subprocess
import threading

import nat44_control

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("SLUICE_BUILD", HERE.parent / "build/release"))


def test_each_request_sees_all_sessions(tmp_path):
    done = subprocess.run(["/usr/bin/python3", HERE / "nat44_control.py", "--build", BUILD, "--sessions", "2000", "--repeats", "1", "--format", "json"],
                          capture_output=True, text=True, env=os.environ | {"TMPDIR": str(tmp_path)}, timeout=300)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    answers = {line: figures["answers"][0] for line, figures in result["requests"].items()}
    assert answers == {"show nat44 sessions remote-port 1": 0, "show nat44 sessions": 2000, "show nat44 count": 1, "show nat44 hosts": 20,
                       "show nat44 pool": 1, "clear nat44 sessions": 1}
    assert all(figures["slowest_ms"][0] > 0 for figures in result["requests"].values())
    assert list(tmp_path.glob("sluice-perf-*")) == []


def test_a_request_that_is_over_at_once_is_measured_against_one_other():
    over = threading.Event()
    over.set()
    asked = []
    assert len(nat44_control.times_until(over, lambda: asked.append(1))) == len(asked) == 1
