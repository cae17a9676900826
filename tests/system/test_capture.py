# SPDX-License-Identifier: Apache-2.0
"""Packet capture: what the router writes, tshark reads."""

import json
import subprocess

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt
from scapy.layers.l2 import Ether

from lib.api import Api, compile_messages, path
from lib.clients import iperf, ping
from lib.lab import LAN, LAN_ROUTER, WAN, Lab
from lib.lab6 import LAN6, WAN6, Lab6
from lib.wait import let_pass, wait_until


def tshark(capture, display_filter="frame", *fields):
    """What tshark says of the packets that pass: a list of lists."""
    words = [word for field in fields or ("frame.number",) for word in ("-e", field)]
    done = subprocess.run(["tshark", "-n", "-r", capture, "-Y", display_filter, "-T", "fields", "-E", "separator=|", *words],
                          capture_output=True, text=True)
    assert done.returncode == 0 and "cut short" not in done.stderr, done.stderr
    return [line.split("|") for line in done.stdout.splitlines()]


@pytest.fixture
def file(tmp_path):
    return tmp_path / "captured.pcapng"


def state(lab):
    return lab.daemon.ctl_json("show capture")[0]


def stop(lab):
    """Ends the capture; its last state. The file is complete."""
    done, = lab.daemon.ctl_json("capture stop")
    assert done["state"] == "done"
    return done


def test_a_ping_is_there_at_each_point(lab, file):
    lab.assert_forwards()
    lab.daemon.ctl(f"capture start {file}")
    assert ping(lab.lan, WAN, count=3).received == 3
    done = stop(lab)
    assert done["ended"] == "stopped" and done["lost"] == 0
    assert len(tshark(file)) == done["packets"] and file.stat().st_size == done["bytes"]
    for kind in (8, 0):
        seen = tshark(file, f"icmp.type == {kind}", "frame.interface_name", "frame.packet_flags_direction", "ip.ttl",
                      "icmp.seq")
        assert [row[3] for row in seen] == ["1", "1", "2", "2", "3", "3"]
        ways = [("lan", "1", "64"), ("wan", "2", "63")] if kind == 8 else [("wan", "1", "64"), ("lan", "2", "63")]
        assert [tuple(f"{int(v, 0)}" if v.startswith("0x") else v for v in row[:3]) for row in seen] == ways * 3
    times = [float(row[0]) for row in tshark(file, "frame", "frame.time_epoch")]
    assert times == sorted(times) and abs(times[-1] - file.stat().st_mtime) < 30


def test_only_what_is_asked_for(lab, file):
    lab.assert_forwards()
    lab.daemon.ctl(f'capture start {file} at rx filter "icmp and src host {LAN}" snaplen 60 interface lan')
    assert ping(lab.lan, WAN, "-s", 500, count=4).received == 4
    wait_until(lambda: state(lab)["packets"] == 4, 10, lambda: f"4 packets: {state(lab)}")
    assert state(lab)["state"] == "running"
    stop(lab)
    rows = tshark(file, "frame", "ip.src", "frame.len", "frame.cap_len", "frame.interface_name")
    assert rows == [[LAN, "542", "60", "lan"]] * 4


@pytest.fixture
def lab6(tmp_path):
    with Lab6(tmp_path) as made:
        yield made


def test_only_what_is_asked_for_of_ip6(lab6, file):
    assert ping(lab6.lan, WAN6, count=3).received == 3
    lab6.daemon.ctl(f'capture start {file} at rx-tx filter "icmp6 and src host {LAN6} and ip6[40] = 128" snaplen 80')
    assert ping(lab6.lan, WAN6, "-s", 500, count=4).received == 4
    assert ping(lab6.wan, LAN6, count=4).received == 4
    assert ping(lab6.lan, WAN, count=4).received == 4
    wait_until(lambda: state(lab6)["packets"] == 8, 10, lambda: f"8 packets: {state(lab6)}")
    stop(lab6)
    rows = tshark(file, "frame", "ipv6.src", "ipv6.dst", "frame.len", "frame.cap_len", "frame.interface_name", "ipv6.hlim")
    assert sorted(rows) == sorted([[LAN6, WAN6, "562", "80", "lan", "64"], [LAN6, WAN6, "562", "80", "wan", "63"]] * 4)


