# SPDX-License-Identifier: Apache-2.0
"""What hosts on both sides of the router notice of it, over each kind of port."""

import hashlib
import os
import re

import pytest
from scapy.layers.inet import ICMP, IP

from lib.clients import iperf, ping, wait_for_port
from lib.lab import KINDS, LAN, LAN_ROUTER, WAN, WAN_ROUTER, Lab


@pytest.fixture(scope="module", params=KINDS)
def lab(request, tmp_path_factory):
    with Lab(tmp_path_factory.mktemp(request.param), request.param) as made:
        yield made


def test_ping_both_ways(lab):
    lab.assert_forwards()
    assert ping(lab.wan, LAN, count=3).received == 3


@pytest.mark.parametrize("address", [LAN_ROUTER, WAN_ROUTER])
def test_router_answers_for_each_of_its_addresses(lab, address):
    assert ping(lab.lan, address, "-s", 1400).received == 1


def test_full_size_packets_pass_unfragmented(lab):
    assert ping(lab.lan, WAN, "-M", "do", "-s", 1472).received == 1


def test_fragments_pass_as_they_are(lab, request):
    if lab.kind == "af_packet":
        request.applymarker(pytest.mark.xfail(
            reason="DPDK's driver asks the kernel to put fragments together, and then cuts what is longer than 2 KB"))
    with lab.wire("wan") as wire:
        done = ping(lab.lan, WAN, "-s", 4000, wait=2)
        assert len([frame for frame in wire.seen(IP) if frame[IP].frag or frame[IP].flags.MF]) == 3
    assert done.received == 1, lab.daemon.errors()


def test_a_stream_of_pings_loses_nothing(lab):
    lab.assert_forwards()
    with lab.wire("wan") as wan:
        done = ping(lab.lan, WAN, "-i", 0.001, count=300)
        # Where one is missing: what came out, what devices counted, and whether the next packet brings it along.
        if done.received != 300:
            came = len(wan.seen(ICMP))
            again = ping(lab.lan, WAN).received
            told = lab.daemon.ctl("show interface | detail", "show device-counters lan", "show device-counters wan")
            pytest.fail(f"{done.text} {lab.daemon.errors()}: {came} came to the wan, {len(wan.seen(ICMP)) - came} with the "
                        f"next, which had {again} answers; {told}")


def test_traceroute_shows_the_router(lab):
    hops = lab.lan.run("traceroute", "-n", "-q", 1, "-w", 5, "-m", 4, WAN).stdout.splitlines()[1:]
    assert [re.match(r" *(\d+) +(\S+)", hop).groups() for hop in hops] == [("1", LAN_ROUTER), ("2", WAN)]


@pytest.mark.parametrize("direction", [(), ("-R",)], ids=["up", "down"])
def test_tcp_throughput(lab, direction):
    assert iperf(lab.lan, lab.wan, WAN, *direction)["sum_received"]["bytes"] > 1_000_000


def test_slow_udp_loses_nothing(lab):
    sums = iperf(lab.lan, lab.wan, WAN, "-u", "-b", "2M", "-l", 1000)["sum"]
    assert sums["packets"] > 400
    assert sums["lost_packets"] == 0, lab.daemon.errors()


def test_a_file_arrives_as_it_was(lab, tmp_path):
    content = os.urandom(5 << 20)
    (tmp_path / "file").write_bytes(content)
    lab.wan.start("/usr/bin/python3", "-m", "http.server", "--bind", WAN, "--directory", tmp_path, 8000,
                  stdout=-3, stderr=-3)
    wait_for_port(lab.wan, 8000)
    copy = tmp_path / "copy"
    lab.lan.run("curl", "-sS", "--fail", "-o", copy, f"http://{WAN}:8000/file")
    assert hashlib.sha256(copy.read_bytes()).digest() == hashlib.sha256(content).digest()


def test_interfaces_count_what_passes(lab):
    lab.assert_forwards()
    lab.daemon.ctl("clear counters")
    assert ping(lab.lan, WAN, "-s", 100, count=10).received == 10
    lan, wan = lab.daemon.interface("lan"), lab.daemon.interface("wan")
    # A host may ask for the router's MAC address meanwhile.
    for interface in (lan, wan):
        for way in ("rx", "tx"):
            assert 10 <= interface[f"{way}_packets"] <= 14
            assert interface[f"{way}_bytes"] >= 10 * (14 + 20 + 8 + 100)
        assert interface["tx_full"] == 0


def test_only_routed_addresses_are_forwarded(lab):
    """What is for nobody here comes back as an error and not as an answer."""
    done = ping(lab.lan, "203.0.113.1")
    assert done.received == 0
    assert f"From {LAN_ROUTER}" in done.text and "Net Unreachable" in done.text
