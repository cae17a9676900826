# SPDX-License-Identifier: Apache-2.0
"""Geneve and GRE against Open vSwitch's datapath in user space."""

import contextlib

import pytest

from lib.capture import Wire
from lib.clients import iperf, ping
from lib.ovs import OpenVSwitch
from lib.tunnels import INNER, LOCAL, REMOTE, TunnelLab, enable_ip6, give, lead


class OvsLab(TunnelLab):
    def __init__(self, directory, stack):
        super().__init__(directory, stack)
        self.ovs = OpenVSwitch(self.far, directory / "ovs", "eth0", [f"{REMOTE[4]}/24", f"{REMOTE[6]}/64"])
        lead(self.far, ("192.0.2.0/24", "198.51.100.254"), ("2001:db8::/64", "2001:db8:f::fe"))
        enable_ip6(self.far, "over")
        give(self.far, "over", "10.9.0.2/24", "2001:db8:9::2/64")
        self.far.ip("link", "set", "over", "up", "mtu", 1400)
        lead(self.far, ("10.0.1.0/24", "10.9.0.1"), ("2001:db8:1::/64", "2001:db8:9::1"))
        self.far.offloads_off("over", check=False)

    @contextlib.contextmanager
    def both_ends(self, kind, underlay, line, vni=None, **options):
        self.ovs.tunnel(kind, LOCAL[underlay], **options, **({} if vni is None else {"key": vni}))
        try:
            with self.tunnel(f"{kind} tunnel t {'' if vni is None else f'vni {vni} '}local {LOCAL[underlay]} remote {REMOTE[underlay]} {line}"):
                self.lan.ip("neigh", "flush", "all")
                self.far.ip("neigh", "flush", "dev", "over")
                self.wait_reachable()
                yield
        finally:
            self.ovs.remove_tunnel()


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with contextlib.ExitStack() as stack:
        yield OvsLab(tmp_path_factory.mktemp("ovs"), stack)


CASES = {
    "geneve over IPv4": ("geneve", 4, "", {"vni": 5}),
    "geneve over IPv6": ("geneve", 6, "", {"vni": 5}),
    "geneve with a checksum": ("geneve", 4, "checksum on", {"vni": 16777215, "csum": "true"}),
    "gre": ("gre", 4, "carries ethernet", {}),
    "gre with a key, over IPv6": ("gre", 6, "carries ethernet key 4294967295", {"key": 4294967295}),
    # Not both: Open vSwitch 3.1 writes the number behind the checksum that covers it.
    "gre with a checksum": ("gre", 4, "carries ethernet key 6 checksum on", {"key": 6, "csum": "true"}),
    "gre with numbers": ("gre", 4, "carries ethernet key 6 sequence on", {"key": 6, "seq": "true"}),
}


@pytest.mark.parametrize("name", CASES)
def test_hosts_reach_each_other(lab, name):
    kind, underlay, line, options = CASES[name]
    with lab.both_ends(kind, underlay, line, **options):
        for address in INNER:
            assert ping(lab.lan, address, count=10, wait=3).received == 10
        for reverse in ((), ("-R",)):
            assert iperf(lab.lan, lab.far, INNER[0], "-b", "20M", *reverse, seconds=1)["sum_received"]["bytes"] >= 1 << 18


def test_options_go_both_ways(lab):
    """Open vSwitch maps an option to a field of its own, critical ones too; what the router does not know it drops."""
    over = f"unix:{lab.ovs._directory}/over.mgmt"

    def flows(*lines):
        lab.far.run("ovs-ofctl", "del-flows", over)
        for line in lines:
            lab.far.run("ovs-ofctl", "add-flow", over, line)
    lab.far.run("ovs-ofctl", "add-tlv-map", over, "{class=0x102,type=0x80,len=4}->tun_metadata0")
    try:
        with lab.both_ends("geneve", 4, "options 0102:80:mark,0103:01:0a0b0c0d", vni=7), Wire(lab.mid, "left") as wire:
            # Only what comes with the option, of mark 0, is let through, and what is sent has it as well.
            flows("in_port=t,tun_metadata0=0,actions=LOCAL", "in_port=LOCAL,actions=set_field:0x9->tun_metadata0,t")
            assert ping(lab.lan, INNER[0], count=5, wait=3).received == 5
            rows = wire.tshark("geneve && icmp.type == 8", "geneve.options", "geneve.flags.critical")
            assert rows and all(row["geneve.flags.critical"] in ("1", "True") for row in rows), rows
        flows("actions=NORMAL")
        with lab.both_ends("geneve", 4, "options 0102:80:known", vni=8):
            flows("in_port=LOCAL,actions=set_field:0x9->tun_metadata0,t", "in_port=t,actions=LOCAL")
            assert ping(lab.lan, INNER[0], count=5, wait=3).received == 5
            lab.daemon.ctl("delete interface t", "add geneve tunnel t vni 8 local 192.0.2.1 remote 198.51.100.2",
                           "add address t 10.9.0.1/24", "set interface t state up")
            before = lab.daemon.error("geneve4-decap", "unknown-critical")
            assert ping(lab.lan, INNER[0], count=3, wait=1).received == 0
            assert lab.daemon.error("geneve4-decap", "unknown-critical") > before
    finally:
        flows("actions=NORMAL")
