# SPDX-License-Identifier: Apache-2.0
"""Plugins that are broken, foreign or wrong: each gets one sentence, and packets go on."""

import shutil

import pytest

from lib.daemon import BUILD
from lib.lab import Lab

TEST_PLUGINS = BUILD / "plugins" / "host" / "testing" / "plugins"
# What the sentence says, by plugin.
HOSTILE = {
    "wrong-stamp": "was built for sluice 0.0.9", "no-stamp": "has no build stamp", "no-descriptors": "no section",
    "no-entry": "does not define", "clash": "sluice.ListPluginsRequest", "ambiguous": "show plugin",
    "throwing": "the sky fell", "failing": "the licence is used up", "unknown-node": "'no-such-node'",
    "thief": "'ip4-lookup'", "greedy": "4096", "missing-symbol": "undefined symbol",
    "missing-library": "cannot open shared object file", "cut-off": "truncated", "text": "is not an ELF object",
    "empty": "is not an ELF object",
}


@pytest.fixture
def plugins(tmp_path):
    folder = tmp_path / "plugins"
    folder.mkdir()
    for name in HOSTILE:
        if (TEST_PLUGINS / f"{name}.so").exists():
            shutil.copy(TEST_PLUGINS / f"{name}.so", folder)
    whole = (TEST_PLUGINS / "throwing.so").read_bytes()
    (folder / "cut-off.so").write_bytes(whole[:len(whole) // 2])
    (folder / "text.so").write_text("hello\n")
    (folder / "empty.so").write_bytes(b"")
    assert {path.stem for path in folder.iterdir()} == set(HOSTILE)
    return folder


def test_each_gets_a_sentence_and_the_daemon_stays(plugins, tmp_path):
    with Lab(tmp_path, arguments=("--plugin-path", plugins)) as lab:
        lab.assert_forwards()
        shown = {plugin["name"]: plugin for plugin in lab.daemon.ctl_json("show plugin")}
        for name, words in HOSTILE.items():
            assert shown[name]["state"] == "refused", name
            assert f"'{name}'" in shown[name]["reason"] and words in shown[name]["reason"], shown[name]
            again = lab.daemon.refused(f"load plugin {name}")
            assert f"'{name}'" in again and words in again
            # Nothing of it is left.
            assert not shown[name].get("nodes")
        assert lab.daemon.errors().get(("removed-node", "node-removed"), 0) == 0
        lab.assert_forwards()
