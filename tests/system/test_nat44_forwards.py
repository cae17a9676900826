# SPDX-License-Identifier: Apache-2.0
"""Hosts inside that are reached: by an address of their own, by ports, from outside and from inside; customers with the same addresses."""

import collections
import contextlib
import socket

import pytest
from scapy.layers.inet import ICMP, IP

from lib.clients import ping
from lib.daemon import Daemon
from lib.lab import LAN, WAN, WAN_ROUTER, set_up_host
from lib.nat import DEN, POOL, TELLER, NatLab, Teller, WebServer, ask, ask_tcp, tell, udp_socket
from lib.netns import Namespace, join
from lib.wait import PATIENCE, wait_until

OWN, PUBLIC = "10.0.2.50", "10.0.2.60"
CLIENTS = [f"10.0.2.{number}" for number in range(20, 40)]
NEIGHBOR = "10.0.1.3"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with NatLab(tmp_path_factory.mktemp("nat44")) as lab, lab.pool("mapping endpoint-independent filtering endpoint-independent"):
        for address in CLIENTS:
            lab.wan.ip("address", "add", f"{address}/24", "dev", "eth0")
        lab.lan.ip("address", "add", f"{NEIGHBOR}/24", "dev", "eth0")
        yield lab


# ---- one to one ----

def test_static_from_both_sides(lab):
    """All protocols, ports as they are; nobody else has the address."""
    with lab.rules(f"add nat44 static {OWN} to {LAN}"), Teller(lab.wan), Teller(lab.lan):
        assert ping(lab.wan, OWN, count=2).received == 2
        assert ping(lab.lan, WAN, count=2).received == 2
        with udp_socket(lab.lan, LAN) as asking:
            assert tell(asking, WAN) == (OWN, asking.getsockname()[1])
        with udp_socket(lab.wan, CLIENTS[0]) as asking:
            assert tell(asking, OWN) == asking.getsockname()
        assert ask_tcp(lab.lan, WAN, source=LAN)[0] == OWN
        assert ask_tcp(lab.wan, OWN, source=CLIENTS[0])[0] == CLIENTS[0]
        assert ask(lab.den, WAN)[0] == POOL
        assert ping(lab.wan, OWN, "-s", 4000, "-M", "dont", count=2).received == 2
    assert ping(lab.wan, OWN, wait=0.3).received == 0


def test_static_carries_other_protocols(lab):
    """Whatever has no ports, by address."""
    with lab.rules(f"add nat44 static {OWN} to {LAN}"), lab.wan.open_socket(socket.AF_INET, socket.SOCK_RAW, 253) as outside, \
            lab.lan.open_socket(socket.AF_INET, socket.SOCK_RAW, 253) as inside:
        for each in (inside, outside):
            each.settimeout(5 * PATIENCE)
        outside.sendto(b"experiment", (OWN, 0))
        packet, peer = inside.recvfrom(1000)
        assert (packet[20:], peer[0], IP(packet).dst) == (b"experiment", WAN, LAN)
        inside.sendto(b"result", (WAN, 0))
        packet, peer = outside.recvfrom(1000)
        assert (packet[20:], peer[0]) == (b"result", OWN)


# ---- forwarded ports ----

@pytest.mark.parametrize("address", [PUBLIC, POOL, WAN_ROUTER], ids=["own", "pool", "interface"])
def test_forward(lab, address):
    """A port of an address of its own, of a pool's, of the interface's; the server sees who asks, its answers come from there."""
    with lab.rules(f"add nat44 forward tcp {address} 8080 to {LAN} 80", f"add nat44 forward udp {address} 53 to {DEN} {TELLER}"), \
            WebServer(lab.lan, b"inside") as server, Teller(lab.den):
        assert lab.wan.run("curl", "-sS", "--max-time", 10, f"http://{address}:8080/").stdout == "inside"
        assert server.peers[-1][0] == WAN
        with udp_socket(lab.wan, CLIENTS[0]) as asking:
            assert tell(asking, address, 53) == asking.getsockname()
        if address == WAN_ROUTER:
            assert ping(lab.wan, address).received == 1


def clients_per_target(lab, address, count):
    found = collections.Counter()
    with Teller(lab.lan) as lan, Teller(lab.den) as den:
        for number in range(count):
            ask(lab.wan, address, 7000, CLIENTS[number % len(CLIENTS)])
        for name, teller in (("lan", lan), ("den", den)):
            for address, _ in teller.seen:
                found[name, address] += 1
    return found


