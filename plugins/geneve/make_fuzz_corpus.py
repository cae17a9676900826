#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of geneve_fuzz: a byte of choices, then what is behind the outer IP header, or a text of options."""
import pathlib

OVER_IP4, OVER_IP6, TEXT = 0, 1, 0x80
CONGESTED = 3 << 2
UDP = bytes.fromhex("c35017c1" "ffff" "0000")
PACKET4 = bytes.fromhex("4500001c000000004011000000000000" "0a0000010a000002") + bytes(8)
FRAME = bytes.fromhex("0200000000010200000000020800") + PACKET4


def geneve(header, payload):
    return UDP + bytes.fromhex(header.replace(" ", "")) + payload


seeds = {
    "frame": (OVER_IP4, geneve("0000 6558 00000500", FRAME)), "frame6": (OVER_IP6, geneve("0000 6558 00000500", FRAME)),
    "packet": (OVER_IP4, geneve("0000 0800 00000700", PACKET4)), "congested": (OVER_IP4 | CONGESTED, geneve("0000 6558 00000500", FRAME)),
    "mark": (OVER_IP4, geneve("0240 6558 00000600 0102 80 01 00000009", FRAME)),
    "known": (OVER_IP4, geneve("0140 6558 00000600 0103 81 00", FRAME)),
    "unknown": (OVER_IP4, geneve("0140 6558 00000500 0104 81 00", FRAME)),
    "lying-option": (OVER_IP4, geneve("0100 6558 00000600 0102 80 1f", FRAME)),
    "lying-length": (OVER_IP4, geneve("3f00 6558 00000500", FRAME)), "control": (OVER_IP4, geneve("0080 6558 00000500", b"")),
    "version": (OVER_IP4, geneve("4000 6558 00000500", FRAME)), "cut": (OVER_IP4, geneve("0000 65", b"")),
    "text": (TEXT, b"0102:80:mark,0103:01:0a0b0c0d,ffff:7f:known"), "text-bad": (TEXT, b"0102:80:00,,:"),
}

folder = pathlib.Path(__file__).parent / "fuzz_corpus"
folder.mkdir(exist_ok=True)
for name, (choice, payload) in seeds.items():
    (folder / name).write_bytes(bytes([choice]) + payload)
