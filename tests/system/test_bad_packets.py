# SPDX-License-Identifier: Apache-2.0
"""What no host should send: each is dropped under its name, counted one by one, and the router lives on."""

import random
import struct

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP, ICMPerror
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Raw

from lib.lab import KINDS, LAN, LAN_ROUTER, WAN, WAN_ROUTER, Lab
from lib.wait import wait_until

US, HOST, OTHER = "02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"
EVERYBODY = "ff:ff:ff:ff:ff:ff"


def eth(payload, dst=US, src=HOST, kind=None):
    """US stands for the router's address, which is put in when it is sent."""
    header = Ether(dst=dst, src=src) if kind is None else Ether(dst=dst, src=src, type=kind)
    return bytes(header / payload)


def ip(payload=Raw(b"x" * 20), dst=WAN, src=LAN, **fields):
    return eth(IP(src=src, dst=dst, **fields) / payload)


def cut(frame, length):
    return frame[:length]


def arp(**fields):
    wanted = {"op": "who-has", "hwsrc": HOST, "psrc": LAN, "pdst": LAN_ROUTER, **fields}
    return eth(ARP(**wanted), dst=EVERYBODY)


def arp_with(offset, value):
    frame = bytearray(arp())
    frame[14 + offset:14 + offset + len(value)] = value
    return bytes(frame)


def options(text):
    return ip(options=[Raw(text)])


UDP_HERE = IP(src=LAN, dst=LAN_ROUTER) / UDP(sport=1, dport=7)

