#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of vxlan_fuzz: kinds (IPv6, two buffers, ECN, length of the first), then UDP, VXLAN and a frame."""
import pathlib
import struct


def frame(source=b"\x02\0\0\0\0\x01", payload=b"payload" * 4):
    ip = bytes.fromhex("450000300000400040110000c0a80001c0a80002") + struct.pack(">HHHH", 1, 2, 28, 0) + bytes(20)
    return b"\x02\0\0\0\0\x02" + source + b"\x08\0" + ip + payload


def seed(kind=0, vni=9, flags=8, inner=None, length=None, checksum=0, reserved=0):
    behind = struct.pack(">BBHI", flags, 0, 0, vni << 8 | reserved) + (frame() if inner is None else inner)
    length = 8 + len(behind) if length is None else length
    return bytes([kind]) + struct.pack(">HHHH", 50000, 4789, length, checksum) + behind


seeds = {
    "plain": seed(),
    "ip6": seed(kind=1),
    "two-buffers": seed(kind=2 | 15 << 4),
    "two-buffers-in-header": seed(kind=2 | 3 << 4),
    "congested": seed(kind=12),
    "capable": seed(kind=8),
    "many": seed(vni=10),
    "many-ip6": seed(kind=1, vni=10),
    "many-from-group": seed(vni=10, inner=frame(source=b"\x03\0\0\0\0\x01")),
    "unknown-vni": seed(vni=11),
    "no-vni": seed(flags=0),
    "reserved": seed(flags=0xFF, reserved=0xFF),
    "checksum": seed(checksum=1),
    "no-frame": seed(inner=b""),
    "half-frame": seed(inner=bytes(13)),
    "shortest-frame": seed(inner=bytes(14)),
    "lying-short": seed(length=20),
    "lying-eight": seed(length=8),
    "tagged": seed(kind=12, inner=frame()[:12] + b"\x81\0\0\x07" + frame()[12:]),
}

folder = pathlib.Path(__file__).parent / "fuzz_corpus"
folder.mkdir(exist_ok=True)
for name, data in seeds.items():
    (folder / name).write_bytes(data)
