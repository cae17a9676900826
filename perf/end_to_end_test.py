# SPDX-License-Identifier: Apache-2.0
"""That the end-to-end run runs, cleans up and explains itself; its figures are nobody's business here. SLUICE_BUILD names the build
directory."""

import json
import os
import pathlib
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("SLUICE_BUILD", HERE.parent / "build/release"))
SHORT = ["--seconds", "0.1", "--repeats", "1"]


def run(*words, folder=None):
    env = os.environ | ({"TMPDIR": str(folder)} if folder else {})
    return subprocess.run(["/usr/bin/python3", HERE / "end_to_end.py", "--build", BUILD, *words], capture_output=True, text=True, env=env,
                          timeout=300)


def test_packets_are_counted_timed_and_nothing_is_left_behind(tmp_path):
    done = run(*SHORT, "--no-huge", "--format", "json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    for part in ("most", "half"):
        assert result[part]["mpps"]["median"] > 0 and result[part]["strange"] == 0 and result[part]["out_of_order"] == 0
        latency = result[part]["latency_us"]
        assert 0 < latency["min"]["median"] <= latency["p50"]["median"] <= latency["p99.9"]["median"] <= latency["max"]["median"]
    assert result["testpmd"]["mpps"]["median"] > 0
    assert result["router"]["nodes"]["ip4-lookup"] > 0 and not result["hugepages"]
    assert list(tmp_path.glob("sluice-perf-*")) == []


def test_text_is_for_people(tmp_path):
    done = run(*SHORT, "--no-huge", "--no-testpmd", "--rate", "0.01", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "without loss" in done.stdout and "testpmd" not in done.stdout and "ordinary pages" in done.stdout


@pytest.mark.parametrize("words, sentence", [
    (["--router-core", "0", "--load-core", "0"], "need a core each"),
    (["--load-core", "999"], "need a core each"),
    (["--build", "/nonexistent"], "is not built"),
])
def test_what_cannot_run_says_so(words, sentence):
    done = run(*words)
    assert done.returncode == 1 and sentence in done.stderr and done.stdout == ""


@pytest.mark.parametrize("words, sentence", [
    (["--router-mac", "00:01:02:03:04:01", "--socket", "/nonexistent"], "no router listens on '/nonexistent'"),
    (["--router-mac", "nonsense", "--socket", "/nonexistent"], "nonsense"),
])
def test_the_load_says_what_is_wrong(words, sentence):
    done = subprocess.run([BUILD / "bin/memif_load", *words], capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith("error: ") and sentence in done.stderr
