#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of qos_fuzz: entries of maps, and packets with what they were treated as."""
import pathlib
import struct


def ip4(protocol=17, tos=0, payload=b"", fragment=0, words=5):
    return struct.pack(">BBHHHBBH4s4s", 4 << 4 | words, tos, words * 4 + len(payload), 1, fragment, 64, protocol, 0xbeef,
                       bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])) + payload


def ip6(next_header=17, traffic_class=0, payload=b""):
    return struct.pack(">IHBB16s16s", 6 << 28 | traffic_class << 20, len(payload), next_header, 64, bytes(15) + b"\1",
                       bytes(15) + b"\2") + payload


def packet(family, bytes_, treatment=0):
    return struct.pack("<BI", family, treatment) + bytes_


UDP = struct.pack(">HHHH", 5000, 1500, 12, 0) + b"data"
TCP = struct.pack(">HHIIHHHH", 5000, 80, 1, 0, 5 << 12, 100, 0, 0)
seeds = {
    "entry": b"\0" + b"46=5", "entry-range": b"\0" + b"8-15=1:yellow", "entry-bad": b"\0" + b"64=:blue",
    "udp": packet(1, ip4(payload=UDP)),
    "tcp-expedited": packet(1, ip4(6, 46 << 2 | 1, TCP)),
    "marked": packet(1, ip4(1), 0x5c2),
    "red": packet(1, ip4(payload=UDP), 0x180),
    "fragment": packet(1, ip4(payload=UDP, fragment=0x2000)),
    "later-fragment": packet(1, ip4(payload=UDP, fragment=0x2010)),
    "options": packet(1, ip4(payload=bytes(40) + UDP, words=15)),
    "cut": packet(1, ip4()[:19]),
    "udp6": packet(6, ip6(payload=UDP)),
    "tcp6": packet(6, ip6(6, 46 << 2 | 3, TCP)),
    "hop-by-hop6": packet(6, ip6(0, 0, bytes([17, 0, 1, 4, 0, 0, 0, 0]) + UDP)),
    "fragment6": packet(6, ip6(44, 0, struct.pack(">BBHI", 17, 0, 1, 7) + UDP)),
    "cut6": packet(6, ip6()[:39]),
}

folder = pathlib.Path(__file__).parent / "fuzz_corpus"
folder.mkdir(exist_ok=True)
for name, seed in seeds.items():
    (folder / name).write_bytes(seed)
