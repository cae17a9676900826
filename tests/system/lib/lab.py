# SPDX-License-Identifier: Apache-2.0
"""The network that most tests use: lan 10.0.1.2 -- 10.0.1.1 router 10.0.2.1 -- 10.0.2.2 wan."""

import contextlib

from lib.capture import Wire
from lib.clients import ping
from lib.daemon import Daemon
from lib.netns import Namespace, join
from lib.wait import wait_until

KINDS = ("af_packet", "af_xdp", "tap")
LAN, WAN = "10.0.1.2", "10.0.2.2"
LAN_ROUTER, WAN_ROUTER = "10.0.1.1", "10.0.2.1"


def set_up_host(host, address, router, interface="eth0"):
    host.offloads_off(interface, check=False)
    host.ip("address", "add", f"{address}/24", "dev", interface)
    host.ip("link", "set", interface, "up")
    host.ip("route", "add", "default", "via", router)


class Lab:
    """Two hosts and a router between them, by one kind of port. Removes itself whatever happens."""

    def __init__(self, directory, kind="af_packet", arguments=(), configure=True):
        self.kind = kind
        self.directory = directory
        with contextlib.ExitStack() as stack:
            self.lan = stack.enter_context(Namespace("lan"))
            self.wan = stack.enter_context(Namespace("wan"))
            self.box = stack.enter_context(Namespace("box"))
            if kind != "tap":
                join(self.lan, "eth0", self.box, "lan0")
                join(self.wan, "eth0", self.box, "wan0")
            self.daemon = None
            stack.callback(lambda: self.daemon and self.daemon.stop())
            self.start(*arguments)
            if configure:
                self.configure()
            self._stack = stack.pop_all()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._stack.close()

    def start(self, *arguments):
        """A daemon, anew where the last one is gone."""
        self.daemon = Daemon(self.box, self.directory, *arguments)

    def make_line(self, side, number):
        """The line that makes the interface of a side."""
        if self.kind == "tap":
            return f"add tap {side} host-interface {side}0"
        return f'add port {side} device "net_{self.kind}{number},iface={side}0"'

    def make_lines(self):
        return [self.make_line("lan", 0), self.make_line("wan", 1)]

    @staticmethod
    def address_lines():
        return [f"add address lan {LAN_ROUTER}/24", f"add address wan {WAN_ROUTER}/24",
                "set interface lan state up", "set interface wan state up"]

    def configure(self, hosts=True):
        self.daemon.ctl(*self.make_lines())
        if self.kind == "tap":
            # The kernel's side of a tap goes to where its host is.
            for side, host in (("lan", self.lan), ("wan", self.wan)):
                self.box.ip("link", "set", f"{side}0", "netns", host.name, "name", "eth0")
        self.daemon.ctl(*self.address_lines())
        if hosts:
            self.set_up_hosts()
        self.wait_links()

    def set_up_hosts(self):
        set_up_host(self.lan, LAN, LAN_ROUTER)
        set_up_host(self.wan, WAN, WAN_ROUTER)

    def wait_links(self):
        wait_until(lambda: all(i["link"] == "up" for i in self.daemon.ctl_json("show interface")), 10,
                   lambda: f"links are up: {self.daemon.ctl('show interface')}", every=0.1)

    def mac(self, interface):
        """The router's own MAC address there."""
        return self.daemon.interface(interface)["mac"]

    def wire(self, side="lan"):
        """Frames at a host's end; the caller closes it."""
        return Wire(getattr(self, side))

    def assert_forwards(self):
        """Both ways, with neighbours known afterwards."""
        there = ping(self.lan, WAN, count=3)
        assert there.received == 3, there.text + self.daemon.log() + str(self.daemon.errors())
