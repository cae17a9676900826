#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of vlan_fuzz: frames with stacks of tags."""
import pathlib
import struct

OURS, PEER, OTHER = (bytes.fromhex(text) for text in ("0200000000a0", "020000000001", "020000000002"))
Q, AD, IP4, ARP = 0x8100, 0x88A8, 0x0800, 0x0806


def frame(*words, to=OURS, payload=bytes(46)):
    return to + PEER + b"".join(struct.pack(">H", word) for word in words) + payload


seeds = {
    "untagged": frame(IP4),
    "exact": frame(Q, 10, IP4),
    "priority": frame(Q, 5 << 13 | 1 << 12 | 10, IP4),
    "provider": frame(AD, 300, Q, 30, IP4),
    "provider-priorities": frame(AD, 1 << 13 | 300, Q, 7 << 13 | 30, IP4),
    "provider-alone": frame(AD, 300, IP4),
    "unknown-inner": frame(AD, 300, Q, 31, IP4),
    "rest": frame(Q, 11, ARP),
    "vlan-0": frame(Q, 3 << 13, IP4),
    "vlan-0-twice": frame(Q, 0, Q, 0, IP4),
    "vlan-0-then-10": frame(Q, 0, Q, 10, IP4),
    "three": frame(AD, 300, Q, 30, Q, 10, IP4),
    "another-station": frame(Q, 10, IP4, to=OTHER),
    "cut-in-tag": frame(Q, payload=b"\x00"),
    "nothing-behind": frame(Q, 0, payload=b""),
}

folder = pathlib.Path(__file__).parent / "fuzz_corpus"
folder.mkdir(exist_ok=True)
for name, seed in seeds.items():
    (folder / name).write_bytes(seed)
