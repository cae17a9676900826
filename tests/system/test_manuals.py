# SPDX-License-Identifier: Apache-2.0
"""The manuals in extras/docs: every command in them is run, and every answer is what they show."""

import re
import shlex

import pytest

from lib.daemon import ROOT
from lib.events import build_go_programs
from lib.manual import ManualError, broken_links, check_quote, matches, read
from lib.sandbox import Sandbox
from lib.wait import wait_until

DOCS = ROOT / "extras" / "docs"
EXAMPLE = ROOT / "extras" / "example-plugin"
NOT_UNDERSTOOD = 2
PLAYED = ["user-guide", "operator-guide", "api-guide"]
# What a manual may show and not run, at most.
MOST_NOT_RUN = 5


@pytest.fixture
def sandbox():
    with Sandbox() as made:
        yield made


@pytest.mark.parametrize("name", PLAYED)
def test_what_a_manual_says_is_so(name, sandbox):
    blocks = read(DOCS / f"{name}.md")
    if any("clients/go/build.sh" in line for block in blocks for line in block.lines):
        build_go_programs()  # The sandbox finds what it compiled in Go's cache.
    assert any(block.language == "console" for block in blocks)
    sandbox.play(blocks)


def test_every_manual_is_run_somewhere():
    """The plugin guide builds a plugin: tests/package does that."""
    assert {path.stem for path in DOCS.glob("*.md")} == {*PLAYED, "plugin-guide", "README"}
    assert read(DOCS / "README.md") == []
    for path in DOCS.glob("*.md"):
        skipped = [block.place for block in read(path) if block.not_run]
        assert len(skipped) <= MOST_NOT_RUN, skipped


def readmes():
    return [path for path in sorted(ROOT.rglob("*.md")) if "build" not in path.relative_to(ROOT).parts]


def test_every_link_leads_somewhere():
    assert {str(path.relative_to(ROOT)): broken for path in readmes() if (broken := broken_links(path))} == {}


def commands_of(text):
    """Lines of the shell that a README shows: behind its prompt, in one-line calls, as a file of lines."""
    for mode, line, answer in re.findall(r"(?m)^sluice(\(config\)#|>) (.*)\n(.*)$", text):
        if line != "?" and not answer.startswith("error:"):
            yield ["configure", line] if "config" in mode else [line]
    for line in re.findall(r"sluicectl -c '([^']+)'", text):
        yield [line]
    for block in re.findall(r"(?ms)^```\n((?:add|set|show) .*?)^```", text):
        for line in block.splitlines():
            yield [line]


def test_every_command_in_a_readme_is_understood(sandbox):
    """They are no manuals, and their answers are not held against anything; but no line in them may be none at all."""
    sandbox.bash("sluiced --no-huge 2>/var/log/sluiced.log &")
    wait_until(lambda: sandbox.bash("sluicectl -c 'show version'")[0] == 0, 20, "the daemon answers", every=0.1)
    asked = 0
    for path in readmes():
        if path.parent in (DOCS, EXAMPLE):  # Run as manuals; not loaded here.
            continue
        for lines in commands_of(path.read_text()):
            code, said = sandbox.bash("timeout 5 sluicectl " + shlex.join(word for line in lines for word in ("-c", line)))
            assert code != NOT_UNDERSTOOD, f"{path.relative_to(ROOT)}: {lines[-1]!r}: {said}"
            asked += 1
    assert asked > 40


# ---- a manual that is wrong is found out ----

def written(tmp_path, text):
    path = tmp_path / "manual.md"
    path.write_text(text)
    return path


@pytest.mark.parametrize("text, sentence", [
    ("```basic\n10 END\n```\n", "no test knows the language 'basic'"),
    ("```\n$ true\n```\n", "no test knows the language ''"),
    ("  ```console\n$ true\n```\n", "at the beginning of its line"),
    ("```console\n$ true\n", "does not end"),
    ("```conf\nadd null lan\n```\n", "say which file"),
])
def test_a_block_that_nobody_would_run_is_an_error(tmp_path, text, sentence):
    with pytest.raises(ManualError, match=re.escape(sentence)):
        read(written(tmp_path, text))


def test_what_cannot_be_run_says_so(tmp_path):
    block, = read(written(tmp_path, "*Not run by the tests: it ends the machine.*\n\n```sh\nhalt\n```\n"))
    assert block.not_run == "it ends the machine"


def test_answers_are_held_against_what_comes():
    assert matches(["name  mtu", "lan   1500"], "name    mtu\nlan     1500\n")
    assert not matches(["name  mtu"], "name mtu\nlan 1500\n")
    assert not matches([], "a word\n") and matches([], "")
    assert matches(["name", "..."], "name\nlan\nwan\n") and matches(["...", "wan"], "name\nlan\nwan\n")
    assert matches(["up ‹4› s by ‹lan›"], "up 17.5 s by wan") and not matches(["up ‹4› s"], "up long s")
    assert matches(["route ... used"], "route 10.0.0.0/8 used") and not matches(["a.c"], "abc")


def test_quotes_are_word_for_word(tmp_path):
    (tmp_path / "a.hpp").write_text("int a;\nint b;\nint c;\n")
    good, turned, other = read(written(tmp_path, "".join(
        f"```cpp a.hpp\n{text}\n```\n" for text in ("int a;\n...\nint c;", "int c;\n...\nint a;", "int d;"))))
    check_quote(good, tmp_path)
    for wrong in (turned, other):
        with pytest.raises(ManualError, match="does not have, in this order"):
            check_quote(wrong, tmp_path)


def test_what_is_not_so_is_found(tmp_path, sandbox):
    for text in ("```console\n$ echo yes\nno\n```\n", "```console\n$ false\n```\n", "```console\n$ echo more\n```\n",
                 "```console\n$ true\nerror: a sentence\n```\n", "```python\nassert 1 == 2\n```\n"):
        with pytest.raises(ManualError, match="manual.md:1"):
            sandbox.play(read(written(tmp_path, text)))
    sandbox.play(read(written(tmp_path, "```console\n$ cd /etc && touch mine\n$ pwd; ls mine\n/etc\nmine\n```\n")))


def test_nothing_of_a_sandbox_stays(tmp_path, sandbox):
    name = f"manual-{tmp_path.name}"
    for folder in ("/etc", "/var", "/run", str(ROOT)):
        assert sandbox.bash(f"touch {folder}/{name}")[0] == 0
        assert not (ROOT.__class__(folder) / name).exists()
    assert sandbox.bash("ip netns add lan && ip link add one type veth peer name two")[0] == 0
