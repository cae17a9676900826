# SPDX-License-Identifier: Apache-2.0
"""Starting from a file: it works at once, or the daemon does not start and leaves nothing."""

import pytest

from lib.daemon import Daemon, shell, try_to_start
from lib.lab import Lab
from lib.netns import Namespace, join


def errors_of(done):
    return [line.split(" error ", 1)[1] for line in done.stderr.splitlines() if " error " in line]


def refuses(box, tmp_path, *arguments):
    """Starts a daemon that must not start; its one sentence. Nothing of it may be left."""
    before = box.links()
    done = try_to_start(box, tmp_path / "api.sock", *arguments)
    assert done.returncode == 1, done.stderr
    sentences = errors_of(done)
    assert len(sentences) == 1, done.stderr
    assert box.links() == before
    assert shell(tmp_path / "api.sock", "-c", "show version").returncode == 3
    assert not (tmp_path / "api.sock").exists()
    return sentences[0]


def test_an_option_that_is_not_understood(box, tmp_path):
    for wrong in (["--nosuch"], ["--workers", "-3"], ["--pci", "nosuch"]):
        done = try_to_start(box, tmp_path / "api.sock", *wrong)
        assert done.returncode == 2 and wrong[-1] in done.stderr, done.stderr


@pytest.fixture
def wired_box(box):
    with Namespace("peer") as peer:
        join(box, "lan0", peer, "eth0")
        yield box


@pytest.mark.parametrize("kind", ["af_packet", "tap"])
def test_a_good_file_forwards_at_once(tmp_path, kind):
    config = tmp_path / "router.conf"
    with Lab(tmp_path, kind, configure=False) as lab:
        lab.daemon.stop()
        config.write_text("# a router\n" + "\n".join(lab.make_lines() + lab.address_lines()) +
                          "\nadd route 10.9.0.0/16 via 10.0.2.2   # behind wan\n")
        lab.start("--config", config)
        if kind == "tap":
            lab.box.ip("link", "set", "lan0", "netns", lab.lan.name, "name", "eth0")
            lab.box.ip("link", "set", "wan0", "netns", lab.wan.name, "name", "eth0")
        lab.set_up_hosts()
        lab.assert_forwards()
        assert lab.daemon.ctl_json("show route match 10.9.1.1")["next_hop"] == "10.0.2.2"


@pytest.mark.parametrize("line, named", [
    ("add adress lan 10.0.1.1/24", "adress"),
    ("add address lan 10.0.1.1/99", "10.0.1.1/99"),
    ("add address nosuch 10.0.1.1/24", "nosuch"),
    ("add address lan 10.0.3.255/24", "10.0.3.255"),
    ("add port wan device \"net_af_packet1,iface=nosuch\"", "nosuch"),
    ("add route 10.0.9.0/24 via 10.0.1.1 interface nosuch", "nosuch"),
    ("set interface lan", "set interface lan"),
    ("load plugin nosuch", "nosuch"),
    ("\x00\xff", "unknown"),
])
def test_a_broken_file_names_its_line(wired_box, tmp_path, line, named):
    config = tmp_path / "broken.conf"
    config.write_text("# a router that is not to be\n"
                      "add port lan device \"net_af_packet0,iface=lan0\"\n"
                      "add tap inside host-interface inside0\n"
                      "\n"
                      f"{line}\n"
                      "set interface lan state up\n", encoding="latin-1")
    sentence = refuses(wired_box, tmp_path, "--config", config)
    assert sentence.startswith(f"{config}:5: ") and named in sentence


def test_a_missing_file(box, tmp_path):
    sentence = refuses(box, tmp_path, "--config", tmp_path / "nosuch.conf")
    assert "nosuch.conf" in sentence and "No such file" in sentence


def test_a_folder_is_no_file(box, tmp_path):
    assert str(tmp_path) in refuses(box, tmp_path, "--config", tmp_path)


def test_an_empty_file_starts_an_empty_router(tmp_path, box):
    (tmp_path / "empty.conf").write_text("\n# nothing\n")
    with Daemon(box, tmp_path, "--config", tmp_path / "empty.conf") as daemon:
        assert daemon.ctl_json("show interface") == []


@pytest.mark.parametrize("arguments, named", [
    (["--workers", "0"], "--workers 0"),
    (["--workers", "10000"], "--workers 10000"),
    (["--cores", "0,1", "--workers", "1"], "--cores"),
    (["--memory", "1"], "--memory 1"),
    (["--buffers", "1"], "--buffers 1"),
    (["--plugin", "nosuch"], "nosuch"),
])
def test_options_that_cannot_be(box, tmp_path, arguments, named):
    assert named in refuses(box, tmp_path, *arguments)