# what it is, the frame, the node that drops it, the reason
TABLE = [
    ("for another station", eth(UDP_HERE, dst=OTHER), "ethernet-input", "not-for-us"),
    ("from a group", eth(UDP_HERE, src="03:00:00:00:00:02"), "ethernet-input", "bad-source-mac"),
    ("IEEE 802.3 length", eth(Raw(b"x" * 46), kind=46), "ethernet-input", "not-ethernet-ii"),
    ("type just above a length", eth(Raw(b"x" * 46), kind=0x5ff), "ethernet-input", "not-ethernet-ii"),
    ("VLAN tag", eth(Dot1Q(vlan=7) / UDP_HERE), "vlan-input", "unknown-vlan"),
    ("unknown EtherType", eth(Raw(b"x" * 46), kind=0x88b5), "ethernet-input", "unknown-ethertype"),
    ("IPv6 where it is not enabled", eth(Raw(b"\x60" + b"\0" * 39), kind=0x86dd), "ip6-input", "not-enabled"),
    ("Ethernet header alone", eth(Raw(b""), kind=0x800), "ip4-input", "truncated"),
    ("half an IPv4 header", cut(ip(), 14 + 10), "ip4-input", "truncated"),
    ("19 bytes of IPv4", cut(ip(), 14 + 19), "ip4-input", "truncated"),
    ("IP version 6 in IPv4's type", ip(version=6), "ip4-input", "bad-version"),
    ("IP version 0", ip(version=0), "ip4-input", "bad-version"),
    ("header of 16 bytes", ip(ihl=4), "ip4-input", "bad-header-length"),
    ("header of 0 bytes", ip(ihl=0), "ip4-input", "bad-header-length"),
    ("header longer than the packet", cut(ip(Raw(b""), ihl=15, len=60), 14 + 20), "ip4-input", "bad-header-length"),
    ("total length beyond the packet", ip(len=41), "ip4-input", "bad-total-length"),
    ("total length of 65535", ip(len=65535), "ip4-input", "bad-total-length"),
    ("total length of 19", ip(len=19), "ip4-input", "bad-total-length"),
    ("total length of 0", ip(len=0), "ip4-input", "bad-total-length"),
    ("packet cut in its payload", cut(ip(), 14 + 30), "ip4-input", "bad-total-length"),
    ("fragment beyond 65535", ip(frag=8191), "ip4-input", "fragment-overrun"),
    ("wrong header checksum", ip(chksum=0x1234), "ip4-input", "bad-checksum"),
    ("header checksum of zero", ip(chksum=0), "ip4-input", "bad-checksum"),
    ("from loopback", ip(src="127.0.0.1"), "ip4-input", "bad-source"),
    ("from nowhere", ip(src="0.0.0.0"), "ip4-input", "bad-source"),
    ("from multicast", ip(src="224.0.0.1"), "ip4-input", "bad-source"),
    ("from class E", ip(src="240.0.0.1"), "ip4-input", "bad-source"),
    ("from the limited broadcast", ip(src="255.255.255.255"), "ip4-input", "bad-source"),
    ("to loopback", ip(dst="127.0.0.1"), "ip4-input", "bad-destination"),
    ("to network zero", ip(dst="0.1.2.3"), "ip4-input", "bad-destination"),
    ("to class E", ip(dst="250.0.0.1"), "ip4-input", "bad-destination"),
    ("loose source route", options(b"\x83\x07\x04\x0a\0\x02\x02\0"), "ip4-input", "source-routed"),
    ("strict source route", options(b"\x89\x07\x04\x0a\0\x02\x02\0"), "ip4-input", "source-routed"),
    ("option longer than the header", options(b"\x07\x28\x04\0"), "ip4-input", "bad-options"),
    ("option of length 0", options(b"\x07\0\0\0"), "ip4-input", "bad-options"),
    ("option of length 1", options(b"\x94\x01\0\0"), "ip4-input", "bad-options"),
    ("option without a length", options(b"\x01\x01\x01\x07"), "ip4-input", "bad-options"),
    ("timestamp with a wrong flag", options(b"\x44\x08\x05\x02\0\0\0\0"), "ip4-input", "bad-options"),
    ("from the router's own address", ip(src=LAN_ROUTER, dst=WAN_ROUTER), "ip4-local", "spoofed-source"),
    ("from a broadcast to the router", ip(UDP(dport=7), src="10.0.1.255", dst=LAN_ROUTER), "ip4-local",
     "spoofed-source"),
    ("uneven fragment for the router", ip(Raw(b"x" * 15), dst=LAN_ROUTER, flags="MF"), "ip4-reassemble", "bad-length"),
    ("empty fragment for the router", ip(Raw(b""), dst=LAN_ROUTER, frag=3), "ip4-reassemble", "bad-length"),
    ("unicast in a broadcast frame", eth(UDP_HERE, dst=EVERYBODY), "ip4-local", "link-broadcast"),
    ("half a UDP header", ip(Raw(b"\0\1\0\7"), dst=LAN_ROUTER, proto=17), "ip4-deliver", "truncated"),
    ("UDP length of 7", ip(UDP(dport=7, len=7), dst=LAN_ROUTER), "ip4-deliver", "truncated"),
    ("UDP length beyond the packet", ip(UDP(dport=7, len=9), dst=LAN_ROUTER), "ip4-deliver", "truncated"),
    ("UDP to nobody", eth(UDP_HERE), "ip4-deliver", "no-port"),
    ("TCP to nobody", ip(TCP(dport=7), dst=LAN_ROUTER), "ip4-deliver", "no-port"),
    ("a protocol of nobody", ip(dst=LAN_ROUTER, proto=254), "ip4-deliver", "no-protocol"),
    ("7 bytes of ICMP", ip(Raw(b"\x08" + b"\0" * 6), dst=LAN_ROUTER, proto=1), "icmp4-input", "truncated"),
    ("ICMP with a wrong checksum", ip(ICMP(chksum=1), dst=LAN_ROUTER), "icmp4-input", "bad-checksum"),
    ("ICMP of unknown type", ip(ICMP(type=77), dst=LAN_ROUTER), "icmp4-input", "not-for-router"),
    ("ICMP echo reply", ip(ICMP(type=0), dst=LAN_ROUTER), "icmp4-input", "not-for-router"),
    ("ICMP unreachable for the router", ip(ICMP(type=3, code=1) / IP(src=LAN_ROUTER, dst=WAN) / UDP(),
                                           dst=LAN_ROUTER), "icmp4-input", "not-for-router"),
    ("ICMP redirect for the router", ip(ICMP(type=5, gw=LAN) / IP(src=LAN_ROUTER, dst=WAN) / UDP(), dst=LAN_ROUTER),
     "icmp4-input", "not-for-router"),
    ("echo to the broadcast address", ip(ICMP(), dst="10.0.1.255"), "icmp4-input", "broadcast-echo"),
    ("echo to the limited broadcast", eth(IP(src=LAN, dst="255.255.255.255") / ICMP(), dst=EVERYBODY), "icmp4-input",
     "broadcast-echo"),
    ("no route", ip(dst="203.0.113.9"), "ip4-unreachable", "no-route"),
    ("TTL of 1", ip(ttl=1), "ip4-rewrite", "ttl-expired"),
    ("27 bytes of ARP", cut(arp(), 14 + 27), "arp-input", "truncated"),
    ("ARP of other hardware", arp(hwtype=6), "arp-input", "bad-hardware-type"),
    ("ARP of another protocol", arp(ptype=0x86dd), "arp-input", "bad-protocol-type"),
    ("ARP hardware length 8", arp_with(4, b"\x08"), "arp-input", "bad-hardware-length"),
    ("ARP protocol length 16", arp_with(5, b"\x10"), "arp-input", "bad-protocol-length"),
    ("ARP operation 9", arp(op=9), "arp-input", "bad-operation"),
    ("ARP from a group", arp(hwsrc="01:00:5e:00:00:01"), "arp-input", "bad-sender-mac"),
    ("ARP from MAC zero", arp(hwsrc="00:00:00:00:00:00"), "arp-input", "bad-sender-mac"),
    ("ARP from multicast", arp(psrc="224.0.0.1"), "arp-input", "bad-sender-ip"),
    ("ARP reply from 0.0.0.0", arp(op="is-at", psrc="0.0.0.0"), "arp-input", "bad-sender-ip"),
    ("ARP in another's name", arp(hwsrc=OTHER), "arp-input", "spoofed-mac"),
]


