# SPDX-License-Identifier: Apache-2.0
"""The shell as a person has it: on a terminal, over hours, with a daemon that comes and goes."""

import os
import re
import signal
import subprocess

import pexpect
import pytest

from lib.daemon import BUILD, ROOT, SLUICECTL, Daemon, shell
from lib.lab import Lab
from lib.wait import PATIENCE, wait_until

PROMPT = "sluice> "
ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>])")


def plain(text):
    return ESCAPES.sub("", text)


@pytest.fixture(scope="module")
def router(tmp_path_factory):
    with Lab(tmp_path_factory.mktemp("lab")) as made:
        yield made


class Person:
    """Somebody at the shell's prompt."""

    def __init__(self, socket, home, *options, rows=30, columns=100, **env):
        self.home = home
        clean = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "PAGER", "LESS")}
        self.child = pexpect.spawn(str(SLUICECTL), ["--socket", str(socket), *options], encoding="utf-8",
                                   dimensions=(rows, columns), timeout=10 * PATIENCE,
                                   env={**clean, "HOME": str(home), "XDG_STATE_HOME": str(home), "TERM": "xterm", **env})
        self.child.delaybeforesend = None

    def __enter__(self):
        self.sees(PROMPT)
        return self

    def __exit__(self, *_):
        self.child.close(force=True)

    def types(self, text):
        self.child.send(text)

    def sees(self, text):
        """Waits for a text; what came before it, without the terminal's escapes."""
        self.child.expect_exact(text)
        return plain(self.child.before)

    def runs(self, line):
        """Types a line; what it shows, up to the next prompt."""
        self.types(line + "\n")
        # The editor draws the line before it is run.
        self.child.expect_exact("\r\n")
        return self.sees(PROMPT)


@pytest.fixture
def person(router, tmp_path):
    with Person(router.daemon.socket, tmp_path) as made:
        yield made


def test_tab_completes_words_and_live_values(person):
    person.types("sh\t")
    person.sees("show ")
    person.types("int\tw\t")
    person.sees("interface wan ")
    person.types("\n")
    assert "wan" in person.sees(PROMPT)
    # Within quotes, behind abbreviations, and words of an enum.
    person.types("set int \"w\t")
    person.sees("\"wan\" ")
    person.types("state d\t")
    person.sees("state down ")
    person.types("\x03")
    person.sees(PROMPT)
    # Columns of the table, and files where a field says so.
    person.types("show route | columns pref\tsource,\x03")
    person.sees(PROMPT)
    person.types("capture start /etc/hostn\t")
    person.sees("/etc/hostname ")
    person.types("\x03")
    person.sees(PROMPT)


def test_question_tells_what_may_come(person):
    person.types("set interface lan mtu ?")
    shown = person.sees("set interface lan mtu ")
    shown += person.sees("mtu ")
    assert "Largest layer-3 packet to send, in bytes" in shown and "(a number" in shown
    person.types("\x03")
    person.sees(PROMPT)


def test_help_tells_all_about_a_command(person):
    told = person.runs("help add neighbor")
    assert "add neighbor <interface> <address> <mac>" in told and "A unicast MAC address" in told
    assert "a MAC address such as" in told


def test_a_slip_is_answered_with_the_word_that_was_meant(person):
    told = person.runs("show intrface")
    assert "did you mean 'interface'?" in told
    # The mark stands below the wrong word, behind the prompt.
    mark = next(line for line in told.splitlines() if "^" in line)
    assert mark.rstrip() == " " * len(PROMPT + "show ") + "^" * len("intrface")
    assert "could be any of" in person.runs("s interface")


def test_long_output_is_paged_and_can_be_left(router, tmp_path):
    with Person(router.daemon.socket, tmp_path, rows=12) as person:
        person.types("show errors all\n")
        person.sees("packets")
        person.child.expect(r"(\x1b\[\d*m)?[:(].{0,20}(\x1b\[K)?$")  # less waits for a key.
        person.types("q")
        person.sees(PROMPT)
        assert "error" not in person.runs("show version")
    with Person(router.daemon.socket, tmp_path, "--no-pager", rows=12) as person:
        assert "ip4-input" in person.runs("show errors all")
    with Person(router.daemon.socket, tmp_path, rows=12, PAGER="tail -n 1") as person:
        assert len(person.runs("show errors all").strip().splitlines()) == 1


def test_tables_fit_the_window_as_it_is_now(router, tmp_path):
    with Person(router.daemon.socket, tmp_path, "--no-pager", columns=200) as person:
        wide = [line for line in person.runs("show interface").splitlines() if line.strip()]
        assert len(wide) == 3
        person.child.setwinsize(30, 60)
        narrow = [line for line in person.runs("show interface").splitlines() if line.strip()]
        assert len(narrow) > 3 and all(len(line) <= 60 for line in narrow)
        person.child.setwinsize(30, 200)
        assert len([line for line in person.runs("show interface").splitlines() if line.strip()]) == 3


