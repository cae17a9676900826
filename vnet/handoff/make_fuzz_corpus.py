#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of handoff_fuzz: the interface's own address as the fuzzed machine keeps it, then a frame."""
import pathlib
import struct

OWN = struct.pack("<I", 0x0A000001)
MACS = bytes.fromhex("0200000000a0") + bytes.fromhex("0200000000b1")
PORTS = struct.pack(">HH", 1000, 80)
TCP, UDP, ICMP, SCTP, HOP_BY_HOP = 6, 17, 1, 132, 0


def address(text):
    return bytes(int(part) for part in text.split("."))


def frame(kind, payload):
    return MACS + struct.pack(">H", kind) + payload


def ip4(protocol, payload, destination="10.2.0.2", flags=0, words=5, options=b""):
    header = struct.pack(">BBHHHBBH", 0x40 | words, 0, 20 + len(options) + len(payload), 1, flags, 64, protocol, 0)
    return frame(0x0800, header + address("10.1.0.1") + address(destination) + options + payload)


def ip6(protocol, payload, destination="20010db8000000000000000000000002"):
    header = struct.pack(">IHBB", 0x60000000, len(payload), protocol, 64)
    return frame(0x86DD, header + bytes.fromhex("20010db8000000000000000000000001" + destination) + payload)


seeds = {
    "udp": ip4(UDP, PORTS + bytes(4)),
    "tcp": ip4(TCP, PORTS + bytes(16)),
    "sctp": ip4(SCTP, PORTS + bytes(8)),
    "ping": ip4(ICMP, bytes(8)),
    "options": ip4(UDP, PORTS + bytes(4), words=6, options=bytes.fromhex("94040000")),
    "short-header": ip4(UDP, PORTS, words=0),
    "long-header": ip4(UDP, PORTS, words=15),
    "no-ports": ip4(UDP, PORTS[:3]),
    "fragment-first": ip4(UDP, PORTS + bytes(20), flags=0x2000),
    "fragment-last": ip4(UDP, bytes(24), flags=0x0004),
    "to-own": ip4(TCP, PORTS, destination="10.0.0.1"),
    "group": ip4(UDP, PORTS, destination="224.0.0.5"),
    "broadcast": ip4(UDP, PORTS, destination="255.255.255.255"),
    "ip6-udp": ip6(UDP, PORTS + bytes(4)),
    "ip6-no-ports": ip6(TCP, PORTS[:2]),
    "ip6-extension": ip6(HOP_BY_HOP, bytes([UDP]) + bytes(7) + PORTS),
    "ip6-group": ip6(UDP, PORTS, destination="ff020000000000000000000000000001"),
    "ip6-link": ip6(UDP, PORTS, destination="fe800000000000000000000000000001"),
    "arp": frame(0x0806, bytes(28)),
    "vlan": frame(0x8100, bytes.fromhex("00070800") + ip4(UDP, PORTS)[14:]),
    "cut": ip4(UDP, b"")[:-1],
}
if __name__ == "__main__":
    folder = pathlib.Path(__file__).resolve().parent / "fuzz_corpus"
    folder.mkdir(exist_ok=True)
    for name, data in seeds.items():
        (folder / name).write_bytes(OWN + data)
