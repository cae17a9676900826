# SPDX-License-Identifier: Apache-2.0
"""IPv6 with real hosts: forwarding beside IPv4, neighbor discovery, errors, and hosts that configure themselves."""

import contextlib
import ipaddress
import json
import random
import re
import socket
import subprocess

import pytest
from scapy.layers.inet6 import (HBHOptUnknown, ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_NS, ICMPv6ND_RA,
                                ICMPv6NDOptPrefixInfo, ICMPv6NDOptRDNSS, ICMPv6PacketTooBig, ICMPv6ParamProblem,
                                IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop)
from scapy.layers.l2 import Ether

from lib.clients import iperf, ping, wait_for_port
from lib.lab import KINDS, LAN, WAN
from lib.lab6 import LAN6, LAN_ROUTER6, WAN6, WAN_ROUTER6, Lab6, add_addresses, enable_ip6, set_up_hosts
from lib.wait import wait_until

@pytest.fixture(scope="module", params=KINDS)
def lab(request, tmp_path_factory):
    with Lab6(tmp_path_factory.mktemp(request.param), request.param) as made:
        yield made


def link_local_of_router(lab, side="lan"):
    return next(a["prefix"].split("/")[0] for a in lab.daemon.ctl_json("show address")
                if a["interface"] == side and a["prefix"].startswith("fe80"))


def test_ping_both_ways_beside_ip4(lab):
    assert ping(lab.lan, WAN6, count=3).received == 3
    assert ping(lab.wan, LAN6, count=3).received == 3
    assert ping(lab.lan, WAN, count=3).received == 3
    assert {n["address"] for n in lab.daemon.ctl_json("show neighbor")} >= {LAN6, WAN6, LAN, "10.0.2.2"}


@pytest.mark.parametrize("address", [LAN_ROUTER6, WAN_ROUTER6])
def test_router_answers_for_each_of_its_addresses(lab, address):
    assert ping(lab.lan, address, "-s", 1400).received == 1


def test_router_answers_on_the_link(lab):
    assert ping(lab.lan, f"{link_local_of_router(lab)}%eth0").received == 1
    assert ping(lab.lan, "ff02::1%eth0", count=2).received >= 2
    assert link_local_of_router(lab, "wan") != link_local_of_router(lab)


def test_tcp_both_ways(lab):
    assert iperf(lab.lan, lab.wan, WAN6)["sum_received"]["bytes"] > 0
    assert iperf(lab.wan, lab.lan, LAN6)["sum_received"]["bytes"] > 0


