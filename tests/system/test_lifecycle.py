# SPDX-License-Identifier: Apache-2.0
"""Starts, ends, and what is left by a daemon that was killed."""

import os
import signal

import pytest

from lib.daemon import Daemon, shell, try_to_start
from lib.lab import KINDS, Lab
from lib.wait import let_pass


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_daemon_is_in_nobodys_way(tmp_path, kind):
    with Lab(tmp_path, kind) as lab:
        lab.assert_forwards()
        lab.daemon.kill()
        assert lab.daemon.socket.exists()
        if kind == "tap":
            assert lab.lan.links() == lab.box.links() == lab.wan.links() == []
        lab.start()
        lab.configure(hosts=kind == "tap")
        lab.assert_forwards()


@pytest.mark.parametrize("kind", KINDS)
def test_it_starts_again_after_an_orderly_end(tmp_path, kind):
    with Lab(tmp_path, kind) as lab:
        lab.assert_forwards()
        lab.daemon.stop()
        assert not lab.daemon.socket.exists()
        if kind == "tap":
            assert lab.lan.links() == lab.box.links() == lab.wan.links() == []
        lab.start()
        lab.configure(hosts=kind == "tap")
        lab.assert_forwards()


def delete_ports(lab):
    lab.daemon.ctl("delete interface lan", "delete interface wan")
    for line in ("show interface", "show address", "show route", "show neighbor"):
        assert lab.daemon.ctl_json(line) == []


@pytest.mark.parametrize("kind", ["af_packet", "tap"])
def test_a_deleted_port_can_be_added_again(tmp_path, kind):
    with Lab(tmp_path, kind) as lab:
        for _ in range(3):
            lab.assert_forwards()
            delete_ports(lab)
            lab.configure(hosts=kind == "tap")
        lab.assert_forwards()


def test_a_deleted_af_xdp_port_says_what_to_do(tmp_path):
    """DPDK's driver keeps the queue; another kind of port, or another daemon, gets it."""
    with Lab(tmp_path, "af_xdp") as lab:
        lab.assert_forwards()
        delete_ports(lab)
        sentence = lab.daemon.refused(lab.make_line("lan", 0))
        assert "start the router again" in sentence and "net_af_packet0,iface=lan0" in sentence
        lab.kind = "af_packet"
        lab.configure(hosts=False)
        lab.assert_forwards()


def test_a_second_daemon_gets_a_sentence(box, tmp_path):
    with Daemon(box, tmp_path) as first:
        second = try_to_start(box, first.socket)
        assert second.returncode == 1
        assert f"another daemon (process {first.pid}) serves {first.socket} already" in second.stderr
        assert first.alive() and "version" in first.ctl("show version")


def test_a_file_in_the_sockets_place_is_kept(box, tmp_path):
    path = tmp_path / "api.sock"
    path.write_text("mine")
    refused = try_to_start(box, path)
    assert refused.returncode == 1 and f"{path} exists and is not a socket" in refused.stderr
    assert path.read_text() == "mine"


def test_many_daemons_side_by_side(box, tmp_path):
    with Daemon(box, tmp_path, name="one") as one, Daemon(box, tmp_path, name="two") as two:
        one.ctl("add tap inside host-interface one0")
        assert two.ctl_json("show interface") == []
        assert "one0" in two.refused("add tap inside host-interface one0")
        two.ctl("add tap inside host-interface two0")
    assert box.links() == []


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_well(box, tmp_path, which):
    daemon = Daemon(box, tmp_path)
    daemon.ctl("add tap inside host-interface inside0", "set interface inside state up")
    daemon.process.send_signal(which)
    daemon.process.wait(timeout=30)
    daemon.stop()
    assert not daemon.socket.exists() and box.links() == []


def test_it_starts_without_hugepages(box, tmp_path):
    with Daemon(box, tmp_path, no_huge=False) as daemon:
        wanted = "hugepages" if daemon.ctl_json("show buffers")[0]["hugepages"] else "ordinary pages"
        assert "sluiced ready" in daemon.log() and wanted in daemon.log()


def test_it_says_that_memory_is_too_much(box, tmp_path):
    refused = try_to_start(box, tmp_path / "api.sock", "--memory", 200_000_000)
    assert refused.returncode == 1, refused.stderr
    assert "200000000 MB" in refused.stderr
    assert shell(tmp_path / "api.sock", "-c", "show version").returncode == 3


def test_it_says_that_memory_is_too_little_for_its_buffers(box, tmp_path):
    refused = try_to_start(box, tmp_path / "api.sock", "--memory", 64, "--buffers", 1_000_000)
    assert refused.returncode == 1, refused.stderr
    assert "buffers" in refused.stderr


def test_several_workers_forward(tmp_path):
    with Lab(tmp_path, arguments=["--workers", "2", "--cores", "0,1"]) as lab:
        workers = lab.daemon.ctl_json("show worker")
        assert [worker["core"] for worker in workers] == [0, 1]
        assert sorted(worker["sources"] for worker in workers)[-1] >= 1
        lab.assert_forwards()


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("kind", KINDS)
def test_an_idle_router_leaves_the_cpu_alone(tmp_path, kind):
    with Lab(tmp_path, kind) as lab:
        lab.assert_forwards()
        before = cpu_seconds(lab.daemon.pid)
        seconds = let_pass(3)
        used = (cpu_seconds(lab.daemon.pid) - before) / seconds
        assert used < 0.2, f"{used:.0%} of a core: {lab.daemon.ctl('show worker', 'show runtime')}"