def test_a_script_has_neither_width_nor_colours(router):
    done = shell(router.daemon.socket, "-c", "show interface", env={**os.environ, "COLUMNS": "40", "TERM": "xterm"})
    assert len(done.stdout.splitlines()) == 3 and "\x1b" not in done.stdout
    wrong = shell(router.daemon.socket, "-c", "show intrface")
    assert wrong.stderr.count("\n") == 1 and "^" not in wrong.stderr


def test_colours_only_where_they_are_wanted(router, tmp_path):
    def headings(**env):
        with Person(router.daemon.socket, tmp_path, **env) as person:
            person.types("show interface\n")
            person.child.expect_exact("rx-packets")
            return person.child.before
    assert "\x1b[1m" in headings()
    assert "\x1b[1m" not in headings(NO_COLOR="1")
    assert "\x1b[1m" not in headings(TERM="dumb")


def test_the_history_outlives_the_shell(router, tmp_path):
    with Person(router.daemon.socket, tmp_path) as person:
        for line in ("show version", "show interface lan", "show version"):
            person.runs(line)
        # What a killed shell was told is kept, too.
        person.child.kill(signal.SIGKILL)
    file = tmp_path / "sluice" / "history"
    assert file.stat().st_mode & 0o777 == 0o600
    with Person(router.daemon.socket, tmp_path) as person:
        person.types("\x10")
        person.sees("show version")
        person.types("\x10")  # Not the same line again.
        person.sees("interface lan")
        person.types("\x03")
        person.sees(PROMPT)
        person.types("\x12lan")
        person.sees("show interface lan")
        person.types("\n")
        assert "lan" in person.sees(PROMPT)


def test_control_keys(router, person):
    person.types("nonsense\x03")
    person.sees("^C")
    person.sees(PROMPT)
    # Ctrl-C ends a command that runs, and not the shell.
    person.types("watch 0.2 show interface\n")
    person.sees("every 0.2 s: show interface")
    person.sees("every 0.2 s: show interface")
    person.types("\x03")
    person.sees(PROMPT)
    person.types("\x04")
    person.child.expect(pexpect.EOF)
    person.child.wait()
    assert person.child.exitstatus == 0


def test_control_z_stops_the_shell_and_it_comes_back(router, tmp_path):
    bash = pexpect.spawn("bash", ["--norc", "-i"], encoding="utf-8", timeout=10 * PATIENCE,
                         env={**os.environ, "PS1": "READY ", "TERM": "xterm", "HOME": str(tmp_path),
                              "XDG_STATE_HOME": str(tmp_path)})
    bash.delaybeforesend = None
    bash.expect_exact("READY ")
    bash.send(f"{SLUICECTL} --socket {router.daemon.socket}\n")
    for _ in range(2):
        bash.expect_exact(PROMPT)
        bash.send("show v\x1a")
        bash.expect_exact("Stopped")
        bash.expect_exact("READY ")
        bash.send("fg\n")
        bash.expect_exact("show v")
        bash.send("er\n")
        bash.expect_exact("uptime")
    bash.expect_exact(PROMPT)
    bash.send("quit\n")
    bash.expect_exact("READY ")
    bash.close(force=True)


def test_watch_marks_what_changed_and_tells_rates(router, tmp_path):
    with Person(router.daemon.socket, tmp_path, "--no-pager", columns=200) as person:
        person.types("watch 0.3 show interface\n")
        person.sees("every 0.3 s")
        router.assert_forwards()
        person.child.expect(r"\x1b\[7m\d+ \+[\d.]+/s\x1b\[0m")
        person.types("\x03")
        person.sees(PROMPT)
    assert "needs a terminal" in shell(router.daemon.socket, "-c", "watch show interface").stderr
    assert shell(router.daemon.socket, "-c", "watch show interface").returncode == 2


def test_the_shell_goes_on_when_the_daemon_is_back(box, tmp_path):
    first = Daemon(box, tmp_path)
    with Person(first.socket, tmp_path) as person:
        person.runs("show version")
        first.stop()
        assert "no daemon answers" in person.runs("show version")
        with Daemon(box, tmp_path):
            shown = person.runs("show version")
            assert shown.count("(the daemon is back)") == 1 and "uptime" in shown
            assert "daemon is back" not in person.runs("show version")
        # Between two lines that person notices nothing but a word.
        with Daemon(box, tmp_path):
            shown = person.runs("show version")
            assert shown.count("(the daemon was restarted)") == 1 and "uptime" in shown


def test_commands_follow_plugins(router, person):
    router.daemon.ctl("load plugin pg")
    try:
        person.types("show p\t")
        person.sees("pg")
        person.types("\x03")
        person.sees(PROMPT)
        assert "error" not in person.runs("show pg")
    finally:
        router.daemon.ctl("unload plugin pg")
    assert "unknown word 'pg'" in person.runs("show pg")


