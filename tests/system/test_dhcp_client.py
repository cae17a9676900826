# SPDX-License-Identifier: Apache-2.0
"""The router gets its address on wan from a server there: dnsmasq, or one that can do what no server should."""

import contextlib
import sys

import pytest
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from lib.clients import ping, wait_for_port
from lib.lab import LAN_ROUTER, WAN, WAN_ROUTER, Lab
from lib.wait import wait_until

# Reached by the default route alone.
BEYOND = "203.0.113.9"
# Arguments: what it does with a request, "ack" or "nak"; the address; seconds of the lease.
SERVER = """
import socket, struct, sys
verdict, address, lease = sys.argv[1], socket.inet_aton(sys.argv[2]), int(sys.argv[3])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
s.bind(("", 67))
def answer(asked, kind):
    head = struct.pack(">BBBB", 2, 1, 6, 0) + asked[4:8] + bytes(8) + address + bytes(8) + asked[28:44] + bytes(192)
    options = [(53, bytes([kind])), (54, socket.inet_aton("10.0.2.2"))]
    if kind != 6:
        times = [(51, lease), (58, lease // 3), (59, lease * 2 // 3)]
        options += [(1, bytes([255, 255, 255, 0])), (3, socket.inet_aton("10.0.2.2"))]
        options += [(code, struct.pack(">I", seconds)) for code, seconds in times]
    text = b"".join(bytes([code, len(value)]) + value for code, value in options)
    s.sendto(head + bytes.fromhex("63825363") + text + b"\\xff", ("255.255.255.255", 68))
while True:
    asked = s.recv(2000)
    kind = asked[asked.index(b"\\x35\\x01", 240) + 2]
    print(kind, flush=True)
    if kind == 1:
        answer(asked, 2)
    elif kind == 3:
        answer(asked, 5 if verdict == "ack" else 6)
"""


class Site:
    def __init__(self, directory, stack, kind="af_packet"):
        self.directory = directory
        self.lab = stack.enter_context(Lab(directory, kind))
        self.daemon.ctl(f"delete address wan {WAN_ROUTER}/24")
        self.lab.wan.ip("address", "add", f"{BEYOND}/32", "dev", "lo")

    @property
    def daemon(self):
        return self.lab.daemon

    def dnsmasq(self, first, *options, last=None, name="dnsmasq", gateway=True):
        log = open(self.directory / f"{name}.log", "a")
        server = self.lab.wan.start(
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--user=root", "--no-ping",
            "--interface=eth0", "--bind-interfaces", f"--dhcp-range={first},{last or first},255.255.255.0,2m",
            *[f"--dhcp-option=3,{WAN}"] * gateway, f"--dhcp-leasefile={self.directory}/{name}.leases", "--pid-file=",
            "--log-facility=-", "--log-dhcp", *options, stdout=log, stderr=log)
        wait_for_port(self.lab.wan, 67, "udp")
        return server

    def log(self, name="dnsmasq"):
        return (self.directory / f"{name}.log").read_text()

    def server(self, verdict="ack", address=WAN_ROUTER, lease=6):
        made = self.lab.wan.start(sys.executable, "-c", SERVER, verdict, address, lease, stdout=-1)
        wait_for_port(self.lab.wan, 67, "udp")
        return made

    def client(self):
        return self.daemon.ctl_json("show dhcp client")[0]

    def wait_bound(self, address=WAN_ROUTER, seconds=20):
        wait_until(lambda: self.client().get("address") == f"{address}/24", seconds,
                   lambda: f"a lease: {self.client()}{self.daemon.errors()}", 0.05)

    def default_routes(self):
        return [r for r in self.daemon.ctl_json("show route") if r["prefix"] == "0.0.0.0/0"]


def end(process):
    process.terminate()
    process.communicate(timeout=30)


@pytest.fixture
def site(tmp_path):
    with contextlib.ExitStack() as stack:
        yield Site(tmp_path, stack)


