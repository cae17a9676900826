#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of fragment_fuzz: steps for the model, and packets for the nodes."""
import pathlib
import struct

UDP, HOP_BY_HOP, FRAGMENT = 17, 0, 44
REASSEMBLE, VIRTUAL, CUT, SEGMENTS = 8, 2, 4, 1


def step(datagram, begin, length, more=True, wait=0, change=0, segment=60):
    """One fragment for the model; `begin` in units of 8 bytes."""
    return bytes([datagram | (4 if wait else 0) | (8 if more else 0) | wait << 4, begin, length - 1, segment << 1 | change])


def checksum(header):
    total = sum(struct.unpack(">%dH" % (len(header) // 2), header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip4(offset, payload, more=True, identification=7, options=b""):
    def header(check):
        return struct.pack(">BBHHHBBH", 0x45 + len(options) // 4, 0, 20 + len(options) + len(payload), identification,
                           (0x2000 if more else 0) | offset // 8, 64, UDP, check) + bytes([10, 0, 0, 1, 10, 0, 0, 2]) + options
    return header(checksum(header(0))) + payload


def ip6(offset, payload, more=True, fragment=True, options=False):
    body = payload
    following = UDP
    if fragment:
        body = struct.pack(">BBHI", UDP, 0, offset | more, 9) + payload
        following = FRAGMENT
    if options:
        body = struct.pack(">BBBBI", following, 0, 1, 4, 0) + body
        following = HOP_BY_HOP
    address = bytes.fromhex("20010db80000000000000000000000")
    return struct.pack(">IHBB", 0x60000000, len(body), following, 64) + address + b"\1" + address + b"\2" + body


def packets(how, *parts):
    return bytes([how]) + b"".join(struct.pack("<H", len(part)) + part for part in parts)


def model(*steps):
    return b"\0" + b"".join(steps)


HEADER = struct.pack(">HHHH", 1000, 80, 32, 0)
FIRST, LAST = HEADER + bytes(16), bytes(range(9))
seeds = {
    "model-order": model(step(0, 0, 16), step(0, 2, 16), step(0, 4, 5, False)),
    "model-reverse": model(step(0, 4, 5, False), step(0, 2, 16), step(0, 0, 16)),
    "model-overlap": model(step(1, 0, 16), step(1, 1, 16), step(1, 2, 8, False)),
    "model-duplicate": model(step(1, 0, 16), step(1, 0, 16), step(1, 0, 16, change=1)),
    "model-end": model(step(2, 4, 5, False), step(2, 8, 8), step(2, 0, 32)),
    "model-time": model(step(3, 0, 16), *[step(0, 0, 8, wait=15)] * 8, step(3, 2, 3, False)),
    "ip4": packets(REASSEMBLE, ip4(24, LAST, False), ip4(0, FIRST)),
    "ip4-segments": packets(REASSEMBLE | SEGMENTS, ip4(0, bytes(200)), ip4(200, LAST, False)),
    "ip4-options": packets(REASSEMBLE, ip4(0, FIRST, options=bytes.fromhex("94040000")), ip4(24, LAST, False)),
    "ip6": packets(REASSEMBLE, ip6(24, LAST, False), ip6(0, FIRST)),
    "ip6-options": packets(REASSEMBLE | SEGMENTS, ip6(0, FIRST, options=True), ip6(24, LAST, False, options=True)),
    "ip6-atomic": packets(REASSEMBLE, ip6(0, FIRST, False)),
    "virtual-ip4": packets(VIRTUAL, ip4(24, LAST, False), ip4(0, FIRST), ip4(0, FIRST)),
    "virtual-ip6": packets(VIRTUAL, ip6(24, LAST, False), ip6(0, FIRST, options=True)),
    "cut-ip4": packets(CUT, ip4(0, bytes(700), False, options=bytes.fromhex("9404000007070400000000000101")[:12])),
    "cut-ip4-fragment": packets(CUT | SEGMENTS, ip4(80, bytes(400))),
    "cut-ip6": packets(CUT, ip6(0, bytes(700), fragment=False, options=True)),
}
folder = pathlib.Path(__file__).parent / "fuzz_corpus"
folder.mkdir(exist_ok=True)
for name, seed in seeds.items():
    (folder / name).write_bytes(seed)
