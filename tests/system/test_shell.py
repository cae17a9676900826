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
from lib.person import PROMPT, OnTerminal, Person


@pytest.fixture(scope="module")
def router(tmp_path_factory):
    with Lab(tmp_path_factory.mktemp("lab")) as made:
        yield made


@pytest.fixture
def person(router, tmp_path):
    with Person(router.daemon.socket, tmp_path) as made:
        yield made


def test_tab_completes_words_and_live_values(person):
    person.types("sh\t")
    person.reads("sluice> show")
    person.types("int\tw\t")
    person.reads("sluice> show interface wan")
    person.types("\n")
    assert "wan" in person.sees(PROMPT)
    # Within quotes, behind abbreviations, and words of an enum.
    person.types("set int \"w\tst\td\t")
    person.reads("sluice> set int \"wan\" state down")
    person.drops()
    # Columns of the table, and files where a field says so.
    person.types("show interface | sort mt\td\t")
    person.reads("sluice> show interface | sort mtu down")
    person.drops()
    person.types("capture start /etc/hostn\t")
    person.reads("sluice> capture start /etc/hostname")
    person.drops()


def test_question_tells_what_may_come(person):
    person.types("set interface lan mtu ?")
    person.sees("Largest layer-3 packet to send, in bytes")
    person.sees("(a number")
    person.reads("sluice> set interface lan mtu")
    person.drops()


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


def test_configure_edits_the_candidate_and_commit_makes_it_run(router, person):
    at = "sluice(config)# "

    def configures(line, prompt=at):
        person.types(line + "\n")
        person.sees(line + "\r\n")
        return person.sees(prompt)

    running = router.daemon.ctl("show running-config")
    assert configures("configure") == ""
    # Completion goes on as ever; abbreviations arrive in full.
    person.types("add rou\t")
    person.reads(at + "add route")
    person.types("10.61.0.0/16 black\n")
    person.sees(at)
    assert configures("set int lan mtu 1400") == ""
    assert router.daemon.ctl("show running-config") == running
    assert configures("diff").splitlines() == ["+ set interface lan mtu 1400", "+ add route 10.61.0.0/16 blackhole"]
    # What is no configuration says so, and how it runs all the same.
    assert "'do clear counters' runs it at once" in configures("clear counters")
    assert configures("do clear counters") == ""
    assert "nothing back that the candidate has" in configures("delete route 10.62.0.0/16")
    # Leaving loses nothing, by whatever way.
    told = configures("exit", PROMPT)
    assert "(the candidate keeps 2 lines to add and 0 to take out: 'commit' makes it run" in told
    assert "(the candidate already has 2 lines to add and 0 to take out" in configures("configure")
    assert "added: 2" in configures("commit comment 'smaller packets'")
    assert "+ add route" in router.daemon.ctl("diff 1")
    assert configures("rollback 1") == "" and "added: 0" in configures("commit")
    assert router.daemon.ctl("show running-config") == running
    person.types("\x04")
    person.sees(PROMPT)


def test_configure_in_a_script(router, tmp_path):
    script = tmp_path / "change"
    script.write_text("configure\nadd route 10.63.0.0/16 blackhole\nadd address nowhere 10.64.0.1/24\ncommit\nexit\n")
    before = router.daemon.ctl("show running-config")
    result = shell(router.daemon.socket, "-f", str(script))
    assert result.returncode == 1 and f"{script}:4: nothing was changed: " in result.stderr
    assert router.daemon.ctl("show running-config") == before
    router.daemon.ctl("discard")
    script.write_text("configure\nadd route 10.63.0.0/16 blackhole\ncommit\nexit\nshow route match 10.63.0.1\n")
    result = shell(router.daemon.socket, "-f", str(script))
    assert result.returncode == 0 and "blackhole" in result.stdout
    router.daemon.ctl("delete route 10.63.0.0/16")


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
        with Person(router.daemon.socket, tmp_path, columns=200, **env) as person:
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
        person.reads("sluice> show version")
        person.types("\x10")  # Not the same line again.
        person.reads("sluice> show interface lan")
        person.drops()
        person.types("\x12lan")
        person.sees("show interface lan")
        person.types("\n")
        assert "1500" in person.sees(PROMPT)


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
    env = {"PS1": "READY ", "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    with OnTerminal(["bash", "--norc", "-i"], env) as bash:
        bash.sees("READY ")
        bash.types(f"{SLUICECTL} --socket {router.daemon.socket}\n")
        bash.sees(PROMPT)
        for _ in range(2):
            bash.types("show v\x1a")
            bash.sees("Stopped")
            bash.sees("READY ")
            bash.types("fg\n")
            bash.reads("sluice> show v")
            bash.types("er\n")
            bash.sees("uptime")
            bash.sees(PROMPT)
        bash.types("quit\n")
        bash.sees("READY ")


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
    router.daemon.ctl("unload plugin pg")
    try:
        assert "unknown word 'pg'" in person.runs("show pg")
    finally:
        router.daemon.ctl("load plugin pg")
    person.types("show pg r\t")
    person.reads("sluice> show pg record")
    person.drops()
    assert "error" not in person.runs("show pg")


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
    assert ctl("show errors all | begin ip4-input | first 1 | count") == "1\n"
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
    return OnTerminal(words, {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "PS1": "READY ", "HOME": str(tmp_path)},
                      columns=120)


def test_bash_completes(router, tmp_path):
    with completing_shell(["bash", "--norc", "-i"], tmp_path, router.daemon.socket) as bash:
        bash.sees("READY ")
        bash.types(f"source {ROOT}/extras/completion/sluicectl.bash; clear\n")
        bash.reads("READY")
        bash.types("sluicectl sho\tint\tw\t")
        bash.reads("READY sluicectl show interface wan")
        bash.types("\n")
        bash.sees("1500")
        bash.reads("READY")
        bash.types("sluicectl -c 'show int\t")
        bash.reads("READY sluicectl -c 'show interface")
        bash.types("w\t")
        bash.reads("READY sluicectl -c 'show interface wan")
        bash.types("'\n")
        bash.sees("1500")
        bash.reads("READY")
        bash.types("sluicectl --no-p\t")
        bash.reads("READY sluicectl --no-pager")


def test_zsh_completes(router, tmp_path):
    with completing_shell(["zsh", "-f", "-i"], tmp_path, router.daemon.socket) as zsh:
        zsh.types(f"fpath=({ROOT}/extras/completion $fpath); autoload -U compinit; compinit -u -d {tmp_path}/dump; "
                  "PS1='READY '; clear\n")
        zsh.reads("READY")
        zsh.types("sluicectl sho\tint\tw\t")
        zsh.reads("READY sluicectl show interface wan")
        zsh.types("\n")
        zsh.sees("1500")
        zsh.reads("READY")
        zsh.types("sluicectl -c 'show int\t")
        zsh.reads("READY sluicectl -c 'show interface")
        zsh.types("w\t")
        zsh.reads("READY sluicectl -c 'show interface wan")


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
