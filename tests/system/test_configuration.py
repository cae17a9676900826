# SPDX-License-Identifier: Apache-2.0
"""What runs, what is saved, and the way between."""

import pathlib

import pytest

from lib.clients import ping
from lib.lab import KINDS, WAN, Lab
from lib.wait import wait_until


def running(lab):
    return lab.daemon.ctl("show running-config").splitlines()


@pytest.fixture
def saved(tmp_path):
    """A router with a configuration file, which is empty at first."""
    file = tmp_path / "sluice.conf"
    file.write_text("")
    with Lab(tmp_path, arguments=("--config", str(file))) as made:
        made.file = file
        yield made


@pytest.mark.parametrize("kind", KINDS)
def test_a_restart_brings_back_what_was_written(tmp_path, kind):
    file = tmp_path / "sluice.conf"
    file.write_text("# nothing yet\n")
    with Lab(tmp_path, kind, arguments=("--config", str(file))) as lab:
        lab.assert_forwards()
        lab.daemon.ctl("set interface lan mtu 1400", "add route 10.9.0.0/16 via 10.0.2.2", "add null hole", "set interface hole state up",
                       "set interface wan rx-mode interrupt", "add neighbor wan 10.0.2.9 02:00:00:00:00:09")
        before = running(lab)
        assert "add route 10.9.0.0/16 via 10.0.2.2" in before and "set interface lan mtu 1400" in before
        # What is learned or chosen by the router itself is not written.
        assert not any(WAN in line and "neighbor" in line for line in before)
        written = lab.daemon.ctl_json("write")
        assert int(written["lines"]) == len(before) and file.read_text().splitlines() == before
        lab.daemon.stop()
        if kind == "tap":
            # The kernel's sides went with the daemon; they are made anew, at home.
            lab.start("--config", str(file))
            assert running(lab) == before
            return
        lab.start("--config", str(file))
        lab.wait_links()
        assert running(lab) == before
        lab.assert_forwards()


def test_a_candidate_takes_effect_at_once_or_not_at_all(saved):
    saved.assert_forwards()
    before = running(saved)
    edits = ["add route 10.7.0.0/16 blackhole", "add null other", "add address other 10.50.0.1/24",
             "delete address wan 10.0.2.1/24", "add address wan 10.0.2.1/16"]
    saved.daemon.ctl(*[f"candidate edit '{line}'" for line in edits])
    assert running(saved) == before
    assert saved.daemon.ctl("diff").splitlines() == [
        "+ add null other", "- add address wan 10.0.2.1/24", "+ add address other 10.50.0.1/24",
        "+ add address wan 10.0.2.1/16", "+ add route 10.7.0.0/16 blackhole"]
    # Overlaps the lan: refused at its line, and nothing of the rest stays.
    sentence = saved.daemon.refused("commit")
    assert sentence.startswith("nothing was changed: 'add address wan 10.0.2.1/16': ")
    assert running(saved) == before
    saved.assert_forwards()
    saved.daemon.ctl("candidate edit 'delete address wan 10.0.2.1/16'", "candidate edit 'add address wan 10.0.2.1/24'")
    reply = saved.daemon.ctl_json("commit comment 'another one'")
    assert (int(reply["removed"]), int(reply["added"])) == (0, 3)
    assert len(running(saved)) == len(before) + 3
    saved.assert_forwards()
    revision, = saved.daemon.ctl_json("show revisions")
    assert revision["comment"] == "another one" and int(revision["lines"]) == len(before)


def test_what_goes_without_saying_is_no_other_statement(saved):
    saved.daemon.ctl("add route 10.7.0.0/16 blackhole", "candidate edit 'add route 10.7.0.0/16 prohibit vrf default'")
    assert saved.daemon.ctl("diff").splitlines() == ["- add route 10.7.0.0/16 blackhole", "+ add route 10.7.0.0/16 prohibit"]
    saved.daemon.ctl("commit", "candidate edit 'delete route 10.7.0.0/16 vrf default'", "commit")
    assert "10.7.0.0/16" not in saved.daemon.ctl("show running-config")