@pytest.mark.parametrize("kind", ["af_packet", "tap"])
def test_a_lease_of_a_real_server(tmp_path, kind):
    with contextlib.ExitStack() as stack:
        site = Site(tmp_path, stack, kind)
        site.dnsmasq(WAN_ROUTER, "--dhcp-option=6,9.9.9.9", "--dhcp-option-force=26,1400", "--domain=example.org",
                     "--dhcp-option-force=option:T1,5", "--dhcp-option=121,198.51.100.0/24,10.0.2.2,0.0.0.0/0,10.0.2.2")
        before = site.daemon.ctl("show running-config")
        site.daemon.ctl("set interface wan dhcp-client hostname edge")
        site.wait_bound()
        lease = site.client()
        assert (lease["state"], lease["server"], lease["name_servers"], lease["mtu"]) == ("bound", WAN, ["9.9.9.9"], 1400)
        assert lease["routes"] == [f"198.51.100.0/24 via {WAN}", f"0.0.0.0/0 via {WAN}"] and not lease["problem"]
        assert lease["domain"] == "example.org"
        assert [r["source"] for r in site.default_routes()] == ["dhcp"]
        assert ping(site.lab.lan, BEYOND, count=3).received == 3
        assert f" {WAN_ROUTER} edge " in (tmp_path / "dnsmasq.leases").read_text()
        # The statement is the configuration, not what came of it.
        after = site.daemon.ctl("show running-config")
        assert sorted(set(after.splitlines()) - set(before.splitlines())) == [
            "set interface wan dhcp-client hostname edge"]
        # It is renewed by its server, which is asked by unicast, and nobody notices.
        renewed = wait_until(lambda: site.log().count("DHCPACK") >= 2, 30, site.log, 0.1)
        assert renewed and ping(site.lab.lan, BEYOND, count=3).received == 3
        wait_until(lambda: site.client()["state"] == "bound", 10, lambda: str(site.client()))
        assert site.log().count("DHCPDISCOVER") == 1
        site.daemon.ctl("reset interface wan dhcp-client")
        assert site.daemon.ctl("show running-config") == before
        assert site.default_routes() == [] and ping(site.lab.lan, BEYOND, wait=1).received == 0


def test_an_address_that_is_taken_away_is_asked_for_again(site):
    """The default VRF has it already when the interface comes back there."""
    site.server(lease=60)
    site.daemon.ctl("add vrf red", "set interface wan vrf red", "set interface wan dhcp-client")
    site.wait_bound()
    site.daemon.ctl("add loopback lo", f"add address lo {WAN_ROUTER}/32", "reset interface wan vrf")
    assert site.client()["state"] != "bound"
    wait_until(lambda: "has the address" in site.client()["problem"], 10, lambda: str(site.client()))
    # Once nobody has it.
    site.daemon.ctl(f"delete address lo {WAN_ROUTER}/32", "reset interface wan dhcp-client",
                    "set interface wan dhcp-client")
    site.wait_bound()
    assert site.daemon.refused(f"add address lo {WAN_ROUTER}/32")


@pytest.mark.parametrize("routes", ["121", "3"], ids=["connected gateway", "gateway alone"])
def test_a_lease_of_one_address(site, routes):
    """As many hosters give it: the address alone, and a gateway outside of its network (RFC 3442)."""
    site.lab.wan.ip("address", "add", "10.128.0.1/24", "dev", "eth0")
    site.lab.wan.ip("route", "replace", "default", "via", "10.128.0.2")
    site.dnsmasq("10.128.0.2", "--dhcp-option=1,255.255.255.255",
                 "--dhcp-option=121,10.128.0.1/32,0.0.0.0,0.0.0.0/0,10.128.0.1" if routes == "121" else
                 "--dhcp-option=3,10.128.0.1", gateway=False)
    site.daemon.ctl("set interface wan dhcp-client")
    wait_until(lambda: site.client().get("address") == "10.128.0.2/32", 20,
               lambda: f"a lease: {site.client()}{site.log()}", 0.05)
    assert not site.client()["problem"]
    assert ping(site.lab.lan, BEYOND, count=3).received == 3
    gateway = site.daemon.neighbor("10.128.0.1")
    assert gateway["mac"] == site.lab.wan.mac() and gateway["interface"] == "wan"
    assert ping(site.lab.lan, "10.128.0.1", count=2).received == 2
    # The operator may say where it is, and it is asked by nobody then.
    site.daemon.ctl(f"add neighbor wan 10.128.0.1 {site.lab.wan.mac()}")
    assert ping(site.lab.lan, BEYOND, count=2).received == 2
    site.daemon.ctl("reset interface wan dhcp-client")
    assert site.daemon.neighbor("10.128.0.1") is None