def test_weighted_targets(lab):
    with lab.rules(f"add nat44 forward udp {PUBLIC} 7000 to {LAN} {TELLER} weight 3",
                   f"add nat44 forward udp {PUBLIC} 7000 to {DEN} {TELLER} weight 1"):
        found = clients_per_target(lab, PUBLIC, 200)
        share = sum(count for (name, _), count in found.items() if name == "lan")
        # 150 are due; six standard deviations.
        assert 113 < share < 187, found


def test_affinity(lab):
    """A client has one target, and not all have the same one."""
    with lab.rules(f"add nat44 forward udp {PUBLIC} 7000 to {LAN} {TELLER} affinity on",
                   f"add nat44 forward udp {PUBLIC} 7000 to {DEN} {TELLER} affinity on"):
        found = clients_per_target(lab, PUBLIC, 100)
        assert len(found) == len(CLIENTS), found
        assert {name for name, _ in found} == {"lan", "den"}


def test_a_target_goes(lab):
    """Its sessions end; those of others do not."""
    lines = [f"add nat44 forward udp {PUBLIC} 7000 to {host} {TELLER}" for host in (LAN, DEN)]
    with lab.rules(*lines), Teller(lab.lan) as lan, Teller(lab.den) as den, contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(udp_socket(lab.wan)) for _ in range(20)]
        for each in sockets:
            tell(each, PUBLIC, 7000)
        assert lan.seen and den.seen
        kept = len(lan.seen)
        lab.daemon.ctl(f"delete nat44 forward udp {PUBLIC} 7000 to {DEN} {TELLER}")
        lab.wait_count(kept)
        before = len(den.seen)
        for each in sockets:
            tell(each, PUBLIC, 7000)
        assert (len(lan.seen), len(den.seen)) == (kept + 20, before)
        lab.daemon.ctl(lines[1])


def test_twice_nat(lab):
    """The server sees the outside address; its answers find the way back, of many at once."""
    with lab.rules(f"add nat44 forward udp {PUBLIC} 7000 to {LAN} {TELLER} twice-nat on",
                   f"add nat44 forward tcp {PUBLIC} 7000 to {LAN} {TELLER} twice-nat on"), Teller(lab.lan), \
            contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(udp_socket(lab.wan)) for _ in range(20)]
        seen = [tell(each, PUBLIC, 7000) for each in sockets]
        assert {address for address, _ in seen} == {PUBLIC}
        assert len(set(seen)) == 20
        assert [tell(each, PUBLIC, 7000, b"x" * 4000) for each in sockets] == seen
        assert ask_tcp(lab.wan, PUBLIC, 7000)[0] == PUBLIC


def test_a_closed_target_is_told(lab):
    with lab.rules(f"add nat44 forward udp {PUBLIC} 7000 to {LAN} 9", f"add nat44 forward tcp {PUBLIC} 7000 to {LAN} 9"), \
            udp_socket(lab.wan) as asking:
        asking.connect((PUBLIC, 7000))
        asking.send(b"?")
        with pytest.raises(ConnectionRefusedError):
            asking.recv(100)
        with pytest.raises(ConnectionRefusedError):
            ask_tcp(lab.wan, PUBLIC, 7000)


# ---- hairpinning ----

def test_hairpin_by_forward(lab):
    """From another inside network, from the same one, and from the server itself: it sees the pool (RFC 4787 REQ-9)."""
    with lab.rules(f"add nat44 forward tcp {PUBLIC} 80 to {LAN} {TELLER}", f"add nat44 forward udp {PUBLIC} 80 to {LAN} {TELLER}"), \
            Teller(lab.lan):
        for host, source in ((lab.den, DEN), (lab.lan, NEIGHBOR), (lab.lan, LAN)):
            assert ask_tcp(host, PUBLIC, 80, source)[0] == POOL, source
            assert ask(host, PUBLIC, 80, source)[0] == POOL, source
            assert ask(host, PUBLIC, 80, source, data=bytes(4000))[0] == POOL, source


def test_hairpin_by_open_ports(lab):
    """Two hosts inside that know each other's outside ports, as games and calls do."""
    with Teller(lab.wan), udp_socket(lab.lan) as mine, udp_socket(lab.den) as theirs:
        my_end, their_end = tell(mine, WAN), tell(theirs, WAN)
        for number in range(3):
            mine.sendto(b"hello %d" % number, their_end)
            assert theirs.recvfrom(100) == (b"hello %d" % number, my_end)
            theirs.sendto(b"hi %d" % number, my_end)
            assert mine.recvfrom(100) == (b"hi %d" % number, their_end)
        # One session for both.
        assert lab.count(f"remote {DEN}/32") == 1


