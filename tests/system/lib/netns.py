# SPDX-License-Identifier: Apache-2.0
"""Network namespaces: each is a host of its own, gone when the test is over."""

import atexit
import ctypes
import itertools
import json
import os
import pathlib
import signal
import socket
import subprocess
import threading

CLONE_NEWNET = 0x40000000
PREFIX = "sl-"
_count = itertools.count()
_living = {}


class Namespace:
    """A network namespace with what runs in it. close() ends its processes and removes it."""

    def __init__(self, label):
        self.name = f"{PREFIX}{os.getpid()}-{next(_count)}-{label}"
        self._started = []
        _living[self.name] = self
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        # Nothing but what a test sends shall be on the links.
        self.sysctl("net.ipv6.conf.all.disable_ipv6", 1)
        self.sysctl("net.ipv6.conf.default.disable_ipv6", 1)
        self.ip("link", "set", "lo", "up")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def command(self, *words):
        return ["ip", "netns", "exec", self.name, *map(str, words)]

    def run(self, *words, check=True, timeout=60, **options):
        """Runs a program to its end; its output is in .stdout and .stderr."""
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=timeout, **options)
        assert not check or done.returncode == 0, f"{words} ended with {done.returncode}: {done.stdout}{done.stderr}"
        return done

    def start(self, *words, **options):
        """Starts a program in the background; it is ended with the namespace at the latest."""
        process = subprocess.Popen(self.command(*words), text=True, **options)
        self._started.append(process)
        return process

    def ip(self, *words, check=True):
        done = subprocess.run(["ip", "-n", self.name, *map(str, words)], capture_output=True, text=True)
        assert not check or done.returncode == 0, f"ip {words}: {done.stderr}"
        return done.stdout

    def sysctl(self, name, value):
        self.run("sysctl", "-qw", f"{name}={value}")

    def links(self):
        """The names of its interfaces, "lo" left out."""
        return sorted(link["ifname"] for link in json.loads(self.ip("-j", "link")) if link["ifname"] != "lo")

    def mac(self, interface="eth0"):
        return json.loads(self.ip("-j", "link", "show", interface))[0]["address"]

    def offloads_off(self, interface, check=True):
        """A router reads whole checksums and single packets, not what a card would make of them later."""
        self.run("ethtool", "-K", interface, *"tx off rx off tso off gso off gro off".split(), check=check)

    def open_socket(self, *arguments):
        """A socket that belongs to this namespace, for this process to use."""
        made = []

        def make():
            with open(f"/run/netns/{self.name}", "rb") as home:
                if ctypes.CDLL(None, use_errno=True).setns(home.fileno(), CLONE_NEWNET) == 0:
                    made.append(socket.socket(*arguments))

        # Only this thread goes there, and it ends at once.
        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        assert made, f"no socket in namespace {self.name}"
        return made[0]

    def close(self):
        if _living.pop(self.name, None) is None:
            return
        for process in self._started:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream:
                    stream.close()
        subprocess.run(["ip", "netns", "del", self.name], check=False)


def join(a, name_a, b, name_b):
    """A cable between two namespaces, up at both ends."""
    subprocess.run(
        ["ip", "link", "add", name_a, "netns", a.name, "type", "veth", "peer", "name", name_b, "netns", b.name],
        check=True)
    for namespace, name in ((a, name_a), (b, name_b)):
        namespace.offloads_off(name)
        namespace.ip("link", "set", name, "up")


def remove_leftovers():
    """Removes the namespaces of test runs that were killed."""
    for path in pathlib.Path("/run/netns").glob(f"{PREFIX}*-*-*"):
        owner = path.name.split("-")[1]
        if owner.isdigit() and not os.path.exists(f"/proc/{owner}"):
            subprocess.run(["ip", "netns", "del", path.name], check=False)


@atexit.register
def _close_all():
    for namespace in list(_living.values()):
        namespace.close()
