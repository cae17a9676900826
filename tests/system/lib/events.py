# SPDX-License-Identifier: Apache-2.0
"""Clients of event streams: one inside the test, and the programs in extras/clients."""

import fcntl
import os
import re
import subprocess
import sys
import threading

import grpc

from lib.api import path
from lib.daemon import BUILD, ROOT
from lib.wait import PATIENCE, wait_until

PYTHON_PROGRAMS = ROOT / "extras" / "clients" / "python"
GO_PROGRAMS = BUILD / "clients" / "go"


class Watcher:
    """One call of Events.Watch, read by a thread of its own."""

    def __init__(self, daemon, pb, topics=(), after=None, with_state=False):
        # Of its own connection, as another program's would be.
        self.channel = grpc.insecure_channel(f"unix:{daemon.socket}", [("grpc.use_local_subchannel_pool", 1)])
        request = pb.WatchEventsRequest(topics=[pb.EventTopic.Value(f"EVENT_TOPIC_{topic.upper()}")
                                                for topic in topics], after=after, with_state=with_state)
        self.call = self.channel.unary_stream(path("Events.Watch"), pb.WatchEventsRequest.SerializeToString,
                                              pb.EventBatch.FromString)(request)
        self.batches, self.events, self.position, self.error = [], [], None, None
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    def start(self):
        """Reads from now on; returns when the daemon has answered."""
        self._thread.start()
        wait_until(lambda: self.batches or self.error, 20, "the daemon answers a watcher")
        return self

    def _read(self):
        try:
            for batch in self.call:
                self.events += batch.events
                if batch.HasField("position"):
                    self.position = batch.position
                self.batches.append(batch)
        except grpc.RpcError as error:
            self.error = error

    def lost(self):
        return any(batch.lost for batch in self.batches)

    def wait(self, condition, what, seconds=15):
        """Until an event fits; that event."""
        def find():
            assert self.error is None, self.error
            return next((event for event in list(self.events) if condition(event)), None)

        return wait_until(find, seconds, lambda: f"{what}; there were {self.events[-20:]}")

    def wait_count(self, count, seconds=60):
        wait_until(lambda: len(self.events) >= count or self.error, seconds,
                   lambda: f"{count} events, not {len(self.events)}", every=0.05)
        assert self.error is None and len(self.events) == count, (len(self.events), self.error)

    def close(self):
        self.call.cancel()
        if self._thread.ident is not None:
            self._thread.join()
        self.channel.close()


def build_go_programs():
    """Where they are missing or older; other test processes wait for it."""
    folder = ROOT / "extras" / "clients" / "go"
    GO_PROGRAMS.mkdir(parents=True, exist_ok=True)
    with open(GO_PROGRAMS / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = GO_PROGRAMS / "load_routes"
        sources = [*folder.rglob("*"), *ROOT.glob("api/proto/*.proto"), *ROOT.glob("vnet/proto/*.proto")]
        if not made.exists() or any(path.stat().st_mtime >= made.stat().st_mtime for path in sources):
            _build_go_programs()


def _build_go_programs():
    subprocess.run([ROOT / "extras" / "clients" / "go" / "build.sh", GO_PROGRAMS], check=True, timeout=600 * PATIENCE)


def command(language, program):
    if language == "go":
        return [GO_PROGRAMS / program]
    return [sys.executable, PYTHON_PROGRAMS / f"{program}.py"]


def environment():
    """Generated Python goes to the build directory, not beside the sources."""
    return {**os.environ, "SLUICE_GENERATED": str(BUILD / "clients" / "python")}


def run_program(language, program, daemon, *arguments):
    """Runs one to its end; what it wrote."""
    done = subprocess.run([*command(language, program), "--connect", daemon.socket, *map(str, arguments)],
                          capture_output=True, text=True, timeout=120 * PATIENCE, env=environment())
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Program:
    """watch_events under way; its lines."""

    def __init__(self, language, daemon, *arguments):
        self.process = subprocess.Popen(
            [*command(language, "watch_events"), "--connect", daemon.socket, *map(str, arguments)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment())
        self.lines = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        self.wait("^! following")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._thread.join()
        self.process.stdout.close()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def wait(self, pattern, after=0, seconds=20):
        """Until a line from `after` on fits; the place behind it."""
        def find():
            return next((number + 1 for number, line in enumerate(list(self.lines))
                         if number >= after and re.search(pattern, line)), None)

        return wait_until(find, seconds, lambda: f"a line like {pattern}; there are {self.lines[-30:]}")

    def wait_end(self, seconds=60):
        """Its last line."""
        assert self.process.wait(timeout=seconds * PATIENCE) == 0, self.lines
        self._thread.join()
        return self.lines[-1]