def test_a_drop_of_ip6_is_found_by_its_network(lab6, file):
    """Behind an extension header libpcap finds no UDP by itself."""
    lab6.daemon.ctl(f'capture start {file} at drop filter "ip6 and dst net 2001:db8:2::/64 and (udp or ip6[6] = 60)"')
    ethernet = Ether(src=lab6.lan.mac(), dst=lab6.mac("lan"))
    with lab6.wire() as wire:
        wire.send(ethernet / IPv6(src=LAN6, dst=WAN6, hlim=1) / UDP(dport=7777))
        wire.send(ethernet / IPv6(src=LAN6, dst=WAN6, hlim=1) / IPv6ExtHdrDestOpt() / UDP(dport=7778))
        wire.send(ethernet / IPv6(src=LAN6, dst="2001:db8:1::", hlim=1) / UDP(dport=7779))
        wire.send(ethernet / IP(src=LAN, dst=WAN, ttl=1) / UDP(dport=7780))
        lab6.daemon.wait_error("ip4-rewrite", "ttl-expired", 1)
        wait_until(lambda: state(lab6)["packets"] == 2, 10, lambda: f"2 packets: {state(lab6)}")
    stop(lab6)
    rows = tshark(file, "udp", "udp.dstport", "frame.comment", "frame.interface_name")
    assert sorted(row[0] for row in rows) == ["7777", "7778"]
    assert all(row[1].startswith("dropped by ip6-rewrite: hop-limit-expired (") and row[2] == "lan" for row in rows), rows


def test_a_drop_says_why(lab, file):
    lab.assert_forwards()
    lab.daemon.ctl(f"capture start {file} at drop filter udp")
    with lab.wire() as wire:
        wire.send(Ether(src=lab.lan.mac(), dst=lab.mac("lan")) / IP(src="127.0.0.1", dst=WAN) / UDP(dport=7777))
        wire.send(Ether(src=lab.lan.mac(), dst=lab.mac("lan")) / IP(src=LAN, dst=WAN, ttl=1) / UDP(dport=7778))
        wait_until(lambda: state(lab)["packets"] == 2, 10, lambda: f"2 packets: {state(lab)}")
    stop(lab)
    bad, expired = tshark(file, "udp", "udp.dstport", "frame.comment", "frame.interface_name")
    assert bad[0] == "7777" and bad[1].startswith("dropped by ip4-input: bad-source (") and bad[2] == "lan"
    assert expired[0] == "7778" and expired[1].startswith("dropped by ip4-rewrite: ttl-expired (")


def test_it_ends_at_its_limits(lab, file):
    lab.assert_forwards()
    lab.daemon.ctl(f"capture start {file} at rx filter icmp packets 5")
    assert ping(lab.lan, WAN, "-i", 0.05, count=10).received == 10
    wait_until(lambda: state(lab)["state"] == "done", 10, "the capture ends")
    assert state(lab)["packets"] == 5 == len(tshark(file)) and "5 packets" in state(lab)["ended"]
    other = file.with_name("other.pcapng")
    lab.daemon.ctl(f"capture start {other} seconds 1")
    wait_until(lambda: state(lab)["state"] == "done", 10, "the capture ends")
    assert "1 s" in state(lab)["ended"]
    assert "no capture goes on" in lab.daemon.refused("capture stop")