def test_curl_fetches_a_file_whole(lab, tmp_path):
    content = random.Random(6).randbytes(3_000_000)
    (tmp_path / "file").write_bytes(content)
    server = lab.wan.start("python3", "-m", "http.server", 8080, "--bind", WAN6, "--directory", tmp_path,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for_port(lab.wan, 8080)
    lab.lan.run("curl", "-sSf", "-o", tmp_path / "fetched", f"http://[{WAN6}]:8080/file")
    server.kill()
    server.wait()
    assert (tmp_path / "fetched").read_bytes() == content


def test_both_families_at_once(lab):
    """Through the same interfaces, each with a load of its own."""
    before = lab.daemon.errors()
    server = lab.wan.start("iperf3", "-s", "-1", "-p", 5206, "-B", WAN6, stdout=subprocess.DEVNULL)
    wait_for_port(lab.wan, 5206)
    client = lab.lan.start("iperf3", "-6", "-c", WAN6, "-p", 5206, "-t", 3, "-J", stdout=subprocess.PIPE)
    four = iperf(lab.lan, lab.wan, WAN, seconds=2)
    six = json.loads(client.communicate(timeout=60)[0])["end"]
    server.wait(timeout=20)
    assert four["sum_received"]["bytes"] > 0 and six["sum_received"]["bytes"] > 0
    # Neither loses anything of the other's kind.
    wrong = {e for e in lab.daemon.errors().items() - before.items() if e[0][0] in ("ip4-input", "ip6-input")}
    # Hosts report their groups to routers that forward multicast, which this one does not.
    wrong = {e for e in wrong if e[0] != ("ip6-input", "not-joined")}
    assert not wrong, wrong


def test_what_becomes_of_a_packet_is_explained_and_traced(lab):
    assert ping(lab.lan, WAN6).received == 1
    told = lab.daemon.ctl(f"explain lan from {LAN6} to {WAN6} protocol icmp ttl 1")
    assert "hop-limit-expired" in told and "time-exceeded" in told
    told = lab.daemon.ctl(f"explain lan from {LAN6} to {WAN6} protocol tcp destination-port 80")
    assert "would be transmitted by wan" in told, told
    lab.daemon.ctl("clear trace", f"trace add any 2 from {LAN6}/128 to {WAN6}/128 protocol icmp6")
    assert ping(lab.lan, WAN).received == 1
    assert ping(lab.lan, WAN6).received == 1
    wait_until(lambda: "ip6-rewrite" in lab.daemon.ctl("show trace"), 5, lambda: lab.daemon.ctl("show trace"))
    assert "ip4-input" not in lab.daemon.ctl("show trace")
    lab.daemon.ctl("clear trace")
    assert "of the other" in lab.daemon.refused(f"trace add any 1 from {LAN6}/128 to {WAN}/32")


def test_traceroute_shows_the_router(lab):
    hops = lab.lan.run("traceroute", "-6", "-n", "-q", 1, "-w", 5, "-m", 4, WAN6).stdout.splitlines()[1:]
    assert [re.match(r" *(\d+) +(\S+)", hop).groups() for hop in hops] == [("1", LAN_ROUTER6), ("2", WAN6)]


def test_the_path_mtu_is_told(lab):
    lab.daemon.ctl("set interface wan mtu 1300")
    try:
        with lab.wire("lan") as wire:
            ping(lab.lan, WAN6, "-M", "do", "-s", 1400, count=1, wait=1)
            told = wire.wait(ICMPv6PacketTooBig)
        assert told[0][ICMPv6PacketTooBig].mtu == 1300
        # The host sends less from now on.
        assert "mtu 1300" in lab.lan.ip("-6", "route", "get", WAN6)
    finally:
        lab.daemon.ctl("reset interface wan mtu")
        lab.lan.ip("-6", "route", "flush", "cache")


def test_what_is_nobodys_is_answered(lab):
    for target, line in (("2001:db8:99::1", "Destination unreachable: No route"),
                         ("2001:db8:2::77", "Destination unreachable: Address unreachable")):
        assert line in ping(lab.lan, target, wait=6).text


def test_routes_lead_to_link_local_next_hops(lab):
    lab.wan.ip("-6", "address", "add", "2001:db8:50::1/128", "dev", "lo")
    shown = lab.wan.ip("-6", "address", "show", "dev", "eth0", "scope", "link")
    next_hop = re.search(r"inet6 (\S+)/64", shown).group(1)
    lab.daemon.ctl(f"add route 2001:db8:50::/48 via {next_hop} interface wan")
    try:
        assert ping(lab.lan, "2001:db8:50::1", count=2).received == 2
        assert lab.daemon.ctl_json("show route match 2001:db8:50::1")["next_hop"] == next_hop
    finally:
        lab.daemon.ctl("delete route 2001:db8:50::/48")


def test_the_running_configuration_rebuilds_it(lab):
    running = lab.daemon.ctl("show running-config")
    assert f"add address lan {LAN_ROUTER6}/64" in running
    assert "fe80" not in running, "what follows by itself is not written"


def test_bad_packets_are_counted_and_answered(lab):
    router = lab.mac("lan")
    mac = lab.lan.mac("eth0")
    before = lab.daemon.error("ip6-input", "bad-extensions")
    base = Ether(src=mac, dst=router) / IPv6(src=LAN6, dst=WAN6)
    with lab.wire("lan") as wire:
        wire.send(base / IPv6ExtHdrDestOpt() / IPv6ExtHdrHopByHop() / ICMPv6EchoRequest())
        wait_until(lambda: lab.daemon.error("ip6-input", "bad-extensions") == before + 1, 5, "the drop is counted")
    # Neighbor discovery from beyond the link counts for nothing.
    before = lab.daemon.error("nd-input", "bad-hop-limit")
    with lab.wire("lan") as wire:
        wire.send(Ether(src=mac, dst=router) / IPv6(src=LAN6, dst=LAN_ROUTER6, hlim=64) / ICMPv6ND_NS(tgt=LAN_ROUTER6))
        wait_until(lambda: lab.daemon.error("nd-input", "bad-hop-limit") == before + 1, 5, "the drop is counted")


def test_an_address_that_another_has_is_not_used(lab):
    taken = "2001:db8:1::77"
    lab.lan.ip("-6", "address", "add", f"{taken}/64", "dev", "eth0", "nodad")
    try:
        lab.daemon.ctl(f"add address lan {taken}/64")
        wait_until(lambda: any(a["prefix"] == f"{taken}/64" and a["state"] == "duplicate"
                               for a in lab.daemon.ctl_json("show address")), 10,
                   lambda: f"it is found out: {lab.daemon.ctl('show address')}", every=0.1)
    finally:
        lab.daemon.ctl(f"delete address lan {taken}/64")
        lab.lan.ip("-6", "address", "delete", f"{taken}/64", "dev", "eth0")


def test_a_host_configures_itself(tmp_path):
    with Lab6(tmp_path, configure=False) as lab:
        lab.configure(hosts=False)
        enable_ip6(lab.lan, lab.wan)
        lab.wan.ip("link", "set", "eth0", "up")
        lab.wan.ip("-6", "address", "add", f"{WAN6}/64", "dev", "eth0", "nodad")
        lab.wan.ip("-6", "route", "add", "default", "via", WAN_ROUTER6)
        lab.daemon.ctl("add ip6-advertisement lan lifetime 1200 max-interval 30 dns 2001:db8:2::53")
        lab.lan.sysctl("net.ipv6.conf.eth0.accept_ra", 2)
        with lab.wire("lan") as wire:
            lab.lan.ip("link", "set", "eth0", "up")
            advertised = wire.wait(ICMPv6ND_RA, seconds=20)[0]
            own = wait_until(lambda: re.search(r"inet6 (2001:db8:1:\S+)/64 scope global",
                                               lab.lan.ip("-6", "address", "show", "dev", "eth0")), 20,
                             "the host made an address", every=0.2).group(1)
        assert advertised[ICMPv6ND_RA].routerlifetime == 1200
        assert advertised[ICMPv6NDOptPrefixInfo].prefix == "2001:db8:1::"
        assert advertised[ICMPv6NDOptRDNSS].dns == ["2001:db8:2::53"]
        wait_until(lambda: ping(lab.lan, WAN6).received == 1, 20, "the host is online", every=0.2)
        assert ping(lab.wan, own, count=2).received == 2
        route = lab.lan.ip("-6", "route", "show", "default")
        assert link_local_of_router(lab) in route
        shown = lab.daemon.ctl_json("show ip6-advertisement")[0]
        assert shown["prefixes"] == ["2001:db8:1::/64"] and int(shown["sent"]) >= 1
        # The router goes, and says so.
        lab.daemon.ctl("delete ip6-advertisement lan")
        wait_until(lambda: not lab.lan.ip("-6", "route", "show", "default").strip(), 10, "the default route is gone",
                   every=0.2)


def addresses_of_host(host):
    """Of an autoconfiguring host: {network: whether it begins connections with its address there}."""
    listed = json.loads(host.ip("-j", "-6", "address", "show", "dev", "eth0", "scope", "global"))
    # What does not match is listed too, with nothing in it.
    found = [address for interface in listed for address in interface.get("addr_info", []) if "local" in address]
    return {str(ipaddress.ip_interface(f"{a['local']}/64").network): not a.get("deprecated", False) for a in found}


@contextlib.contextmanager
def autoconfigured(directory):
    """A lab whose lan host has made itself an address of 2001:db8:1::/64, and a default route."""
    with Lab6(directory, configure=False) as lab:
        lab.configure(hosts=False)
        enable_ip6(lab.lan)
        lab.daemon.ctl("add ip6-advertisement lan max-interval 30 dns 2001:db8:2::53")
        lab.lan.sysctl("net.ipv6.conf.eth0.accept_ra", 2)
        lab.lan.ip("link", "set", "eth0", "up")
        wait_until(lambda: addresses_of_host(lab.lan) == {"2001:db8:1::/64": True} and has_default_route(lab.lan), 20,
                   lambda: f"the host configures itself: {lab.lan.ip('-6', 'address')}", every=0.2)
        yield lab


def has_default_route(host):
    return bool(host.ip("-6", "route", "show", "default").strip())


def test_hosts_let_go_of_a_prefix_that_goes(tmp_path):
    with autoconfigured(tmp_path) as lab, lab.wire("lan") as wire:
        lab.daemon.ctl("add address lan 2001:db8:7::1/64", f"delete address lan {LAN_ROUTER6}/64")
        wait_until(lambda: addresses_of_host(lab.lan) == {"2001:db8:1::/64": False, "2001:db8:7::/64": True}, 20,
                   lambda: f"the host prefers the new one: {lab.lan.ip('-6', 'address')}", every=0.2)
        # Once it knows that nobody else has the address.
        wait_until(lambda: "src 2001:db8:7:" in lab.lan.ip("-6", "route", "get", "2001:db8:2::2"), 10,
                   lambda: f"it is used: {lab.lan.ip('-6', 'address')}", every=0.2)
        shown = lab.daemon.ctl_json("show ip6-advertisement")[0]
        assert (shown["prefixes"], shown["withdrawn"]) == (["2001:db8:7::/64"], ["2001:db8:1::/64"])
        told = wire.wait(ICMPv6NDOptPrefixInfo, lambda p: p[ICMPv6NDOptPrefixInfo].prefix == "2001:db8:7::")[0]
        gone = told[ICMPv6NDOptPrefixInfo].payload.getlayer(ICMPv6NDOptPrefixInfo)
        assert (gone.prefix, gone.validlifetime, gone.preferredlifetime) == ("2001:db8:1::", 0, 0)
        # The last address goes, and the router with it.
        lab.daemon.ctl("delete address lan 2001:db8:7::1/64")
        wait_until(lambda: addresses_of_host(lab.lan) == {"2001:db8:1::/64": False, "2001:db8:7::/64": False}, 10,
                   "no address is preferred", every=0.2)
        assert not has_default_route(lab.lan)


@pytest.mark.parametrize("ending", ["set interface lan state down", "delete interface lan",
                                    "delete ip6-advertisement lan", None])
def test_the_last_words_of_a_router_take_it_back(tmp_path, ending):
    with autoconfigured(tmp_path) as lab, lab.wire("lan") as wire:
        if ending:
            lab.daemon.ctl(ending)
        else:
            lab.daemon.stop()
        wait_until(lambda: not has_default_route(lab.lan), 10, "the default route is gone", every=0.2)
        last = wire.wait(ICMPv6ND_RA, lambda p: p[ICMPv6ND_RA].routerlifetime == 0, what="a last advertisement")[0]
        assert last[ICMPv6NDOptRDNSS].lifetime == 0
        assert last[ICMPv6NDOptPrefixInfo].preferredlifetime == 0
        is_over = ending == "delete ip6-advertisement lan"
        assert last[ICMPv6NDOptPrefixInfo].validlifetime == (7200 if is_over else 2592000)
        assert addresses_of_host(lab.lan) == {"2001:db8:1::/64": False}


def test_router_hears_no_group_that_it_does_not_listen_to(lab):
    before = lab.daemon.error("ip6-input", "not-joined")
    assert ping(lab.lan, "ff02::2%eth0").received == 1
    groups = [g["group"] for g in lab.daemon.ctl_json("show ip6-group interface lan")]
    assert {"ff02::1", "ff02::2", "ff02::1:ff00:1"} <= set(groups)
    router = lab.mac("lan")
    mac = lab.lan.mac("eth0")
    with lab.wire("lan") as wire:
        for group in ("ff02::fb", "ff05::1:3", "ff0e::1234"):
            base = Ether(src=mac, dst="33:33:" + socket.inet_pton(socket.AF_INET6, group)[12:].hex(":"))
            wire.send(base / IPv6(src=LAN6, dst=group, hlim=255) / ICMPv6EchoRequest(id=77))
            # An unknown option that asks for an answer, in both headers of options.
            for header in (IPv6ExtHdrHopByHop, IPv6ExtHdrDestOpt):
                wire.send(base / IPv6(src=LAN6, dst=group) / header(options=[HBHOptUnknown(otype=0x9e, optdata=b"1234")]) /
                          ICMPv6EchoRequest(id=77))
        # The host's own reports of its groups may be among them.
        wait_until(lambda: lab.daemon.error("ip6-input", "not-joined") >= before + 9, 10, lambda: str(lab.daemon.errors()))
        # What it does answer comes behind, and nothing before.
        wire.send(Ether(src=mac, dst=router) / IPv6(src=LAN6, dst=LAN_ROUTER6) / ICMPv6EchoRequest(id=78))
        wire.wait(ICMPv6EchoReply, lambda p: p[ICMPv6EchoReply].id == 78)
        assert not wire.seen(ICMPv6EchoReply, lambda p: p[ICMPv6EchoReply].id == 77)
        assert not wire.seen(ICMPv6ParamProblem)
