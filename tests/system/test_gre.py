# SPDX-License-Identifier: Apache-2.0
"""Tunnels of ipip and GRE, over IPv4 and IPv6, with another end that the kernel's raw sockets and a small program make; tshark reads what
is on the wire between them."""

import contextlib

import pytest

from lib.capture import Wire
from lib.clients import iperf, ping
from lib.numbered import Numbered
from lib.tunnels import INNER, LOCAL, REMOTE, TunnelLab
from lib.wait import wait_until


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with contextlib.ExitStack() as stack:
        yield TunnelLab(tmp_path_factory.mktemp("tunnels"), stack)


def words(kind, underlay, more=""):
    return f"{kind} tunnel t local {LOCAL[underlay]} remote {REMOTE[underlay]} {more}"


# What the router is told, what the other end is told, and the bytes of headers.
KINDS = {
    "ipip over IPv4": ("ipip", 4, "", ("ipip",), 20),
    "ipip over IPv6": ("ipip", 6, "", ("ipip",), 40),
    "gre over IPv4": ("gre", 4, "", ("gre",), 24),
    "gre over IPv6": ("gre", 6, "", ("gre",), 44),
    "gre with all": ("gre", 4, "key 7 sequence on checksum on", ("gre", "--key", "7", "--sequence", "--checksum"), 36),
    "gre with frames": ("gre", 4, "key 8 carries ethernet", ("gre", "--key", "8", "--ethernet"), 28 + 14),
    "gre with frames over IPv6": ("gre", 6, "carries ethernet", ("gre", "--ethernet"), 44 + 14),
}


@pytest.mark.parametrize("name", KINDS)
def test_hosts_reach_each_other_and_hear_of_the_mtu(lab, name):
    kind, underlay, more, other, headers = KINDS[name]
    with lab.tunnel(words(kind, underlay, more)), lab.other_end(*other, underlay=underlay, mtu=1500 - headers), \
            Wire(lab.mid, "right") as back, Wire(lab.far) as wire:
        lab.wait_reachable()
        for address in INNER:
            assert ping(lab.lan, address, count=5).received == 5
        longest = 1500 - headers
        whole = ping(lab.lan, INNER[0], "-s", longest - 28, "-M", "do", count=2)
        assert whole.received == 2, whole.text
        refused = ping(lab.lan, INNER[0], "-s", longest - 27, "-M", "do", count=1, wait=1)
        assert f"mtu = {longest}" in refused.text or f"mtu={longest}" in refused.text, refused.text
        for reverse in ((), ("-R",)):
            assert iperf(lab.lan, lab.far, INNER[0], "-b", "20M", *reverse, seconds=1)["sum_received"]["bytes"] >= 1 << 20
        # Nobody on the way had to cut anything, and each outer header is as its RFC says.
        field = {4: "ip.flags.mf", 6: "ipv6.fraghdr.more"}[underlay]
        assert wire.tshark(f"{field} == 1", "frame.number") == []
        bad = wire.tshark("ip.checksum.status == 0 || gre.checksum.status == 0 || _ws.malformed", "frame.number")
        assert bad == [], wire.frames[int(bad[0]["frame.number"]) - 1].hex()
        assert len(back.frames) > 0


def test_tshark_reads_what_the_inner_header_says(lab):
    with lab.tunnel(words("gre", 4, "key 9 dscp inherit ttl 33 dont-fragment clear")), lab.other_end("gre", "--key", "9"), \
            Wire(lab.far) as wire:
        lab.wait_reachable(INNER[:1])
        wire.forget()
        assert ping(lab.lan, INNER[0], "-Q", 0xB9, count=1).received == 1
        rows = wire.tshark("gre.key == 9 && icmp.type == 8", "ip.dsfield.dscp", "ip.dsfield.ecn", "ip.ttl", "ip.flags.df", "gre.proto")
    # The outer header, then the inner one. Two routers were on the way.
    # Versions of tshark write flags as 1 or as True.
    for row in rows:
        row["ip.flags.df"] = [flag in ("1", "True") for flag in row["ip.flags.df"]]
    assert rows == [{"ip.dsfield.dscp": ["46", "46"], "ip.dsfield.ecn": ["1", "1"], "ip.ttl": ["32", "63"],
                     "ip.flags.df": [False, True], "gre.proto": "0x0800"}]


def test_what_is_of_no_tunnel_is_dropped_by_name(lab):
    with lab.tunnel(words("gre", 4, "key 1")), lab.other_end("gre", "--key", "2"):
        before = lab.daemon.error("gre4-decap", "no-tunnel")
        lab.far.run("ping", "-n", "-c", 3, "-i", 0.05, "-W", 1, "10.9.0.1", check=False)
        wait_until(lambda: lab.daemon.error("gre4-decap", "no-tunnel") >= before + 3, 10,
                   lambda: f"three drops: {lab.daemon.errors()}")


