#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of bridge_fuzz: frames that teach a bridge, and questions that it then answers."""
import ipaddress
import pathlib
import struct

A, B, ROUTER = 0, 1, 3
ONE, TWO, ME = (bytes.fromhex(text) for text in ("020000000001", "020000000002", "02000000000a"))
ALL, LLDP = b"\xff" * 6, bytes.fromhex("0180c200000e")
IP_ONE, IP_TWO, IP_ME = (bytes([10, 0, 0, last]) for last in (1, 2, 10))
V6_ONE, V6_TWO = (ipaddress.ip_address(f"fe80::{last}").packed for last in (1, 2))
NODES = ipaddress.ip_address("ff02::1:ff00:2").packed
SOLICITED = bytes.fromhex("3333ff000002")


def arp(sender, sender_ip, target_ip, operation=1, to=ALL, target=bytes(6)):
    return to + sender + struct.pack(">HHHBBH", 0x0806, 1, 0x0800, 6, 4, operation) + sender + sender_ip + target + target_ip


def nd(source, source_ip, to, to_ip, kind, flags, target, options=b""):
    body = struct.pack(">BBHI", kind, 0, 0, flags << 24) + target + options
    pseudo = source_ip + to_ip + struct.pack(">II", len(body), 58) + body
    total = sum(struct.unpack(f">{len(pseudo) // 2}H", pseudo))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    body = body[:2] + struct.pack(">H", ~total & 0xFFFF) + body[4:]
    return to + source + b"\x86\xdd" + struct.pack(">IHBB", 6 << 28, len(body), 58, 255) + source_ip + to_ip + body


def seed(*frames):
    return b"".join(struct.pack(">BH", who, len(frame)) + frame for who, frame in frames)


request = arp(ONE, IP_ONE, IP_TWO)
reply = arp(TWO, IP_TWO, IP_ONE, 2, ONE, ONE)
solicitation = nd(ONE, V6_ONE, SOLICITED, NODES, 135, 0, V6_TWO, b"\x01\x01" + ONE)
advertisement = nd(TWO, V6_TWO, ONE, V6_ONE, 136, 0x60, V6_TWO, b"\x02\x01" + TWO)
data = TWO + ONE + b"\x88\xb5" + bytes(46)

seeds = {
    "arp": seed((A, request), (B, reply), (A, request)),
    "arp-from-router": seed((B, reply), (ROUTER, arp(ME, IP_ME, IP_TWO))),
    "arp-for-router": seed((ROUTER, arp(ME, IP_ME, IP_ONE)), (A, arp(ONE, IP_ONE, IP_ME))),
    "arp-probe": seed((B, reply), (A, arp(ONE, bytes(4), IP_TWO))),
    "arp-announcement": seed((B, arp(TWO, IP_TWO, IP_TWO)), (A, request)),
    "arp-moves": seed((B, reply), (A, arp(ONE, IP_TWO, IP_ONE)), (B, arp(TWO, bytes([10, 0, 0, 3]), IP_TWO))),
    "nd": seed((A, solicitation), (B, advertisement), (A, solicitation)),
    "nd-router-flag": seed((B, nd(TWO, V6_TWO, ONE, V6_ONE, 136, 0xE0, V6_TWO, b"\x02\x01" + TWO)), (A, solicitation)),
    "nd-no-override": seed((B, advertisement), (A, nd(ONE, V6_TWO, TWO, V6_ONE, 136, 0x40, V6_TWO, b"\x02\x01" + ONE)),
                           (A, solicitation)),
    "nd-duplicate": seed((B, advertisement), (A, nd(ONE, bytes(16), SOLICITED, NODES, 135, 0, V6_TWO))),
    "nd-nonce": seed((B, advertisement), (A, nd(ONE, V6_ONE, SOLICITED, NODES, 135, 0, V6_TWO, b"\x0e\x01" + bytes(6)))),
    "data": seed((A, data), (B, ONE + TWO + b"\x88\xb5" + bytes(46)), (A, data)),
    "link-local-group": seed((A, LLDP + ONE + b"\x88\xcc" + bytes(46))),
    "short": seed((A, data[:13])),
}

folder = pathlib.Path(__file__).parent / "fuzz_corpus"
folder.mkdir(exist_ok=True)
for name, frames in seeds.items():
    (folder / name).write_bytes(frames)