def test_a_commit_that_cuts_the_operator_off_undoes_itself(saved, monkeypatch):
    saved.assert_forwards()
    before = running(saved)
    saved.daemon.ctl("candidate edit 'set interface wan state down'", "commit confirmed 1")
    assert ping(saved.lan, WAN, wait=1).received == 0
    assert "waits to be confirmed" in saved.daemon.refused("write")
    assert 0 < int(saved.daemon.ctl_json("show commit")["confirm_within"]) <= 60
    wait_until(lambda: running(saved) == before, 90, "the router goes back by itself", every=0.5)
    saved.wait_links()
    saved.assert_forwards()
    assert "reverted" in saved.daemon.ctl("show commit") and "not confirmed" in saved.daemon.log()


def test_rollback_goes_back_and_survives_a_restart(saved):
    saved.daemon.ctl("write")
    first = running(saved)
    for number in range(3):
        saved.daemon.ctl(f"candidate edit 'add route 10.{20 + number}.0.0/16 blackhole'", f"commit comment step-{number}")
    third = running(saved)
    saved.daemon.ctl("write")
    saved.daemon.stop()
    saved.start("--config", str(saved.file))
    saved.wait_links()
    assert [r["comment"] for r in saved.daemon.ctl_json("show revisions")] == ["step-2", "step-1", "step-0"]
    assert saved.daemon.ctl("diff 3").splitlines() == [f"+ add route 10.{20 + n}.0.0/16 blackhole" for n in range(3)]
    saved.daemon.ctl("rollback 3")
    assert running(saved) == third
    saved.daemon.ctl("commit")
    assert running(saved) == first
    saved.assert_forwards()
    assert "there is no revision 9" in saved.daemon.refused("rollback 9")


def test_a_commit_loses_no_packet(saved):
    saved.assert_forwards()
    pinging = saved.lan.start("ping", "-n", "-i", "0.002", "-c", "1500", "-W", "2", WAN, stdout=-1)
    for number in range(20):
        saved.daemon.ctl(f"candidate edit 'add route 10.{30 + number}.0.0/16 via 10.0.2.2'",
                         f"candidate edit 'set interface lan mtu {1400 + number}'", "commit")
    saved.daemon.ctl("rollback 10", "commit", "write")
    text = pinging.communicate(timeout=60)[0]
    assert "1500 packets transmitted, 1500 received" in text, text


def test_files_that_cannot_be_written_or_read(saved, tmp_path):
    before = running(saved)
    assert "full path" in saved.daemon.refused("write here")
    assert "/nope/file" in saved.daemon.refused("write /nope/file")
    assert "no file" in saved.daemon.refused("write /dev/null")
    bad = pathlib.Path(tmp_path / "bad.conf")
    bad.write_text("add null one\nadd nill two\n")
    assert f"{bad}:2: " in saved.daemon.refused(f"candidate load {bad}")
    bad.write_text("add null one\nclear trace\n")
    assert "is no part of a configuration" in saved.daemon.refused(f"candidate load {bad}")
    good = tmp_path / "good.conf"
    good.write_text("# all there is\nadd null one\n")
    saved.daemon.ctl(f"candidate load {good}", "discard")
    assert saved.daemon.ctl("diff") == "" and running(saved) == before
    saved.daemon.ctl(f"candidate load {good}", "commit")
    assert running(saved) == ["add null one"]
    saved.daemon.ctl("rollback 1", "commit")
    assert running(saved) == before
    saved.wait_links()
    saved.assert_forwards()


def test_without_a_file_there_is_nothing_to_start_from(lab):
    assert "--config" in lab.daemon.refused("write")
    assert "--config" in lab.daemon.refused("show startup-config")
    target = lab.directory / "saved.conf"
    lab.daemon.ctl(f"write {target}")
    assert target.read_text().splitlines() == running(lab)


def test_a_plugin_configures_like_all_others(saved):
    lines = ["add pg interface gen", "add address gen 10.8.0.1/24",
             "add pg stream s interface gen rate 100 destination 10.0.2.2", "set interface gen state up", "start pg s"]
    saved.daemon.ctl(*[f"candidate edit '{line}'" for line in lines], "commit")
    assert set(lines) <= set(running(saved))
    before = running(saved)
    saved.daemon.ctl("candidate edit 'delete interface gen'")
    assert saved.daemon.ctl("diff").count("- ") == 5
    saved.daemon.ctl("commit")
    saved.daemon.ctl("rollback 1", "commit")
    assert running(saved) == before
    saved.daemon.ctl("write")
    saved.daemon.stop()
    saved.start("--config", str(saved.file))
    assert running(saved) == before