def test_a_router_on_the_way_lowers_the_mtu(lab):
    with lab.tunnel(words("ipip", 4)), lab.other_end("ipip", mtu=1280):
        lab.wait_reachable(INNER[:1])
        assert lab.daemon.interface("t")["mtu"] == 1480
        lab.mid.ip("link", "set", "right", "mtu", 1300)
        try:
            # The first is lost on the way, and from then on the sender is told.
            ping(lab.lan, INNER[0], "-s", 1372, "-M", "do", wait=1)
            wait_until(lambda: lab.daemon.interface("t")["mtu"] == 1280, 10, lambda: f"the MTU is 1280: {lab.daemon.ctl('show ipip tunnel')}")
            told = ping(lab.lan, INNER[0], "-s", 1372, "-M", "do", wait=1).text
            assert "mtu = 1280" in told or "mtu=1280" in told, told
            assert ping(lab.lan, INNER[0], "-s", 1252, "-M", "do").received == 1
        finally:
            lab.mid.ip("link", "set", "right", "mtu", 1500)
            lab.lan.ip("route", "flush", "cache")


def test_who_sends_into_a_tunnel_without_an_end_is_told(lab):
    with lab.tunnel(words("ipip", 4)):
        lab.mid.ip("route", "add", "unreachable", "198.51.100.2/32")
        try:
            told = ping(lab.lan, INNER[0], count=3, wait=1).text
            assert "From 10.9.0.1" in told and "Destination Host Unreachable" in told, told
        finally:
            lab.mid.ip("route", "del", "unreachable", "198.51.100.2/32")


def test_another_way_to_the_other_end_loses_nothing(lab):
    with lab.tunnel(words("ipip", 4)), lab.other_end("ipip"):
        lab.wait_reachable(INNER[:1])
        with Numbered(lab.lan, lab.far, INNER[0], flows=4, rate=2000) as traffic:
            for turn in range(20):
                traffic.wait_received(100 * (turn + 1))
                lab.daemon.ctl("add route 198.51.100.2/32 via 192.0.2.254" if turn % 2 == 0 else "delete route 198.51.100.2/32")
            traffic.stop()
        assert traffic.received == traffic.sent and traffic.out_of_order == 0


def test_a_tunnel_routed_into_itself_is_dropped_by_name(lab):
    with lab.tunnel(words("ipip", 4)), lab.other_end("ipip"):
        lab.wait_reachable(INNER[:1])
        lab.daemon.ctl("add route 198.51.100.2/32 via 10.9.0.2")
        before = lab.daemon.error("ipip-encap", "tunnel-loop")
        assert ping(lab.lan, INNER[0], count=3, wait=1).received == 0
        assert lab.daemon.error("ipip-encap", "tunnel-loop") >= before + 3
        lab.daemon.ctl("delete route 198.51.100.2/32")
        assert ping(lab.lan, INNER[0], count=3).received == 3


def test_hosts_behind_a_tunnel_hear_of_the_router(lab):
    """Neighbor discovery and group reports go by links without Ethernet, without its header."""
    with Wire(lab.far) as wire, lab.tunnel(words("ipip", 4)), lab.other_end("ipip"):
        lab.wait_reachable()
        wait_until(lambda: wire.tshark("ip.proto == 41 && icmpv6.type == 143", "ipv6.dst"), 10, "a report of groups in the tunnel")
        assert wire.tshark("ip.proto == 41 && icmpv6.type == 135", "ipv6.dst"), "no address was tried before its use"
    assert lab.daemon.error("ipip-encap", "not-carried") == 0


def test_a_tunnel_with_a_vrf_of_its_own(lab):
    """The packets in a tunnel are in another VRF than the tunnel's own."""
    lab.daemon.ctl("add vrf inside")
    try:
        with lab.tunnel(words("ipip", 4), addresses=False), lab.other_end("ipip"):
            lab.daemon.ctl("set interface t vrf inside", "add address t 10.9.0.1/24")
            assert lab.far.run("ping", "-n", "-c", 3, "-i", 0.05, "10.9.0.1").returncode == 0
            assert ping(lab.lan, INNER[0], wait=1).received == 0
            lab.daemon.ctl("add route 10.9.0.0/24 lookup-in inside",
                           "add route 10.0.1.0/24 lookup-in default vrf inside")
            assert ping(lab.lan, INNER[0], count=3).received == 3
            lab.daemon.ctl("delete route 10.9.0.0/24", "delete route 10.0.1.0/24 vrf inside")
    finally:
        lab.daemon.ctl("delete vrf inside")