@pytest.fixture(scope="module")
def shared_lab(tmp_path_factory):
    """By taps, which hand on every frame as it is: the kernel puts fragments together for af_packet."""
    with Lab(tmp_path_factory.mktemp("lab"), "tap") as made:
        yield made


def addressed(lab, *frames):
    """The frames, to the router where they are to US."""
    us, router = (bytes.fromhex(mac.replace(":", "")) for mac in (US, lab.mac("lan")))
    return [router + frame[6:] if frame[:6] == us else frame for frame in frames]


@pytest.mark.parametrize("frame, node, reason", [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_dropped_by_name(shared_lab, frame, node, reason):
    lab = shared_lab
    before = lab.daemon.errors()
    with lab.wire() as wire:
        wire.send(*addressed(lab, frame) * 3)
        wait_until(lambda: lab.daemon.error(node, reason) >= before.get((node, reason), 0) + 3, 10,
                   lambda: f"3 more drops of {node} for {reason}: before {before}, now {lab.daemon.errors()}")
    # Exactly so many, and nothing else was dropped but errors about them that may not be sent.
    rise = {key: count - before.get(key, 0) for key, count in lab.daemon.errors().items() if
            count != before.get(key, 0) and key[0] not in ("icmp4-error", "neighbor-control")}
    assert rise == {(node, reason): 3}
    assert lab.daemon.alive()


def test_it_forwards_afterwards(shared_lab):
    shared_lab.assert_forwards()


def test_an_interface_without_address_takes_no_ip(shared_lab):
    lab = shared_lab
    before = lab.daemon.error("ip4-input", "not-enabled")
    lab.daemon.ctl(f"delete address lan {LAN_ROUTER}/24")
    with lab.wire() as wire:
        wire.send(*addressed(lab, ip()) * 3)
        lab.daemon.wait_error("ip4-input", "not-enabled", before + 3)
    lab.daemon.ctl(f"add address lan {LAN_ROUTER}/24")
    lab.assert_forwards()


@pytest.mark.parametrize("kind", ["af_packet", "tap"])
def test_frames_longer_than_a_buffer(tmp_path, kind):
    """Counted or cut, never handed on in part."""
    with Lab(tmp_path, kind) as lab:
        lab.lan.ip("link", "set", "eth0", "mtu", 9000)
        if kind != "tap":
            lab.box.ip("link", "set", "lan0", "mtu", 9000)
        lab.assert_forwards()
        before = lab.daemon.free_buffers()
        with lab.wire() as lan, lab.wire("wan") as wan:
            sizes = (2000, 2040, 2048, 3000, 8000)
            lan.send(*addressed(lab, *(ip(Raw(b"x" * (size - 20))) for size in sizes)))
            lab.assert_forwards()
            assert not wan.seen(IP, lambda frame: frame[IP].len > 1500)
        if kind == "tap":
            assert lab.daemon.interface("lan")["rx_missed"] >= 2
        wait_until(lambda: lab.daemon.free_buffers() >= before, 10, "all buffers are back")


def mutants(count, seed):
    """Good and bad frames with bytes changed, cut off, added; and noise."""
    chance = random.Random(seed)
    good = [ip(UDP(dport=53) / Raw(b"x" * 60)), ip(ICMP() / Raw(b"x" * 56)), ip(TCP(dport=80)), arp(),
            ip(ICMP(), dst=LAN_ROUTER), eth(IP(src=LAN, dst=WAN, ttl=1) / ICMP(type=3) / ICMPerror()),
            *(row[1] for row in TABLE)]
    for _ in range(count):
        if chance.random() < 0.2:
            yield chance.randbytes(chance.randint(14, 1514))
            continue
        frame = bytearray(chance.choice(good))
        for _ in range(chance.randint(1, 4)):
            where = chance.randrange(12, len(frame)) if len(frame) > 12 else 0
            frame[where:where + 1] = chance.choice([bytes([chance.randrange(256)]), b"", chance.randbytes(3),
                                                    struct.pack(">H", chance.choice([0, 1, 0xffff, 0x800]))])
        if chance.random() < 0.2:
            del frame[max(14, chance.randrange(len(frame))):]
        yield bytes(frame.ljust(14, b"\0")[:1514])


def wait_for_the_router(lab, wire, number):
    """Until it has answered a probe, and so dealt with all that was sent before."""
    prober = f"02:00:00:01:{number >> 8:02x}:{number & 255:02x}"
    wire.send(Ether(src=prober, dst=EVERYBODY) / ARP(hwsrc=prober, psrc="0.0.0.0", pdst=LAN_ROUTER))
    wire.wait(ARP, lambda frame: frame[Ether].dst == prober, seconds=20, what="an answer to a probe")
    wire.forget()


@pytest.mark.parametrize("kind", KINDS)
def test_it_survives_noise(tmp_path, kind):
    with Lab(tmp_path, kind) as lab:
        lab.assert_forwards()
        before = lab.daemon.free_buffers()
        with lab.wire() as wire:
            frames = addressed(lab, *mutants(2000, kind))
            for number in range(0, len(frames), 100):
                wire.send(*frames[number:number + 100])
                wait_for_the_router(lab, wire, number)
        assert lab.daemon.alive()
        lab.daemon.ctl("show errors", "show neighbor", "show interface")
        # A frame may have told the router of a new MAC address for a host; that is what ARP is.
        for neighbor in lab.daemon.ctl_json("show neighbor"):
            lab.daemon.ctl(f"delete neighbor {neighbor['interface']} {neighbor['address']}")
        lab.assert_forwards()
        wait_until(lambda: lab.daemon.free_buffers() >= before, 20,
                   lambda: f"{before} buffers are free again, not {lab.daemon.free_buffers()}")