def test_without_its_server_the_lease_ends(site):
    server = site.server(lease=6)
    site.daemon.ctl("set interface wan dhcp-client")
    site.wait_bound()
    assert ping(site.lab.lan, BEYOND, count=2).received == 2
    end(server)
    wait_until(lambda: site.client()["state"] in ("renewing", "rebinding"), 10, lambda: str(site.client()), 0.05)
    assert site.client()["address"] == f"{WAN_ROUTER}/24"
    wait_until(lambda: "address" not in site.client(), 20, lambda: str(site.client()), 0.05)
    assert "did not answer before the lease of 10.0.2.1/24 ended" in site.client()["problem"]
    assert site.default_routes() == [] and not site.daemon.interface("wan").get("addresses")
    # There again, it is found again.
    site.server(lease=6)
    site.wait_bound(seconds=40)
    wait_until(lambda: ping(site.lab.lan, BEYOND, wait=1).received, 10, "the way out is there again")


def test_another_server_refuses_it(site):
    first = site.dnsmasq(WAN_ROUTER)
    site.daemon.ctl("set interface wan dhcp-client")
    site.wait_bound()
    end(first)
    site.dnsmasq("10.0.2.100", "--dhcp-authoritative", name="other")
    # It asks for what it had, as if it had been carried to another network.
    site.daemon.ctl("set interface wan state down", "set interface wan state up")
    site.wait_bound("10.0.2.100", seconds=40)
    assert "DHCPNAK" in site.log("other")
    assert site.daemon.interface("wan")["addresses"] == ["10.0.2.100/24"]


def test_a_server_that_always_refuses(site):
    server = site.server("nak")
    site.daemon.ctl("set interface wan dhcp-client")
    wait_until(lambda: "refuses the address" in site.client()["problem"], 20, lambda: str(site.client()), 0.05)
    assert "address" not in site.client()
    end(server)


def test_an_address_that_somebody_has_is_declined(site):
    site.lab.wan.ip("address", "add", f"{WAN_ROUTER}/32", "dev", "eth0")
    server = site.server()
    site.daemon.ctl("set interface wan dhcp-client")
    wait_until(lambda: "has the address" in site.client()["problem"], 20, lambda: str(site.client()), 0.05)
    assert site.lab.wan.mac() in site.client()["problem"]
    assert "address" not in site.client()
    server.terminate()
    # Discover, request, decline.
    assert server.communicate(timeout=30)[0].split()[:3] == ["1", "3", "4"]


def test_what_no_server_sends_is_dropped_by_name(site):
    site.daemon.ctl("set interface wan dhcp-client")
    mac = site.lab.mac("wan")
    link = Ether(src=site.lab.wan.mac(), dst=mac) / IP(src=WAN, dst=WAN_ROUTER) / UDP(sport=67, dport=68)
    reply = BOOTP(op=2, chaddr=bytes.fromhex(mac.replace(":", "")), yiaddr=WAN_ROUTER)
    frames = {
        "truncated": link / (b"x" * 100),
        "not-a-reply": link / BOOTP(op=1) / DHCP(options=[("message-type", "offer"), "end"]),
        "bad-options": link / reply / b"\x63\x82\x53\x63\x0c\xff",
    }
    with site.lab.wire("wan") as wire:
        for reason, frame in frames.items():
            wire.send(*[bytes(frame)] * 3)
            site.daemon.wait_error("dhcp-client-input", reason, 3)
        # Of another exchange: not for this client, whatever it says.
        wire.send(bytes(link / reply / DHCP(options=[("message-type", "ack"), ("server_id", WAN), ("lease_time", 60),
                                                     "end"])))
        assert ping(site.lab.lan, LAN_ROUTER, count=3).received == 3
    assert "address" not in site.client()


def test_it_comes_back_with_the_configuration(site, tmp_path):
    site.dnsmasq(WAN_ROUTER)
    site.daemon.ctl("set interface wan dhcp-client preference 7")
    site.wait_bound()
    assert site.default_routes()[0]["preference"] == 7
    saved = site.daemon.ctl("show running-config")
    path = tmp_path / "saved.conf"
    path.write_text(saved)
    site.daemon.stop()
    site.lab.start("--config", path)
    site.wait_bound()
    assert site.daemon.ctl("show running-config") == saved
    assert ping(site.lab.lan, BEYOND, count=3).received == 3
