# SPDX-License-Identifier: Apache-2.0
"""That the load of nat44 runs, cleans up and explains itself; its figures are nobody's business here. SLUICE_BUILD names the build
directory."""

import json
import os
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("SLUICE_BUILD", HERE.parent / "build/release"))


def run(*words, folder):
    return subprocess.run(["/usr/bin/python3", HERE / "nat44_load.py", "--build", BUILD, "--no-huge", "--seconds", "0.1", "--repeats", "1",
                           *words], capture_output=True, text=True, env=os.environ | {"TMPDIR": str(folder)}, timeout=300)


def test_every_part_is_measured_and_nothing_is_left_behind(tmp_path):
    done = run("--cores", "0,1", "--format", "json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    one, two = (json.loads(done.stdout)[workers] for workers in ("1 worker", "2 workers"))
    for figures in (one["forwarding"], two["forwarding"], two["handed-over"]):
        assert figures["mpps"]["median"] > 0 and figures["clocks_a_packet"]["nat44-in2out"] > 0
    assert one["forwarding"]["drops"] == two["forwarding"]["drops"] == {}
    for figures in (one["beginning"], two["beginning"]):
        assert figures["million_a_second_and_worker"]["median"] > 0
    assert one["memory"]["sessions"] == 1 << 20 and one["memory"]["hosts"] == 65536
    assert one["memory"]["show_memory_mb"]["flow-tables"] > 64
    assert list(tmp_path.glob("sluice-perf-*")) == []


def test_what_goes_wrong_is_a_sentence(tmp_path):
    done = run("--cores", "9999", "--part", "forwarding", folder=tmp_path)
    assert done.returncode == 1 and done.stderr.startswith("error: "), done.stderr
