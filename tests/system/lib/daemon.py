# SPDX-License-Identifier: Apache-2.0
"""sluiced under test, and sluicectl to speak to it."""

import json
import os
import pathlib
import signal
import subprocess
import time

from lib.wait import PATIENCE, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("SLUICE_BUILD", ROOT / "build" / "release")).resolve()
SLUICED = BUILD / "bin" / "sluiced"
SLUICECTL = BUILD / "bin" / "sluicectl"
SANITIZER_WORDS = ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "runtime error:")


def shell(socket, *arguments, stdin="", timeout=60, env=None):
    """Runs sluicectl to its end."""
    return subprocess.run([SLUICECTL, "--socket", socket, *map(str, arguments)], input=stdin, capture_output=True,
                          text=True, timeout=timeout * PATIENCE, env=env)


def sentence_of(text):
    """The one line of an error, without its label."""
    lines = text.splitlines()
    assert len(lines) == 1 and lines[0].startswith("error: "), f"not one sentence: {text!r}"
    return lines[0].removeprefix("error: ")


def try_to_start(namespace, socket, *arguments, timeout=60):
    """For a daemon that is expected not to start; its log is in .stderr."""
    return namespace.run(SLUICED, "--socket", socket, "--no-huge", *arguments, check=False,
                         timeout=timeout * PATIENCE)


class Daemon:
    """One sluiced in a namespace, ready when the constructor returns."""

    def __init__(self, namespace, directory, *arguments, name="sluiced", no_huge=True, wait=True):
        self.socket = pathlib.Path(directory) / f"{name}.sock"
        self.log_path = pathlib.Path(directory) / f"{name}.log"
        words = [SLUICED, "--socket", self.socket, *(["--no-huge"] if no_huge else []), *arguments]
        self._log_file = open(self.log_path, "a")
        self.process = namespace.start(*words, stdout=self._log_file, stderr=self._log_file)
        if wait:
            wait_until(self._answers, 30, lambda: f"sluiced answers; its log:\n{self.log()}", every=0.05)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _answers(self):
        assert self.process.poll() is None, f"sluiced ended with {self.process.returncode}:\n{self.log()}"
        return self.socket.exists() and shell(self.socket, "-c", "show version").returncode == 0

    @property
    def pid(self):
        return self.process.pid

    def alive(self):
        return self.process.poll() is None

    def log(self):
        return self.log_path.read_text()

    def ctl(self, *lines):
        """Runs lines that must succeed; their output."""
        done = shell(self.socket, *(word for line in lines for word in ("-c", line)))
        assert done.returncode == 0, f"{lines}: {done.stderr}{'' if self.alive() else self.log()}"
        return done.stdout

    def ctl_json(self, line):
        done = shell(self.socket, "-j", "-c", line)
        assert done.returncode == 0, f"{line}: {done.stderr}"
        return json.loads(done.stdout)

    def refused(self, line):
        """Runs a line that must fail; its sentence."""
        done = shell(self.socket, "-c", line)
        assert done.returncode in (1, 2), f"{line!r} ended with {done.returncode}: {done.stdout}{done.stderr}"
        assert done.stdout == "", f"{line!r} wrote {done.stdout!r}"
        return sentence_of(done.stderr)

    def script(self, text):
        """Runs many lines in one shell; all must succeed."""
        done = shell(self.socket, stdin=text, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    # ---- what tests ask most ----

    def errors(self):
        """Drops by (node, reason)."""
        return {(e["node"], e["reason"]): e["packets"] for e in self.ctl_json("show errors")}

    def error(self, node, reason):
        return self.errors().get((node, reason), 0)

    def wait_error(self, node, reason, packets):
        """Until a drop counter has reached a number; it must not go beyond."""
        wait_until(lambda: self.error(node, reason) >= packets, 10,
                   lambda: f"{packets} drops of {node} for {reason}; there are {self.errors()}")
        assert self.error(node, reason) == packets

    def interface(self, name):
        return self.ctl_json(f"show interface {name}")[0]

    def neighbor(self, address):
        """The neighbour, or None."""
        return next((n for n in self.ctl_json("show neighbor") if n["address"] == address), None)

    def free_buffers(self):
        return self.ctl_json("show buffers")[0]["free"]

    def reports(self, interface):
        """How often the router has reported its multicast groups there."""
        return next((int(link.get("reports", 0)) for link in self.ctl_json("show mld") if link["interface"] == interface), 0)

    def wait_all_said(self, interface):
        """Until the router has nothing more to say of itself on a link where nobody asks, so that what is counted there is
        traffic: addresses are announced when they come into use, but groups are reported once more up to a second later
        (RFC 3810 6.1). Returns the number of reports."""
        said, since = None, 0.0

        def is_quiet():
            nonlocal said, since
            now = self.reports(interface)
            if now != said:
                said, since = now, time.monotonic()
            return time.monotonic() - since > 2 * PATIENCE
        wait_until(is_quiet, 20, lambda: f"all is said at '{interface}': {self.ctl('show mld')}", every=0.1)
        return said

    # ---- its end ----

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._log_file.close()

    def stop(self):
        """Ends it as an operator would. It must end well; where it has ended already, it was killed by the test."""
        if self._log_file.closed:
            return
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=30 * PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"SIGTERM did not end sluiced:\n{self.log()}") from None
        finally:
            self._log_file.close()
        print(f"---- log of sluiced\n{self.log()}")
        assert code == 0, f"sluiced ended with {code}:\n{self.log()}"
        assert not any(word in self.log() for word in SANITIZER_WORDS), self.log()
