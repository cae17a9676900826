# SPDX-License-Identifier: Apache-2.0
"""The lab of two hosts and a router between them, with IPv6 beside IPv4."""

from lib.lab import Lab
from lib.wait import wait_until

LAN6, WAN6 = "2001:db8:1::2", "2001:db8:2::2"
LAN_ROUTER6, WAN_ROUTER6 = "2001:db8:1::1", "2001:db8:2::1"


def add_addresses(lab):
    lab.daemon.ctl(f"add address lan {LAN_ROUTER6}/64", f"add address wan {WAN_ROUTER6}/64")
    wait_until(lambda: all(a["state"] == "used" for a in lab.daemon.ctl_json("show address")), 20,
               lambda: f"addresses are used: {lab.daemon.ctl('show address')}", every=0.1)


def enable_ip6(*hosts):
    """Namespaces of these tests have none unless they are asked to."""
    for host in hosts:
        for name in ("all", "default", "lo", "eth0"):
            host.sysctl(f"net.ipv6.conf.{name}.disable_ipv6", 0)


def set_up_hosts(lab):
    enable_ip6(lab.lan, lab.wan)
    for host, address, router in ((lab.lan, LAN6, LAN_ROUTER6), (lab.wan, WAN6, WAN_ROUTER6)):
        host.ip("-6", "address", "add", f"{address}/64", "dev", "eth0", "nodad")
        host.ip("-6", "route", "add", "default", "via", router)


class Lab6(Lab):
    """A lab with both families."""

    def configure(self, hosts=True):
        super().configure(hosts)
        add_addresses(self)
        if hosts:
            set_up_hosts(self)
