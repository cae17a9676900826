# SPDX-License-Identifier: Apache-2.0
"""What is addressed to the router and served by the kernel of the machine that it runs on."""

import contextlib
import json
import sys

import pytest

from lib.clients import ping, wait_for_port
from lib.lab import LAN, LAN_ROUTER, WAN, WAN_ROUTER, Lab
from lib.lab6 import LAN6, LAN_ROUTER6, WAN6, WAN_ROUTER6, add_addresses, set_up_hosts
from lib.netns import Namespace
from lib.wait import wait_until

CONFIGURE = ("add punt kernel-interface kernel", "set interface kernel state up")
SIZE = 3_000_000

# Says what the first answer to a datagram is.
ASK_UDP = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(5)
s.connect((sys.argv[1], int(sys.argv[2])))
s.send(b"anybody?")
try:
    print(s.recv(100))
except OSError as error:
    print(type(error).__name__)
"""
COUNT_UDP = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 7000))
while (text := s.recv(10)) != b".":
    print(text.decode(), flush=True)
"""
SEND_UDP = """
import socket, sys
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(sys.argv[2].encode(), (sys.argv[1], 7000))
"""
# Sends to many ports, as fast as it can, until it is ended.
FLOOD_UDP = """
import itertools, socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for port in itertools.cycle(range(20000, 30000)):
    try:
        s.sendto(b"x" * 20, (sys.argv[1], port))
    except OSError:
        pass
"""


class Served:
    """A lab, and the namespace in which the router's local services run: the router's own ("here", with taps; "beside", with
    ports whose host interfaces the kernel sees as well) or one apart."""

    def __init__(self, directory, where, stack):
        workers = ("--workers", 2) if where == "apart" else ()
        self.lab = stack.enter_context(Lab(directory, "tap" if where == "here" else "af_packet", workers))
        self.daemon = self.lab.daemon
        self.apart = where == "apart"
        self.services = stack.enter_context(Namespace("services")) if self.apart else self.lab.box
        if where == "beside":
            # The manual's advice: the kernel is to be silent there.
            for interface in ("lan0", "wan0"):
                self.services.sysctl(f"net.ipv4.conf.{interface}.rp_filter", 1)
                self.services.sysctl(f"net.ipv4.conf.{interface}.arp_ignore", 8)
        (directory / "www").mkdir()
        (directory / "www" / "file").write_bytes(b"s" * SIZE)
        self.directory = directory
        self.daemon.ctl(*CONFIGURE)
        self.follow()

    def follow(self):
        if self.apart:
            self.lab.box.ip("link", "set", "kernel", "netns", self.services.name)
            wait_until(lambda: len(self.addresses()) == 2, 10, lambda: self.services.ip("address"), 0.1)

    def addresses(self, family=4):
        links = json.loads(self.services.ip("-j", f"-{family}", "address", "show", "dev", "kernel", check=False) or "[]")
        return sorted(a["local"] for link in links for a in link.get("addr_info", []) if a["scope"] == "global")

    def rules(self, family=4):
        return sorted(r["src"] for r in json.loads(self.services.ip("-j", f"-{family}", "rule")) if r["priority"] == 900)

    def serve(self, port=8000, bind="0.0.0.0"):
        server = self.services.start(sys.executable, "-m", "http.server", port, "--bind", bind, "--directory",
                                     self.directory / "www", stdout=-3, stderr=-3)
        wait_for_port(self.services, port)
        return server

    def classes(self):
        return {row["class"]: row for row in self.daemon.ctl_json("show punt")}


def fetch(host, address, port=8000, seconds=30):
    """Bytes that curl got, or its error's number, negative."""
    done = host.run("curl", "-s", "-m", seconds, "-o", "/dev/null", "-w", "%{size_download}",
                    f"http://{f'[{address}]' if ':' in address else address}:{port}/file", check=False, timeout=300)
    return int(done.stdout) if done.returncode == 0 else -done.returncode


def ask_udp(host, address, port):
    return host.run(sys.executable, "-c", ASK_UDP, address, port).stdout.strip()


@pytest.fixture(params=["here", "apart"])
def served(request, tmp_path):
    with contextlib.ExitStack() as stack:
        yield Served(tmp_path, request.param, stack)


