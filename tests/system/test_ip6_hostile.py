# SPDX-License-Identifier: Apache-2.0
"""A hostile station on an IPv6 link, with the tools of thc-ipv6 and SI6's ipv6toolkit: the router lives on, its memory
stays bounded, and another host on the same link is never starved."""

import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess

import pytest

from lib.clients import ping
from lib.daemon import Daemon
from lib.netns import Namespace, join
from lib.wait import let_pass, wait_until

ROUTER, GOOD, LATE, EVIL = "2001:db8:1::1", "2001:db8:1::2", "2001:db8:1::3", "2001:db8:1::666"
NETWORK, FAR_NETWORK, FAR, FAR_ROUTER = "2001:db8:1::", "2001:db8:2::", "2001:db8:2::2", "2001:db8:2::1"
PINGS = 25
# Of the daemon while it is attacked. What it keeps of strangers is bounded; the bounds are not reached at first.
MOST_GROWTH_KB = 64 * 1024


# what, the command that does it on eth0 until it is ended
ATTACKS = [
    ("solicitations from all over the network",
     f"ns6 -i eth0 -s {NETWORK}/64 -d {ROUTER} -t {ROUTER} -e -F 5000 -l -z 1"),
    ("solicitations for anybody", f"atk6-flood_solicitate6 eth0 {ROUTER} {ROUTER}"),
    ("advertisements that nobody asked for", "atk6-flood_advertise6 eth0"),
    ("advertisements from all over the network",
     f"na6 -i eth0 -s {NETWORK}/64 -d {ROUTER} -t {NETWORK}/64 -c -o -e -F 100 -T 50 -l -z 1"),
    ("router solicitations", "atk6-flood_rs6 -sS eth0"),
    ("router advertisements", "atk6-flood_router26 eth0"),
    ("router advertisements of many", "ra6 -i eth0 -s fe80::/64 -d ff02::1 -e -F 1000 -f 10 -l -z 1"),
    ("redirects", "atk6-flood_redir6 eth0"),
    ("redirects of many", f"rd6 -i eth0 -s fe80::/64 -d {ROUTER} -r {FAR}/128 -t fe80::/64 -F 5000 -n -l -z 1"),
    ("a scan of the network behind", f"atk6-ndpexhaust26 -p -r eth0 {FAR_NETWORK}"),
    ("listener reports", "atk6-flood_mld26 eth0"),
    ("unreachable messages", f"atk6-flood_unreach6 -r eth0 {ROUTER}"),
    ("every ICMPv6 type and code", f"atk6-randicmp6 -p eth0 {ROUTER}"),
    ("errors that quote nothing", f"icmp6 -i eth0 -s {EVIL} -d {ROUTER} -t 1 -c 4 -l -z 1"),
    ("fragments", f"frag6 -i eth0 -d {ROUTER} -s {NETWORK}/64 --flood-frags 5000 -l -z 1"),
    ("fragmentation checks", f"atk6-fragmentation6 -f eth0 {ROUTER} 10"),
    ("fragments in transit", f"atk6-fragmentation6 -f eth0 {FAR} 10"),
    ("implementation checks", f"atk6-implementation6 -p -s {EVIL} eth0 {ROUTER}"),
    ("known exploits", f"atk6-exploit6 eth0 {ROUTER}"),
    ("fuzzed headers", f"atk6-fuzz_ip6 -IFSDHRJ -1 eth0 {ROUTER}"),
    ("TCP to no port", f"tcp6 -i eth0 -s {NETWORK}/64 -d {ROUTER} -a 22 -X S -F 500 -T 10 -l -z 1"),
    ("UDP to no port", f"udp6 -i eth0 -s {NETWORK}/64 -d {ROUTER} -a 53 -F 500 -T 10 -l -z 1"),
    ("extension headers of all kinds",
     f"udp6 -i eth0 -s {NETWORK}/64 -d {FAR} -a 53 -H 64 -u 64 -U 128 -y 64 -P 400 -F 500 -T 10 -l -z 1"),
    ("packets too big, as it seems", f"atk6-toobig6 -u eth0 {ROUTER} {EVIL} 68"),
    ("jumbograms", f"jumbo6 -i eth0 -s {EVIL} -d {ROUTER} -l -z 1"),
    ("echo to all in the name of another", f"atk6-smurf6 eth0 {GOOD}"),
]


