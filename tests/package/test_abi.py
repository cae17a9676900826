# SPDX-License-Identifier: Apache-2.0
"""The binary interface of the libraries is what the committed lists say, or something keeps old plugins and programs away."""

import subprocess

import pytest

from conftest import BUILD, ROOT

ABI = ROOT / "extras" / "abi" / "abi.py"


def abi(action, *arguments):
    return subprocess.run([ABI, action, "--build", BUILD, *arguments], capture_output=True, text=True)


def test_nobody_is_misled():
    done = abi("check")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def lists(tmp_path):
    assert abi("accept", "--lists", tmp_path).returncode == 0
    return tmp_path


def lose(lists, fact=None):
    """As if the graph library had had one function more; and, of the facts then, another."""
    with open(lists / "graph.list", "a") as file:
        file.write("function graph::Engine::stop_the_world()\n")
    if fact:
        facts = lists / "facts"
        facts.write_text("".join(line if not line.startswith(fact) else f"{fact}=other\n"
                                 for line in facts.read_text().splitlines(keepends=True)))


def test_the_same_build_has_nothing_to_say(lists):
    done = abi("check", "--lists", lists)
    assert done.returncode == 0 and "note" not in done.stdout and "error" not in done.stdout
    assert "function graph::Engine::commit()" in (lists / "graph.list").read_text().splitlines()


def test_a_loss_that_nothing_guards_is_an_error(lists):
    lose(lists)
    done = abi("check", "--lists", lists)
    assert done.returncode == 1
    assert "libsluice_graph no longer has 1 thing that it had, such as: function graph::Engine::stop_the_world()" in done.stdout
    assert "raise SLUICE_SOVERSION" in done.stdout and "abi.py accept" in done.stdout


@pytest.mark.parametrize("fact, why", [("headers", "refused by their stamp"), ("soversion", "nobody is misled")])
def test_a_loss_that_the_stamp_or_the_version_guards_is_none(lists, fact, why):
    lose(lists, fact)
    done = abi("check", "--lists", lists)
    assert done.returncode == 0 and why in done.stdout


def test_what_is_new_is_welcome(lists):
    path = lists / "graph.list"
    path.write_text("\n".join(path.read_text().splitlines()[1:]) + "\n")
    done = abi("check", "--lists", lists)
    assert done.returncode == 0 and "libsluice_graph has 1 new" in done.stdout