def test_a_full_disk_ends_it_and_leaves_a_whole_file(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", disk], check=True)
    try:
        with Lab(tmp_path) as lab:
            lab.assert_forwards()
            lab.daemon.ctl(f"capture start {disk / 'a.pcapng'}")
            iperf(lab.lan, lab.wan, WAN, seconds=1)
            wait_until(lambda: state(lab)["state"] == "done", 20, lambda: f"the capture ends: {state(lab)}")
            assert "No space left" in state(lab)["ended"] and "complete" in state(lab)["ended"]
            assert 0 < len(tshark(disk / "a.pcapng")) == state(lab)["packets"]
    finally:
        subprocess.run(["umount", disk], check=True)


def test_what_cannot_be_done(lab, file):
    assert lab.daemon.ctl_json("show capture") == []
    file.with_name("there").write_text("mine")
    refused = lab.daemon.refused
    assert "not written over" in refused(f"capture start {file.with_name('there')}")
    assert file.with_name("there").read_text() == "mine"
    assert "begins with /" in refused("capture start here.pcapng")
    assert "folder is not there" in refused(f"capture start {file.parent}/no/a.pcapng")
    assert "not written over" in refused("capture start /dev/null")
    assert "syntax error" in refused(f'capture start {file} filter "tcp port"')
    assert "not looked up" in refused(f'capture start {file} filter "host example.com"')
    assert "dmz" in refused(f"capture start {file} interface lan dmz")
    assert "14 to 65535" in refused(f"capture start {file} snaplen 3")
    assert "1 to 1000000" in refused(f"capture start {file} seconds 0")
    assert not file.exists() and lab.daemon.ctl_json("show capture") == []
    lab.daemon.ctl(f"capture start {file}")
    assert str(file) in refused(f"capture start {file}2")
    assert refused("capture start /x/y at home")
    stop(lab)


def test_under_load_no_packet_is_lost_by_it(lab, file):
    """A capture comes and goes while iperf3 sends UDP at a rate that the router carries."""
    lab.assert_forwards()
    before = lab.daemon.errors()
    server = lab.wan.start("iperf3", "-s", "-1", "-B", WAN, stdout=subprocess.DEVNULL)
    wait_until(lambda: lab.wan.run("ss", "-Hltn", "sport", "=", ":5201").stdout, 10, "iperf3 listens")
    client = lab.lan.start("iperf3", "-c", WAN, "-u", "-b", "20M", "-l", "200", "-t", "6", "-J", stdout=subprocess.PIPE)
    captured = 0
    for number in range(8):
        part = file.with_name(f"{number}.pcapng")
        lab.daemon.ctl(f'capture start {part} filter "udp port 5201"')
        let_pass(0.3)
        done = stop(lab)
        assert len(tshark(part)) == done["packets"]
        captured += done["packets"]
    text, _ = client.communicate(timeout=60)
    server.wait(timeout=20)
    end = json.loads(text)["end"]["sum"]
    assert end["packets"] > 10000 and captured > 1000
    assert lab.daemon.errors() == before, "the router dropped nothing"
    assert end["lost_packets"] <= end["packets"] * 0.001, end


def test_tcp_at_full_speed_is_captured_or_counted(lab, file):
    lab.assert_forwards()
    lab.daemon.ctl(f'capture start {file} at rx-tx filter "tcp port 5201" snaplen 96 bytes 2000000000')
    end = iperf(lab.lan, lab.wan, WAN, seconds=2)
    done = stop(lab)
    assert end["sum_received"]["bytes"] > 0 and done["packets"] > 1000
    assert len(tshark(file, "tcp.port == 5201")) == done["packets"]


def test_an_interface_that_goes_ends_its_capture(lab, file):
    lab.assert_forwards()
    lab.daemon.ctl(f"capture start {file} interface lan", "delete interface lan")
    wait_until(lambda: state(lab)["state"] == "done", 10, "the capture ends")
    assert '"lan" is gone' in state(lab)["ended"]
    assert tshark(file) is not None


def test_the_end_of_the_router_completes_the_file(lab, file):
    lab.assert_forwards()
    lab.daemon.ctl(f"capture start {file}")
    assert ping(lab.lan, LAN_ROUTER).received == 1
    lab.daemon.stop()
    assert len(tshark(file, "icmp")) >= 2
    info = subprocess.run(["capinfos", file], capture_output=True, text=True, check=True).stdout
    assert "nanoseconds" in info and "Number of interfaces in file: 2" in info


def test_a_client_receives_it_instead_of_a_file(lab, file):
    messages = file.with_name("messages")
    messages.mkdir()
    compile_messages(messages)
    from vnet.proto import capture_pb2 as capture
    lab.assert_forwards()
    with Api(lab.daemon.socket) as api:
        watch = api.channel.unary_stream(path("Capture.Watch"), capture.StartCaptureRequest.SerializeToString,
                                         capture.CaptureBlocks.FromString)
        call = watch(capture.StartCaptureRequest(filter="icmp", packets=8))
        wait_until(lambda: lab.daemon.ctl_json("show capture"), 10, "the capture begins")
        assert ping(lab.lan, WAN, count=2).received == 2
        file.write_bytes(b"".join(message.blocks for message in call))
        assert len(tshark(file, "icmp")) == 8 and state(lab)["file"] == "the client"
        call = watch(capture.StartCaptureRequest())
        next(iter(call))
        call.cancel()
        wait_until(lambda: state(lab)["state"] == "done", 10, "the capture ends with its client")
        assert lab.daemon.alive()