class Link:
    """A good host and an evil one on lan, behind a switch that lets them speak with the router only; another on wan."""

    def __init__(self, stack, directory):
        enter = stack.enter_context
        self.good, self.evil, self.far, box, switch = (enter(Namespace(n)) for n in ("good", "evil", "far", "box", "sw"))
        for host in (self.good, self.evil, self.far):
            for name in ("all", "default", "lo"):
                host.sysctl(f"net.ipv6.conf.{name}.disable_ipv6", 0)
            for word in ("accept_ra", "accept_redirects"):
                host.sysctl(f"net.ipv6.conf.default.{word}", 0)
        switch.ip("link", "add", "br0", "type", "bridge", "mcast_snooping", 0)
        switch.ip("link", "set", "br0", "up")
        for namespace, name, port in ((box, "lan0", "router"), (self.good, "eth0", "good"), (self.evil, "eth0", "evil")):
            join(namespace, name, switch, port)
            switch.ip("link", "set", port, "master", "br0")
            if port != "router":
                switch.run("bridge", "link", "set", "dev", port, "isolated", "on")
        join(self.far, "eth0", box, "wan0")
        # What a station has of a link: without this the tools take the processor that the router needs.
        self.evil.run("tc", "qdisc", "add", "dev", "eth0", "root", "tbf", *"rate 10mbit burst 32k latency 50ms".split())
        self.daemon = enter(Daemon(box, directory))
        for side, router, number in (("lan", ROUTER, 0), ("wan", FAR_ROUTER, 1)):
            self.daemon.ctl(f'add port {side} device "net_af_packet{number},iface={side}0,framecnt=8192"',
                            f"add address {side} {router}/64", f"set interface {side} state up")
        for host, address, router in ((self.good, GOOD, ROUTER), (self.evil, EVIL, ROUTER), (self.far, FAR, FAR_ROUTER)):
            host.ip("-6", "address", "add", f"{address}/64", "dev", "eth0", "nodad")
            host.ip("-6", "route", "add", "default", "via", router)
        wait_until(lambda: all(a["state"] == "used" for a in self.daemon.ctl_json("show address")), 20,
                   lambda: f"addresses are used: {self.daemon.ctl('show address')}", every=0.1)
        wait_until(lambda: ping(self.good, FAR, wait=1).received, 10, "the good host is online", every=0.1)
        wait_until(lambda: ping(self.evil, FAR, wait=1).received, 10, "the evil host is online", every=0.1)

    def resident_kb(self):
        status = pathlib.Path(f"/proc/{self.daemon.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])

    @contextlib.contextmanager
    def attack(self, command):
        """While it goes on; a tool that is done early begins anew."""
        tool = self.evil.start("sh", "-c", f"while :; do {command}; done", stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, start_new_session=True)
        try:
            yield
        finally:
            os.killpg(tool.pid, signal.SIGKILL)
            tool.wait()

    def strangers(self):
        """Neighbours that are nobody's address."""
        own = {LATE}
        for host in (self.good, self.evil, self.far):
            own |= {a["local"] for i in json.loads(host.ip("-6", "-j", "address")) for a in i["addr_info"]}
        return [n["address"] for n in self.daemon.ctl_json("show neighbor") if n["address"] not in own]

    def received_from_evil(self):
        return int(self.daemon.interface("lan")["rx_packets"])


@pytest.fixture(scope="module")
def link(tmp_path_factory):
    with contextlib.ExitStack() as stack:
        yield Link(stack, tmp_path_factory.mktemp("link"))


@pytest.mark.parametrize("command", [command for _, command in ATTACKS], ids=[name for name, _ in ATTACKS])
def test_another_host_is_not_starved(link, command):
    before, packets = link.resident_kb(), link.received_from_evil()
    with link.attack(command):
        wait_until(lambda: link.received_from_evil() > packets, 10, "the attack goes on")
        answers = ping(link.good, FAR, count=PINGS, wait=2)
    assert answers.received >= PINGS - 1, answers.text
    assert link.daemon.alive(), link.daemon.log()
    assert link.daemon.neighbor(GOOD), "it is still known"
    assert link.resident_kb() - before < MOST_GROWTH_KB


@pytest.mark.parametrize("number", [0, 1, 9], ids=lambda number: ATTACKS[number][0])
def test_a_host_that_comes_during_an_attack_gets_online(link, number):
    link.good.ip("-6", "address", "add", f"{LATE}/64", "dev", "eth0", "nodad")
    try:
        with link.attack(ATTACKS[number][1]):
            let_pass(1)
            wait_until(lambda: ping(link.good, FAR, "-I", LATE, wait=1).received, 5, "the new host is online")
            assert ping(link.good, FAR, "-I", LATE, count=10, wait=2).received >= 9
    finally:
        link.good.ip("-6", "address", "delete", f"{LATE}/64", "dev", "eth0")


def test_what_was_learned_of_strangers_goes_again(link):
    wait_until(lambda: not link.strangers(), 30, lambda: f"who does not answer is forgotten: {link.strangers()[:9]}",
               every=0.5)
