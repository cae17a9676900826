# SPDX-License-Identifier: Apache-2.0
"""What is left of a daemon that crashes: a report that names the signal, the node and the plugin."""

import os
import re
import shutil
import signal

import pytest

from lib.clients import ping
from lib.daemon import BUILD, SLUICED, shell
from lib.lab import WAN, Lab
from lib.netns import Namespace
from lib.wait import PATIENCE, wait_until

TEST_PLUGINS = BUILD / "plugins" / "host" / "testing" / "plugins"


@pytest.fixture
def fragile(tmp_path):
    """A router whose plugin crashes for packets of some TTLs."""
    plugins = tmp_path / "plugins"
    reports = tmp_path / "reports"
    for folder in (plugins, reports):
        folder.mkdir()
    shutil.copy(TEST_PLUGINS / "crash.so", plugins)
    with Lab(tmp_path, arguments=("--plugin-path", plugins, "--crash-directory", reports)) as lab:
        lab.reports = reports
        yield lab


def end_of(lab):
    """Waits for the crash: its exit code, the log, and the report's text, which the log has as well."""
    code = lab.daemon.process.wait(timeout=20 * PATIENCE)
    log = lab.daemon.log()
    # It has ended as the test wants it.
    lab.daemon.kill()
    report, = lab.reports.glob("crash-*.txt")
    assert re.fullmatch(rf"crash-\d+-{lab.daemon.pid}\.txt", report.name)
    text = report.read_text()
    assert text in log and f"this report: {report}" in log
    return code, log, text


@pytest.mark.parametrize("ttl, which", [(101, signal.SIGSEGV), (102, signal.SIGABRT), (103, signal.SIGILL),
                                        (104, signal.SIGFPE)])
def test_it_names_the_node_and_its_plugin(fragile, ttl, which):
    fragile.assert_forwards()
    assert ping(fragile.lan, WAN, "-t", ttl, wait=1).received == 0
    code, log, text = end_of(fragile)
    assert code == -which
    first = text.splitlines()[0]
    at = " at address 0x0" if which == signal.SIGSEGV else r" at address 0x[0-9a-f]+" if which == signal.SIGILL else ""
    assert re.fullmatch(rf"sluiced dies of {which.name}{at} in node 'fragile' of plugin 'crash'", first), first
    assert re.search(r"^thread: \d+, worker 0$", text, re.M) and re.search(r"^build: 0\.\d", text, re.M)
    assert "/crash.so(+0x" in text
    if ttl == 102:
        assert "the sky fell" in log


def test_it_names_the_plugin_of_a_request(fragile):
    shell(fragile.daemon.socket, "-c", "crash control")
    code, _, text = end_of(fragile)
    assert code == -signal.SIGSEGV
    assert text.splitlines()[0] == "sluiced dies of SIGSEGV at address 0x0 in code of plugin 'crash'"
    assert re.search(r"^thread: (\d+), control\nprocess: \1$", text, re.M)


def test_a_signal_from_outside_is_nobodys_fault(fragile):
    fragile.daemon.process.send_signal(signal.SIGABRT)
    code, _, text = end_of(fragile)
    assert code == -signal.SIGABRT
    assert text.splitlines()[0] == "sluiced dies of SIGABRT in no plugin"


def test_a_log_that_nobody_reads_holds_no_dead_daemon(tmp_path):
    """The report is in its file, and the process gone."""
    reading, writing = os.pipe()
    socket = tmp_path / "sluiced.sock"
    try:
        with Namespace("box") as box:
            process = box.start(SLUICED, "--socket", socket, "--no-huge", "--crash-directory", tmp_path, stdout=writing, stderr=writing)
            wait_until(lambda: socket.exists() and shell(socket, "-c", "show version").returncode == 0, 30, "sluiced answers", every=0.05)
            # Full to the last byte; another description of the pipe, as the daemon's own must not learn that it could fail.
            full = os.open(f"/proc/self/fd/{writing}", os.O_WRONLY | os.O_NONBLOCK)
            for count in (4096, 1):
                try:
                    while True:
                        os.write(full, b"x" * count)
                except BlockingIOError:
                    pass
            os.close(full)
            process.send_signal(signal.SIGSEGV)
            assert process.wait(timeout=20 * PATIENCE) == -signal.SIGALRM
    finally:
        os.close(reading), os.close(writing)
    report, = tmp_path.glob("crash-*.txt")
    assert report.read_text().startswith("sluiced dies of SIGSEGV in no plugin\n")
