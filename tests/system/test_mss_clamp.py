# SPDX-License-Identifier: Apache-2.0
"""TCP connections of real hosts, whose segments the router bounds."""

import sys

import pytest
from scapy.layers.inet import IP, TCP, in4_chksum
from scapy.layers.l2 import Ether

from lib.clients import iperf, ping, wait_for_port
from lib.lab import LAN, WAN, Lab

# What each end of a connection may send: the kernel's own word for it.
SERVE = """
import socket
s = socket.create_server(("", 5000))
c, _ = s.accept()
print(c.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG), flush=True)
c.sendall(b"x")
c.recv(1)
"""
CONNECT = """
import socket, sys
s = socket.create_connection((sys.argv[1], 5000), 10)
s.recv(1)
print(s.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG))
"""


@pytest.fixture
def lab(tmp_path):
    with Lab(tmp_path) as lab:
        for host in (lab.lan, lab.wan):
            # Their options take 12 bytes of each segment, which is not what this is about.
            host.sysctl("net.ipv4.tcp_timestamps", 0)
        yield lab


def segments(lab):
    """What lan may send to wan, and wan to lan, on a new connection that lan begins."""
    server = lab.wan.start(sys.executable, "-c", SERVE, stdout=-1)
    wait_for_port(lab.wan, 5000)
    client = lab.lan.run(sys.executable, "-c", CONNECT, WAN).stdout
    served, _ = server.communicate(timeout=30)
    return int(client), int(served)


def state(lab, name="wan"):
    return next(row for row in lab.daemon.ctl_json("show mss-clamp") if row["name"] == name)


def test_both_ends_are_bound(lab):
    assert segments(lab) == (1460, 1460)
    lab.daemon.ctl("set interface wan mss-clamp 1000")
    assert segments(lab) == (1000, 1000)
    assert int(state(lab)["clamped"]) == 2
    # What comes in says what may be sent out there, and the other way round.
    lab.daemon.ctl("set interface wan mss-clamp 1000 direction rx")
    assert segments(lab) == (1000, 1460)
    lab.daemon.ctl("set interface wan mss-clamp 1000 direction tx")
    assert segments(lab) == (1460, 1000)
    lab.daemon.ctl("set interface wan mss-clamp 1500")
    assert segments(lab) == (1460, 1460)
    lab.daemon.ctl("reset interface wan mss-clamp")
    assert segments(lab) == (1460, 1460)


def test_by_the_mtu_nothing_is_too_long(lab):
    lab.daemon.ctl("set interface wan mtu 1300", "set interface wan mss-clamp auto")
    assert segments(lab) == (1260, 1260)
    assert iperf(lab.lan, lab.wan, WAN, seconds=1)["sum_received"]["bytes"] > 1_000_000
    assert iperf(lab.lan, lab.wan, WAN, "-R", seconds=1)["sum_received"]["bytes"] > 1_000_000
    assert lab.daemon.error("ip4-rewrite", "exceeds-mtu") == 0
    lab.daemon.ctl("set interface wan mtu 1200")
    assert segments(lab) == (1160, 1160)


def test_options_that_cannot_be_read_pass_as_they_are(lab):
    lab.daemon.ctl("set interface lan mss-clamp 1000", "trace add ip4-mss-clamp-rx 10")
    assert ping(lab.lan, WAN).received == 1
    broken = b"\x02\x04\x05\xb4\x08\x00\x01\x01"
    with lab.wire("lan") as lan, lab.wire("wan") as wan:
        for options in (broken, b"\x01\x02\x04\x05\xb4\x00\x00\x00"):
            tcp = TCP(sport=4000, dport=9, flags="S", dataofs=7) / options
            # The checksum is scapy's, over the options as they are.
            lan.send(bytes(Ether(src=lab.lan.mac(), dst=lab.mac("lan")) / IP(src=LAN, dst=WAN) / tcp))
        wan.wait(TCP, lambda f: f[TCP].dport == 9, count=2)
        segments = [frame[34:] for frame in wan.frames if frame[23] == 6]
        assert [segment[20:] for segment in segments] == [broken, b"\x01\x02\x04\x03\xe8\x00\x00\x00"]
        assert all(in4_chksum(6, IP(src=LAN, dst=WAN), segment) == 0 for segment in segments)
    assert (int(state(lab, "lan")["clamped"]), int(state(lab, "lan")["malformed"])) == (1, 1)
    assert "mss clamped" in lab.daemon.ctl("show trace")


def test_it_is_part_of_the_configuration(lab, tmp_path):
    lab.daemon.ctl("set interface wan mss-clamp auto", "set interface lan mss-clamp 900 direction rx")
    saved = lab.daemon.ctl("show running-config")
    assert "set interface lan mss-clamp 900 direction rx\n" in saved
    assert "set interface wan mss-clamp auto\n" in saved
    path = tmp_path / "saved.conf"
    path.write_text(saved)
    lab.daemon.stop()
    lab.start("--config", path)
    assert lab.daemon.ctl("show running-config") == saved
    lab.wait_links()
    assert segments(lab) == (1460, 900)