def test_the_kernel_serves_at_every_address(served):
    served.serve()
    lab = served.lab
    assert served.addresses() == served.rules() == [LAN_ROUTER, WAN_ROUTER]
    for host in (lab.lan, lab.wan):
        for address in (LAN_ROUTER, WAN_ROUTER):
            assert fetch(host, address) == SIZE
    # The port that nobody listens to is the kernel's to refuse, at once.
    assert fetch(lab.lan, LAN_ROUTER, 8001) == -7
    assert ask_udp(lab.lan, LAN_ROUTER, 9) == "ConnectionRefusedError"
    # The router answers echo itself, once; what is forwarded goes on.
    assert ping(lab.lan, LAN_ROUTER, count=3).received == 3
    assert ping(lab.lan, WAN, count=3).received == 3
    counted = served.daemon.interface("kernel")
    assert int(counted["tx_packets"]) > 100 and int(counted["rx_packets"]) > 100
    assert int(served.classes()["tcp"]["passed"]) > 100 and not int(served.classes()["tcp"]["limited"])


def test_a_port_by_af_packet_may_be_beside_it(tmp_path):
    with contextlib.ExitStack() as stack:
        served = Served(tmp_path, "beside", stack)
        served.serve()
        counter = served.services.start(sys.executable, "-c", COUNT_UDP, stdout=-1)
        wait_for_port(served.services, 7000, "udp")
        assert fetch(served.lab.lan, LAN_ROUTER) == SIZE
        assert "DUP" not in ping(served.lab.lan, LAN_ROUTER, count=3).text
        for text in "abc.":
            served.lab.lan.run(sys.executable, "-c", SEND_UDP, LAN_ROUTER, text)
        assert counter.communicate(timeout=30)[0].split() == ["a", "b", "c"]


def test_programs_of_the_kernel_reach_out(served):
    lab = served.lab
    there = ping(served.services, WAN, "-I", LAN_ROUTER, count=3)
    assert there.received == 3 and "ttl=64" in there.text, there.text
    assert ping(served.services, LAN, "-I", WAN_ROUTER, count=3).received == 3
    # An error about what the kernel sent comes back to it.
    assert "ConnectionRefusedError" in served.services.run(
        sys.executable, "-c", ASK_UDP.replace("s.settimeout(5)", f"s.settimeout(5); s.bind(({WAN_ROUTER!r}, 0))"),
        LAN, 9).stdout
    assert int(served.classes()["icmp"]["passed"]) >= 7
    # What is not from the router does not leave by it.
    served.services.ip("address", "add", "203.0.113.1/32", "dev", "lo")
    served.services.ip("route", "add", "203.0.113.2/32", "dev", "kernel", "src", "203.0.113.1")
    assert ping(served.services, "203.0.113.2", count=2, wait=1).received == 0
    served.daemon.wait_error("ip-from-kernel", "foreign-source", 2)
    assert lab.daemon.error("kernel-tx", "not-for-kernel") == 0


def test_ip6_is_served_beside_ip4(served):
    lab = served.lab
    # Without IPv6 in the kernel IPv4 goes on, and the router says what is missing.
    add_addresses(lab)
    assert served.addresses() == [LAN_ROUTER, WAN_ROUTER]
    state = served.daemon.ctl_json("show punt kernel-interface")[0]
    assert state["addresses"] == 2 and "IPv6 is switched off at 'kernel'" in state["problem"], state
    served.services.sysctl("net.ipv6.conf.lo.disable_ipv6", 0)
    served.services.sysctl("net.ipv6.conf.kernel.disable_ipv6", 0)
    served.daemon.ctl("set interface kernel state down", "set interface kernel state up")
    wait_until(lambda: served.addresses(6) == served.rules(6) == [LAN_ROUTER6, WAN_ROUTER6], 10,
               lambda: served.services.ip("-6", "address"), 0.1)
    set_up_hosts(lab)
    served.serve(bind="::")
    for host in (lab.lan, lab.wan):
        for address in (LAN_ROUTER6, WAN_ROUTER6, LAN_ROUTER):
            assert fetch(host, address) == SIZE
    # The port that nobody listens to is the kernel's to refuse, at once.
    assert fetch(lab.lan, LAN_ROUTER6, 8001) == -7
    assert ping(lab.lan, LAN_ROUTER6, count=3).received == 3
    # What the kernel begins, and an error about it.
    there = ping(served.services, WAN6, "-I", LAN_ROUTER6, count=3)
    assert there.received == 3 and "ttl=64" in there.text, there.text
    assert "ConnectionRefusedError" in served.services.run(
        sys.executable, "-c", ASK_UDP.replace("AF_INET", "AF_INET6").replace(
            "s.settimeout(5)", f"s.settimeout(5); s.bind(({WAN_ROUTER6!r}, 0))"), LAN6, 9).stdout
    # Link-local addresses are the router's alone.
    own = next(a["prefix"].split("/")[0] for a in served.daemon.ctl_json("show address")
               if a["interface"] == "lan" and a["prefix"].startswith("fe80"))
    assert fetch(lab.lan, f"{own}%eth0") < 0
    assert served.daemon.error("ip6-deliver", "no-port") > 0
    served.daemon.ctl(f"delete address lan {LAN_ROUTER6}/64")
    assert served.addresses(6) == served.rules(6) == [WAN_ROUTER6]


