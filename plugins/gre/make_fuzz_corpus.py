#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of gre_fuzz: a byte of choices, then what is behind the outer IP header."""
import pathlib

IP4_IPIP, IP6_IPIP, IP4_GRE, IP6_GRE = 0, 1, 2, 3
CONGESTED = 3 << 2
PACKET4 = bytes.fromhex("4500001c000000004011000000000000" "0a0000010a000002") + bytes(8)
PACKET6 = bytes.fromhex("6000000000081140") + bytes(15) + b"\x01" + bytes(15) + b"\x02" + bytes(8)
FRAME = bytes.fromhex("02000000000102000000000208 00".replace(" ", "")) + PACKET4
TAGGED = bytes.fromhex("02000000000102000000000281000005 86dd".replace(" ", "")) + PACKET6


def gre(header, payload):
    return bytes.fromhex(header.replace(" ", "")) + payload


seeds = {
    "ipip4": (IP4_IPIP, PACKET4), "sit": (IP4_IPIP, PACKET6), "ip6tnl": (IP6_IPIP, PACKET4), "ip6ip6": (IP6_IPIP, PACKET6),
    "ipip-congested": (IP4_IPIP | CONGESTED, PACKET4), "ipip-cut": (IP4_IPIP, PACKET4[:3]),
    "gre": (IP4_GRE, gre("0000 0800", PACKET4)), "gre6": (IP6_GRE, gre("0000 86dd", PACKET6)),
    "gre-key": (IP4_GRE, gre("2000 6558 00000007", FRAME)), "gre-tagged": (IP6_GRE | CONGESTED, gre("2000 6558 00000007", TAGGED)),
    "gre-sequence": (IP4_GRE, gre("3000 0800 00000008 00000001", PACKET4)),
    "gre-checksum": (IP4_GRE, gre("8000 0800 0000 0000", PACKET4)), "gre-version": (IP4_GRE, gre("0001 880b", PACKET4)),
    "gre-routing": (IP4_GRE, gre("4000 0800", PACKET4)), "gre-cut": (IP4_GRE, gre("b000 0800 0000", b"")),
}

folder = pathlib.Path(__file__).parent / "fuzz_corpus"
folder.mkdir(exist_ok=True)
for name, (choice, payload) in seeds.items():
    (folder / name).write_bytes(bytes([choice]) + payload)
