# SPDX-License-Identifier: Apache-2.0
"""`cmake --install`: what is there, that it can be moved, and that plugins are built with it from outside the tree."""

import subprocess
import time

from conftest import BUILD, ROOT, build_outside, run
from lib.clients import ping
from lib.daemon import Daemon
from lib.lab import WAN, Lab
from lib.netns import Namespace


def test_what_is_private_is_not_installed(prefix):
    include = prefix / "include" / "sluice"
    headers = {str(path.relative_to(include)) for path in include.rglob("*") if path.is_file()}
    assert {"graph/driver.hpp", "vnet/plugin/registry.hpp", "vnet/proto/ip.pb.h", "graph/testing/bench.hpp"} <= headers
    private = {"api/server/call.hpp", "vnet/service/explain.hpp", "vnet/capture/writer.hpp", "graph/dry_run.hpp"}
    assert not private & headers
    assert all(name.split("/")[0] in ("api", "graph", "plugins", "vnet") for name in headers)
    # Of the host of plugins, what its test bench includes.
    assert {name.split("/")[1] for name in headers if name.startswith("plugins/")} == {"host"}
    tests = [path for path in prefix.rglob("*test*") if not {"testing", "example-plugin", "doc"} & set(path.parts)]
    assert all(path.name.endswith("_testing.a") for path in tests), tests


def test_nothing_knows_where_it_was_built(prefix):
    texts = [path for path in prefix.rglob("*") if path.suffix in (".cmake", ".proto", ".hpp", ".h", ".stamp", ".service")]
    assert len(texts) > 100
    for path in texts:
        assert str(ROOT) not in path.read_text(), path


def test_destdir_is_put_in_front(tmp_path):
    run("cmake", "--install", BUILD, "--prefix", "/usr", "--component", "sluice", env={"DESTDIR": str(tmp_path), "PATH": "/usr/bin:/bin"})
    sluiced = tmp_path / "usr" / "sbin" / "sluiced"
    assert sluiced.is_file() and not (tmp_path / "usr" / "include").exists()
    # Below /usr the dynamic loader looks by itself.
    assert "RUNPATH" not in run("readelf", "-d", sluiced)


def test_every_public_header_is_whole(prefix, tmp_path):
    """All of them in one file, with what the installed package gives."""
    include = prefix / "include" / "sluice"
    names = sorted(str(path.relative_to(include)) for path in include.rglob("*.hpp"))
    (tmp_path / "all.cpp").write_text("".join(f'#include "{name}"\n' for name in names))
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.23)\nproject(headers CXX C ASM)\nfind_package(Sluice 0.1 REQUIRED)\n"
        "add_library(headers OBJECT all.cpp)\ntarget_link_libraries(headers Sluice::plugin_testing Sluice::vnet_testing)\n")
    build_outside(tmp_path, tmp_path / "build", f"-DCMAKE_PREFIX_PATH={prefix}")


def test_the_example_is_built_tested_and_used(installed, tmp_path):
    """The example plugin from the installed copy of it, with the installed libraries, in the installed daemon."""
    build = tmp_path / "build"
    build_outside(installed / "share" / "sluice" / "example-plugin", build, f"-DCMAKE_PREFIX_PATH={installed}")
    run("ctest", "--test-dir", build, "--output-on-failure")
    (tmp_path / "lab").mkdir()
    options = ("--plugin-path", build / "lib" / "sluice" / "plugins")
    with Lab(tmp_path / "lab", arguments=options) as lab:
        lab.assert_forwards()
        lab.daemon.ctl("set ttl-guard lan floor 64", "trace add ethernet-input 1")
        lab.assert_forwards()
        guard = lab.daemon.ctl_json("show ttl-guard")[0]
        assert guard["interface"] == "lan" and guard["floor"] == 64 and guard["passed"] >= 3 and guard["dropped"] == 0
        assert "ttl 64, floor 64" in lab.daemon.ctl("show trace")
        lab.daemon.ctl("set ttl-guard lan floor 65")
        assert ping(lab.lan, WAN, count=2, wait=1).received == 0
        lab.daemon.wait_error("ttl-guard", "ttl-under-floor", 2)
        assert lab.daemon.ctl_json("show ttl-guard")[0]["dropped"] == 2
        lab.daemon.ctl("unload plugin ttl-guard")
        lab.assert_forwards()
        assert "ttl-guard" in lab.daemon.refused("show ttl-guard")
        lab.daemon.ctl("load plugin ttl-guard", "set ttl-guard lan floor 65", "delete ttl-guard lan")
        lab.assert_forwards()
        # It takes part in the configuration: a candidate is refused or stands as a whole, and what was written runs after a restart.
        lab.daemon.ctl('candidate edit "set ttl-guard lan floor 65"', 'candidate edit "set ttl-guard wan floor 0"')
        assert "give 1 to 255" in lab.daemon.refused("commit")
        lab.assert_forwards()
        lab.daemon.ctl("discard", 'candidate edit "set ttl-guard lan floor 65"', "commit")
        assert ping(lab.lan, WAN, count=2, wait=1).received == 0
        lab.daemon.ctl('candidate edit "set ttl-guard lan floor 64"', "commit")
        lab.assert_forwards()
        running = lab.daemon.ctl("show running-config")
        assert "set ttl-guard lan floor 64\n" in running
        saved = tmp_path / "saved.conf"
        lab.daemon.ctl(f"write {saved}")
        lab.daemon.stop()
        lab.start(*options, "--config", saved)
        lab.wait_links()
        lab.assert_forwards()
        assert lab.daemon.ctl("show running-config") == running
        assert lab.daemon.ctl_json("show ttl-guard")[0]["floor"] == 64


def test_a_new_plugin_in_a_minute(installed, tmp_path):
    """From nothing to a plugin that passes its tests and answers in a daemon."""
    begin = time.monotonic()
    directory = tmp_path / "rate-limit"
    run(installed / "share" / "sluice" / "new-plugin", "rate-limit", "--directory", directory)
    build_outside(directory, directory / "build", f"-DCMAKE_PREFIX_PATH={installed}")
    run("ctest", "--test-dir", directory / "build", "--output-on-failure")
    print(f"a new plugin was written, built and tested in {time.monotonic() - begin:.0f} s")
    # Installed beside the product's own plugins, the daemon finds it.
    run("cmake", "--install", directory / "build", "--prefix", installed)
    try:
        with Namespace("box") as box, Daemon(box, tmp_path) as daemon:
            daemon.ctl("add null lan", "set rate-limit lan floor 7")
            assert daemon.ctl_json("show rate-limit")[0]["floor"] == 7
            plugins = {plugin["name"]: plugin["state"] for plugin in daemon.ctl_json("show plugin")}
            assert plugins["rate-limit"] == "loaded" and plugins["pg"] == "loaded"
    finally:
        (installed / "lib" / "sluice" / "plugins" / "rate-limit.so").unlink()


def test_new_plugin_refuses_what_makes_no_plugin(prefix, tmp_path):
    program = prefix / "share" / "sluice" / "new-plugin"
    for words, sentence in ((["Rate"], "cannot name a plugin"), (["vnet"], "means something in C++ already"),
                            (["rate-limit", "--directory", tmp_path], "is there already"),
                            (["a", "b"], "give one name"), (["--color", "a"], "is not understood")):
        done = subprocess.run([program, *words], capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 2 and sentence in done.stderr and len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
