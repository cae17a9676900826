# SPDX-License-Identifier: Apache-2.0
"""The router behind a switch that looks for listeners: the kernel's bridge, which passes a group to those ports alone that
reported it. tshark is the judge of the reports."""

import contextlib
import ipaddress
import json

import pytest

from lib.capture import Wire
from lib.clients import ping
from lib.daemon import Daemon
from lib.netns import Namespace, join
from lib.wait import wait_until

ROUTER, HOST = "2001:db8:1::1", "2001:db8:1::2"
QUERY_INTERVAL = 2


def solicited_node(address):
    """The group in which a host is asked for (RFC 4291 2.7.1)."""
    last_bytes = int(ipaddress.IPv6Address(address)) & 0xff_ffff
    return str(ipaddress.IPv6Address(int(ipaddress.IPv6Address("ff02::1:ff00:0")) | last_bytes))


def as_list(field):
    return field if isinstance(field, list) else [field]


class Snooping:
    """A host and the router at two ports of a switch, which asks by this version of MLD."""

    def __init__(self, directory, stack, version):
        self.host, self.box, self.switch = (stack.enter_context(Namespace(n)) for n in ("host", "box", "switch"))
        join(self.host, "eth0", self.switch, "to-host")
        join(self.box, "lan0", self.switch, "to-router")
        for name in ("all", "default", "lo"):
            self.switch.sysctl(f"net.ipv6.conf.{name}.disable_ipv6", 0)
        for name in ("all", "default", "lo", "eth0"):
            self.host.sysctl(f"net.ipv6.conf.{name}.disable_ipv6", 0)
        # Times are in hundredths of a second.
        self.switch.ip("link", "add", "bridge0", "type", "bridge", "mcast_snooping", 1, "mcast_querier", 1,
                       "mcast_mld_version", version, "mcast_query_interval", 100 * QUERY_INTERVAL,
                       "mcast_startup_query_interval", 100 * QUERY_INTERVAL, "mcast_query_response_interval", 100,
                       "mcast_membership_interval", 500)
        for port in ("to-host", "to-router"):
            self.switch.sysctl(f"net.ipv6.conf.{port}.disable_ipv6", 1)
            self.switch.ip("link", "set", port, "master", "bridge0")
        self.switch.ip("link", "set", "bridge0", "up")
        self.daemon = stack.enter_context(Daemon(self.box, directory))

    def start(self):
        self.daemon.ctl('add port lan device "net_af_packet0,iface=lan0"', f"add address lan {ROUTER}/64",
                        "set interface lan state up")
        self.host.ip("-6", "address", "add", f"{HOST}/64", "dev", "eth0", "nodad")
        wait_until(lambda: all(a["state"] == "used" for a in self.daemon.ctl_json("show address")), 20,
                   "addresses are used", every=0.1)

    def members(self, port="to-router"):
        """The groups that the switch passes to a port."""
        shown = json.loads(self.switch.run("bridge", "-j", "mdb", "show", "dev", "bridge0").stdout)
        return {entry["grp"] for bridge in shown for entry in bridge.get("mdb", []) if entry["port"] == port}

    def reported(self):
        return {g["group"] for g in self.daemon.ctl_json("show ip6-group") if g.get("reported")}


@pytest.fixture(params=[1, 2])
def lab(request, tmp_path):
    with contextlib.ExitStack() as stack:
        made = Snooping(tmp_path, stack, request.param)
        made.version = request.param
        yield made


def test_a_snooping_switch_knows_the_groups_of_the_router(lab):
    lab.start()
    own = next(a["prefix"].split("/")[0] for a in lab.daemon.ctl_json("show address") if a["prefix"].startswith("fe80"))
    assert lab.reported() == {"ff02::2", "ff05::2", "ff02::1:ff00:1", solicited_node(own)}
    wait_until(lambda: lab.members() >= lab.reported(), 10, lambda: f"the switch knows them: {lab.members()}", every=0.1)
    # A querier is heard, and what nobody reports is passed to nobody: without reports the host would not be answered.
    wait_until(lambda: int(lab.daemon.ctl_json("show mld")[0].get("queries", 0)) >= 2, 30, "the switch asks", every=0.2)
    state = lab.daemon.ctl_json("show mld")[0]
    assert state["version"] == lab.version and state["querier"].startswith("fe80")
    assert ping(lab.host, ROUTER, count=2).received == 2
    # Only answers keep an entry for longer than five seconds.
    lab.daemon.ctl("add address lan 2001:db8:1::77/64")
    wait_until(lambda: "ff02::1:ff00:77" in lab.members(), 10, "the new group is reported", every=0.1)
    asked = int(state["queries"])
    wait_until(lambda: int(lab.daemon.ctl_json("show mld")[0]["queries"]) >= asked + 4, 30, "the switch asks on", every=0.2)
    assert lab.members() >= lab.reported()
    assert ping(lab.host, "2001:db8:1::77").received == 1
    lab.daemon.ctl("delete address lan 2001:db8:1::77/64")
    wait_until(lambda: "ff02::1:ff00:77" not in lab.members(), 10, "the group is left", every=0.1)
    assert not lab.daemon.error("mld-input", "bad-source")


def test_another_address_of_the_same_kind_is_found_behind_the_switch(lab):
    """Duplicate address detection asks in a group that the switch passes only where it was reported."""
    lab.start()
    wait_until(lambda: int(lab.daemon.ctl_json("show mld")[0].get("queries", 0)) >= 2, 30, "the switch asks", every=0.2)
    taken = "2001:db8:1::99"
    lab.host.ip("-6", "address", "add", f"{taken}/64", "dev", "eth0", "nodad")
    wait_until(lambda: "ff02::1:ff00:99" in lab.members("to-host"), 10, "the host reports its group", every=0.1)
    lab.daemon.ctl(f"add address lan {taken}/64")
    wait_until(lambda: any(a["prefix"] == f"{taken}/64" and a["state"] == "duplicate"
                           for a in lab.daemon.ctl_json("show address")), 10, "it is found out", every=0.1)


def test_tshark_finds_the_reports_right(tmp_path):
    with contextlib.ExitStack() as stack:
        lab = Snooping(tmp_path, stack, 2)
        wire = stack.enter_context(Wire(lab.switch, "to-router"))
        lab.start()
        wait_until(lambda: "ff02::1:ff00:1" in lab.members(), 10, "the switch knows the group", every=0.1)
        reports = wire.tshark("icmpv6.type == 143", "ipv6.src", "ipv6.dst", "ipv6.hlim", "icmpv6.checksum.status",
                              "icmpv6.mldr.mar.multicast_address", "_ws.malformed", "ipv6.opt.router_alert")
        assert reports
        for report in reports:
            assert report["ipv6.dst"] == "ff02::16" and report["ipv6.hlim"] == "1"
            assert report["icmpv6.checksum.status"] == "1" and not report["_ws.malformed"]
            assert report["ipv6.opt.router_alert"] == "0"
        assert reports[0]["ipv6.src"] == "::"
        told = {group for report in reports for group in as_list(report["icmpv6.mldr.mar.multicast_address"])}
        assert "ff02::1:ff00:1" in told and "ff02::1" not in told