def test_hairpin_to_static(lab):
    with lab.rules(f"add nat44 static {OWN} to {LAN}"), Teller(lab.lan):
        assert ask(lab.den, OWN)[0] == POOL
        assert ask_tcp(lab.den, OWN)[0] == POOL
        assert ping(lab.den, OWN, count=2).received == 2
        # By its own outside address.
        assert ask(lab.lan, OWN, source=NEIGHBOR)[0] == POOL


def test_hairpinned_errors(lab):
    """A closed port of one inside host is told to the other, who knows the outside address alone."""
    with lab.rules(f"add nat44 forward udp {PUBLIC} 80 to {LAN} 9"), udp_socket(lab.den) as asking, lab.wire("den") as wire:
        asking.connect((PUBLIC, 80))
        asking.send(b"?")
        with pytest.raises(ConnectionRefusedError):
            asking.recv(100)
        assert {frame[IP].src for frame in wire.seen(ICMP)} == {PUBLIC}


# ---- VRFs ----

@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    """Customers red and blue, both 10.0.1.2 in a VRF of their own, and one outside."""
    with contextlib.ExitStack() as stack:
        box = stack.enter_context(Namespace("box"))
        hosts = {name: stack.enter_context(Namespace(name)) for name in ("red", "blue", "wan")}
        daemon = stack.enter_context(Daemon(box, tmp_path_factory.mktemp("provider")))
        for name, host in hosts.items():
            customer = name != "wan"
            daemon.ctl(*([f"add vrf {name}"] if customer else []), f"add tap {name} host-interface {name}0",
                       *([f"set interface {name} vrf {name}"] if customer else []))
            box.ip("link", "set", f"{name}0", "netns", host.name, "name", "eth0")
            daemon.ctl(f"add address {name} {'10.0.1.1' if customer else WAN_ROUTER}/24", f"set interface {name} state up",
                       f"set interface {name} nat44 {'inside' if customer else 'outside'}")
            set_up_host(host, *((LAN, "10.0.1.1") if customer else (WAN, WAN_ROUTER)))
        hosts["wan"].ip("route", "del", "default")
        for name in ("red", "blue"):
            daemon.ctl(f"add route 0.0.0.0/0 via {WAN} interface wan vrf {name}",
                       f"add nat44 pool {name} inside-vrf {name} mapping endpoint-independent")
        daemon.ctl(f"add nat44 address red {POOL}", "add nat44 address blue 10.0.2.101",
                   f"add nat44 forward tcp {POOL} 80 to {LAN} {TELLER} inside-vrf red",
                   f"add nat44 forward tcp 10.0.2.101 80 to {LAN} {TELLER} inside-vrf blue")
        wait_until(lambda: all(i["link"] == "up" for i in daemon.ctl_json("show interface")), 10, "links are up")
        provider = hosts | {"daemon": daemon}
        yield provider


def test_customers_with_the_same_addresses(provider):
    with Teller(provider["wan"]), udp_socket(provider["red"], LAN, 4444) as red, udp_socket(provider["blue"], LAN, 4444) as blue:
        for _ in range(2):
            assert tell(red, WAN)[0] == POOL
            assert tell(blue, WAN)[0] == "10.0.2.101"
            assert tell(red, WAN, data=bytes(4000))[0] == POOL
        assert ask_tcp(provider["red"], WAN)[0] == POOL
        assert ask_tcp(provider["blue"], WAN)[0] == "10.0.2.101"
        assert ping(provider["red"], WAN, count=2).received == 2
        sessions = provider["daemon"].ctl_json("show nat44 sessions inside-vrf blue protocol udp")
        assert [(s["inside"], s["inside_vrf"]) for s in sessions] == [(f"{LAN}:4444", "blue")]


def test_forwards_into_vrfs(provider):
    for name, address in (("red", POOL), ("blue", "10.0.2.101")):
        with Teller(provider[name]) as teller:
            assert ask_tcp(provider["wan"], address, 80)[0] == WAN
            assert len(teller.seen) == 1


def test_a_vrf_in_use_is_not_deleted(provider):
    assert "'red'" in provider["daemon"].refused("delete vrf red")