def test_commands_in_words_and_lines_from_a_pipe(router, tmp_path):
    socket = router.daemon.socket
    assert "lan" in shell(socket, "show", "interface", "lan").stdout
    assert shell(socket, "show interface | count").stdout == "2\n"
    assert shell(socket, "-f", "-", stdin="show interface | count # all\n").stdout == "2\n"
    assert shell(socket, "show", "interface", "-j", "|", "count").stdout == "2\n"
    assert "has no" not in shell(socket, "add", "port", "x y", "device", "net_null0").stdout


def test_filters_of_rows(router):
    ctl = router.daemon.ctl
    assert ctl("show interface | columns name,mtu | sort name down").split() == ["name", "mtu", "wan", "1500", "lan", "1500"]
    assert ctl("show interface | exclude ^lan | count") == "1\n"
    assert ctl("show interface | last 1 | columns name").split() == ["name", "wan"]
    assert ctl("show errors all | begin ip4-lookup | first 1 | count") == "1\n"
    assert "expected one of: name, kind" in router.daemon.refused("show interface | sort nosuch")
    assert "not a regular expression" in router.daemon.refused("show interface | match [")
    assert ctl("show interface lan | yaml").startswith("- name: \"lan\"\n  kind: ")


# ---- other shells' completion ----

def asked(line, socket):
    return shell(socket, "--complete", line)


def test_completion_for_other_shells_is_quick_and_silent(router, tmp_path):
    words = asked("show interface ", router.daemon.socket).stdout.splitlines()
    assert [word.split("\t")[0] for word in words] == ["lan", "wan"]
    nobody = asked("show ", tmp_path / "nobody.sock")
    assert nobody.stdout == "" and nobody.stderr == "" and nobody.returncode == 3


def completing_shell(words, tmp_path, socket):
    (tmp_path / "bin").mkdir(exist_ok=True)
    script = tmp_path / "bin" / "sluicectl"
    script.write_text(f"#!/bin/sh\nexec {SLUICECTL} --socket {socket} \"$@\"\n")
    script.chmod(0o755)
    child = pexpect.spawn(words[0], words[1:], encoding="utf-8", timeout=20 * PATIENCE, dimensions=(30, 120),
                          env={**os.environ, "PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "PS1": "READY ",
                               "TERM": "xterm", "HOME": str(tmp_path)})
    child.delaybeforesend = None
    return child


def test_bash_completes(router, tmp_path):
    child = completing_shell(["bash", "--norc", "-i"], tmp_path, router.daemon.socket)
    child.expect_exact("READY ")
    child.send(f"source {ROOT}/extras/completion/sluicectl.bash\n")
    child.expect_exact("READY ")
    child.send("sluicectl sho\tint\tw\t")
    child.expect_exact("sluicectl show interface wan ")
    child.send("\n")
    child.expect_exact("wan")
    child.expect_exact("READY ")
    child.send("sluicectl -c 'show int\t")
    child.expect_exact("'show interface")
    child.send(" w\t'\n")
    child.expect_exact("wan")
    child.expect_exact("READY ")
    child.send("sluicectl --no-p\t")
    child.expect_exact("--no-pager ")
    child.close(force=True)


def test_zsh_completes(router, tmp_path):
    child = completing_shell(["zsh", "-f", "-i"], tmp_path, router.daemon.socket)
    child.send(f"PS1='READY '; fpath=({ROOT}/extras/completion $fpath); autoload -U compinit; compinit -u -d {tmp_path}/dump; "
               "echo SET''UP\n")
    child.expect_exact("SETUP")
    child.send("sluicectl sho\tint\tw\t")
    child.expect("wan ?")
    child.send("\n")
    child.expect_exact("rx-packets")
    child.send("sluicectl -c 'show int\tw\t'\n")
    child.expect_exact("rx-packets")
    child.close(force=True)


# ---- manuals ----

def test_manuals_are_there():
    docs = BUILD / "docs"
    if not docs.is_dir():
        pytest.skip("the manuals are not built: build the target docs")
    for page in ("sluicectl.1", "sluiced.8", "sluice-commands.7"):
        done = subprocess.run(["man", "--warnings", "-l", docs / "man" / page], capture_output=True, text=True,
                              env={**os.environ, "MANWIDTH": "100", "LC_ALL": "C.UTF-8"}, check=True)
        assert done.stderr == "" and "NAME" in done.stdout, done.stderr
    commands = (docs / "man" / "sluice-commands.7").read_text()
    assert "show interface" in commands and "add pg stream" in commands
    for page in (docs / "reference").glob("*.html"):
        text = page.read_text()
        for link in re.findall(r'href="([^"]*)"', text):
            name, _, anchor = link.partition("#")
            target = docs / "reference" / name
            assert target.is_file(), f"{page.name}: {link}"
            assert not anchor or f'id="{anchor}"' in target.read_text(), f"{page.name}: {link}"
            assert not link.startswith("http")
