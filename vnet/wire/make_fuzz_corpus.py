#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of wire_fuzz to fuzz_corpus/. Run it again after changing a seed."""

import pathlib
import struct

MAC_1 = bytes.fromhex("020000000001")
MAC_2 = bytes.fromhex("020000000002")
IP_1 = bytes([10, 0, 0, 1])
IP_2 = bytes([10, 0, 0, 2])


def checksum(data: bytes) -> int:
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ethernet(kind: int, payload: bytes) -> bytes:
    return MAC_2 + MAC_1 + struct.pack("!H", kind) + payload


def vlan(number: int, kind: int, payload: bytes) -> bytes:
    return struct.pack("!HH", number, kind) + payload


def ip4(protocol: int, payload: bytes, options: bytes = b"", fragment: int = 0) -> bytes:
    def header(value: int) -> bytes:
        return struct.pack("!BBHHHBBH", 0x45 + len(options) // 4, 0,
                           20 + len(options) + len(payload), 1, fragment, 64, protocol,
                           value) + IP_1 + IP_2 + options
    return header(checksum(header(0))) + payload


def l4(protocol: int, segment: bytes, offset: int) -> bytes:
    pseudo = IP_1 + IP_2 + struct.pack("!HH", protocol, len(segment))
    value = struct.pack("!H", checksum(pseudo + segment))
    return segment[:offset] + value + segment[offset + 2:]


def udp(data: bytes) -> bytes:
    return l4(17, struct.pack("!HHHH", 1000, 2000, 8 + len(data), 0) + data, 6)


def tcp(options: bytes, data: bytes) -> bytes:
    words = 5 + len(options) // 4
    return l4(6, struct.pack("!HHIIBBHHH", 1000, 80, 1, 2, words << 4, 0x12, 512, 0, 0)
              + options + data, 16)


def icmp(kind: int, code: int, rest: int, data: bytes) -> bytes:
    def message(value: int) -> bytes:
        return struct.pack("!BBHI", kind, code, value, rest) + data
    return message(checksum(message(0)))


def arp(operation: int) -> bytes:
    return struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation) + MAC_1 + IP_1 + MAC_2 + IP_2


OPTIONS = bytes.fromhex("94040000" "070704" "00000000" "01")
SEEDS = {
    "arp-request": ethernet(0x0806, arp(1)),
    "arp-reply-padded": ethernet(0x0806, arp(2) + bytes(18)),
    "vlan-arp": ethernet(0x8100, vlan(10, 0x0806, arp(1))),
    "qinq-udp": ethernet(0x88A8, vlan(10, 0x8100, vlan(20, 0x0800, ip4(17, udp(b"data"))))),
    "ping": ethernet(0x0800, ip4(1, icmp(8, 0, 0x00010001, bytes(range(32))))),
    "options": ethernet(0x0800, ip4(17, udp(b""), OPTIONS)),
    "timestamp-option": ethernet(0x0800, ip4(17, udp(b""), bytes.fromhex("440c050100000000") + bytes(4))),
    "bad-option": ethernet(0x0800, ip4(17, udp(b""), bytes.fromhex("07ff0400"))),
    "fragment-first": ethernet(0x0800, ip4(17, udp(bytes(24)), fragment=0x2000)),
    "fragment-last": ethernet(0x0800, ip4(17, bytes(16), fragment=0x0004)),
    "tcp": ethernet(0x0800, ip4(6, tcp(bytes.fromhex("020405b4"), b"GET /"))),
    "unreachable": ethernet(0x0800, ip4(1, icmp(3, 4, 1400, ip4(6, tcp(b"", b""))[:28]))),
    "redirect": ethernet(0x0800, ip4(1, icmp(5, 1, 0x0A0000FE, ip4(17, udp(b""))))),
    "ipip": ethernet(0x0800, ip4(4, ip4(17, udp(b"inner")))),
    "bare-ip4": ip4(17, udp(b"odd")),
    "llc": ethernet(3, b"\x42\x42\x03" + bytes(43)),
    "text-address": b"192.0.2.1",
    "text-prefix": b"198.51.100.0/24",
    "text-mac": b"02:00:5e:10:00:01",
}

if __name__ == "__main__":
    directory = pathlib.Path(__file__).resolve().parent / "fuzz_corpus"
    directory.mkdir(exist_ok=True)
    for name, seed in SEEDS.items():
        (directory / name).write_bytes(seed)
