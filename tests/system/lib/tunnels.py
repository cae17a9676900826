# SPDX-License-Identifier: Apache-2.0
"""The network that tests of tunnels use: lan -- box -- mid -- far. box is the router under test, mid a router of the kernel between it
and the tunnel's other end, far. lan has 10.0.1.2 and 2001:db8:1::2; box and far have 192.0.2.1 and 198.51.100.2, 2001:db8::1 and
2001:db8:f::2 in the underlay, 10.9.0.1 and 10.9.0.2, 2001:db8:9::1 and 2001:db8:9::2 in the tunnel."""

import contextlib
import pathlib
import sys

from lib.clients import ping
from lib.daemon import Daemon
from lib.netns import Namespace, join
from lib.wait import wait_until

LAN, LAN6 = "10.0.1.2", "2001:db8:1::2"
INNER = ("10.9.0.2", "2001:db8:9::2")
LOCAL = {4: "192.0.2.1", 6: "2001:db8::1"}
REMOTE = {4: "198.51.100.2", 6: "2001:db8:f::2"}
TUNNEL_HOST = pathlib.Path(__file__).with_name("tunnel_host.py")


def enable_ip6(host, *interfaces):
    for name in ("all", "default", "lo", *interfaces):
        host.sysctl(f"net.ipv6.conf.{name}.disable_ipv6", 0)


def give(host, interface, *addresses):
    for address in addresses:
        family = ("-6",) if ":" in address else ()
        host.ip(*family, "address", "add", address, "dev", interface, *(["nodad"] if family else []))


def lead(host, *routes):
    """Routes, each a network and a router."""
    for network, router in routes:
        host.ip(*(("-6",) if ":" in network else ()), "route", "replace", network, "via", router)


class TunnelLab:
    def __init__(self, directory, stack):
        self.lan, self.box, self.mid, self.far = (stack.enter_context(Namespace(name)) for name in ("lan", "box", "mid", "far"))
        join(self.lan, "eth0", self.box, "lan0")
        join(self.box, "under0", self.mid, "left")
        join(self.mid, "right", self.far, "eth0")
        for host, interfaces in ((self.lan, ("eth0",)), (self.mid, ("left", "right")), (self.far, ("eth0",))):
            enable_ip6(host, *interfaces)
        for name in ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"):
            self.mid.sysctl(name, 1)
        self.mid.sysctl("net.ipv4.icmp_ratelimit", 0)
        give(self.lan, "eth0", f"{LAN}/24", f"{LAN6}/64")
        give(self.mid, "left", "192.0.2.254/24", "2001:db8::fe/64")
        give(self.mid, "right", "198.51.100.254/24", "2001:db8:f::fe/64")
        give(self.far, "eth0", "198.51.100.2/24", "2001:db8:f::2/64")
        lead(self.lan, ("default", "10.0.1.1"), ("::/0", "2001:db8:1::1"))
        lead(self.far, ("192.0.2.0/24", "198.51.100.254"), ("2001:db8::/64", "2001:db8:f::fe"))
        self.daemon = stack.enter_context(Daemon(self.box, directory))
        self.daemon.ctl('add port lan device "net_af_packet0,iface=lan0"', 'add port under device "net_af_packet1,iface=under0"',
                        "add address lan 10.0.1.1/24", "add address lan 2001:db8:1::1/64",
                        "add address under 192.0.2.1/24", "add address under 2001:db8::1/64",
                        "set interface lan state up", "set interface under state up",
                        "add route 198.51.100.0/24 via 192.0.2.254", "add route 2001:db8:f::/64 via 2001:db8::fe")

    @contextlib.contextmanager
    def tunnel(self, line, addresses=True):
        """A tunnel of the router named "t", as "gre tunnel t local ..." says, up and with its addresses; gone afterwards."""
        self.daemon.ctl(f"add {line}", *(["add address t 10.9.0.1/24", "add address t 2001:db8:9::1/64"] if addresses else []),
                        "set interface t state up")
        try:
            yield
        finally:
            self.daemon.ctl("delete interface t")

    @contextlib.contextmanager
    def other_end(self, *arguments, underlay=4, device="tun0", mtu=1400):
        """The same at far, by the program of tunnel_host.py."""
        process = self.far.start(sys.executable, TUNNEL_HOST, *arguments, "--device", device, "--local", REMOTE[underlay],
                                 "--remote", LOCAL[underlay])
        try:
            wait_until(lambda: device in self.far.links(), 10, f"{device} is there")
            self.set_up_inner(device, mtu)
            yield process
        finally:
            process.kill()
            process.wait()
            wait_until(lambda: device not in self.far.links(), 10, f"{device} is gone")

    def set_up_inner(self, device, mtu):
        self.far.ip("link", "set", device, "up", "mtu", mtu)
        # The kernel makes the settings of a device a moment after the device.
        wait_until(lambda: self.far.run("test", "-e", f"/proc/sys/net/ipv6/conf/{device}", check=False).returncode == 0, 10,
                   f"{device} has settings")
        enable_ip6(self.far, device)
        give(self.far, device, "10.9.0.2/24", "2001:db8:9::2/64")
        lead(self.far, ("10.0.1.0/24", "10.9.0.1"), ("2001:db8:1::/64", "2001:db8:9::1"))

    def wait_reachable(self, addresses=INNER):
        """The first packets find neighbours and addresses that are being looked for. What the host has learned of MTUs before is gone."""
        self.lan.ip("route", "flush", "cache")
        self.lan.ip("-6", "route", "flush", "cache")
        for address in addresses:
            wait_until(lambda: ping(self.lan, address, wait=1).received == 1, 20,
                       lambda: f"{address} answers; {self.daemon.ctl('show interface', 'show errors')}")
