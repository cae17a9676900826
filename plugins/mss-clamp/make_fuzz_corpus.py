#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of mss_clamp_fuzz: a limit, then a TCP segment."""
import pathlib
import struct


def segment(options, flags=2, words=None, payload=b"data", most=1280):
    options += bytes(-len(options) % 4)
    words = 5 + len(options) // 4 if words is None else words
    return struct.pack(">HHHIIBBHHH", most, 1000, 80, 1, 0, words << 4, flags, 65535, 0, 0) + options + payload


MSS = b"\x02\x04\x05\xb4"
seeds = {
    "alone": segment(MSS),
    "linux": segment(MSS + bytes.fromhex("0402080a112233440000000001030307")),
    "odd": segment(b"\x01" + MSS),
    "twice": segment(MSS + b"\x02\x04\xff\xff"),
    "syn-ack": segment(MSS, flags=0x12),
    "no-syn": segment(MSS, flags=0x10),
    "behind-end": segment(b"\x00" + MSS),
    "length-0": segment(MSS + b"\x08\x00"),
    "length-beyond": segment(MSS + b"\x08\x40"),
    "short-mss": segment(b"\x02\x03\x05"),
    "offset-under": segment(MSS, words=4),
    "offset-beyond": segment(MSS, words=15, payload=b""),
    "full": segment(b"\x01" * 36 + MSS),
    "cut": segment(MSS)[:21],
    "limit-0": segment(MSS, most=0),
}

folder = pathlib.Path(__file__).parent / "fuzz_corpus"
folder.mkdir(exist_ok=True)
for name, seed in seeds.items():
    (folder / name).write_bytes(seed)