def test_a_flood_leaves_others_their_share(served):
    served.serve()
    lab = served.lab
    floods = [lab.wan.start(sys.executable, "-c", FLOOD_UDP, WAN_ROUTER) for _ in range(2)]
    wait_until(lambda: int(served.classes()["other"]["limited"]) > 2000, 20, lambda: str(served.classes()), 0.1)
    for _ in range(5):
        assert fetch(lab.lan, LAN_ROUTER) == SIZE
    classes = served.classes()
    assert int(classes["tcp"]["limited"]) == 0
    for flood in floods:
        flood.kill()
        flood.wait()
    assert lab.daemon.error("ip4-punt", "limit-other") > 2000
    # A class that may have nothing gets nothing.
    lab.daemon.ctl("set punt class tcp rate 0")
    assert fetch(lab.lan, LAN_ROUTER, seconds=2) == -28
    assert lab.daemon.error("ip4-punt", "limit-tcp") > 0
    lab.daemon.ctl("reset punt class tcp")
    assert fetch(lab.lan, LAN_ROUTER) == SIZE


def test_addresses_are_followed(served):
    served.serve()
    daemon = served.daemon
    daemon.ctl("add address lan 10.0.9.1/24")
    assert "10.0.9.1" in served.addresses() and "10.0.9.1" in served.rules()
    assert daemon.ctl_json("show punt kernel-interface")[0]["addresses"] == 3
    assert fetch(served.lab.lan, "10.0.9.1") == SIZE
    daemon.ctl("delete address lan 10.0.9.1/24")
    assert served.addresses() == served.rules() == [LAN_ROUTER, WAN_ROUTER]
    # Down, the router says itself that nobody is there.
    daemon.ctl("set interface kernel state down")
    assert served.rules() == []
    before = daemon.error("ip4-deliver", "no-port")
    assert fetch(served.lab.lan, LAN_ROUTER, seconds=10) < 0
    assert daemon.error("ip4-deliver", "no-port") > before
    daemon.ctl("set interface kernel state up")
    assert fetch(served.lab.lan, LAN_ROUTER) == SIZE


def test_it_comes_back_after_a_crash(tmp_path):
    with contextlib.ExitStack() as stack:
        served = Served(tmp_path, "here", stack)
        lab = served.lab
        lab.daemon.ctl("set punt class tcp rate 30000")
        saved = lab.daemon.ctl("show running-config")
        assert "add punt kernel-interface kernel\n" in saved and "set punt class tcp rate 30000\n" in saved
        path = tmp_path / "saved.conf"
        path.write_text(saved.replace(f"add address wan {WAN_ROUTER}/24\n", ""))
        lab.daemon.kill()
        # The kernel keeps rules without an interface; the next daemon knows its own.
        assert served.rules() == [LAN_ROUTER, WAN_ROUTER]
        lab.start("--config", path)
        wait_until(lambda: served.rules() == [LAN_ROUTER], 10, lambda: str(served.rules()))
        assert served.addresses() == [LAN_ROUTER]
        lab.daemon.ctl(f"add address wan {WAN_ROUTER}/24")
        assert lab.daemon.ctl("show running-config") == saved


def test_a_trace_tells_the_class(served):
    served.serve()
    told = served.daemon.ctl(f"explain lan from 10.0.1.2 to {LAN_ROUTER} protocol tcp destination-port 22")
    assert "class management" in told and "would be taken by ip4-punt: written to the host's kernel" in told
    served.daemon.ctl("trace add ip4-punt 10")
    assert fetch(served.lab.lan, LAN_ROUTER) == SIZE
    trace = served.daemon.ctl("show trace")
    assert "class tcp" in trace and "kernel-interface kernel" in trace
