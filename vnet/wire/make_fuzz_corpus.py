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


IP6_1 = bytes.fromhex("20010db8000000000000000000000001")
IP6_2 = bytes.fromhex("20010db8000000000000000000000002")
LINK_1 = bytes.fromhex("fe800000000000000000000000000001")
GROUP = bytes.fromhex("ff0200000000000000000001ff000002")
ALL = bytes.fromhex("ff020000000000000000000000000001")


def ip6(protocol: int, payload: bytes, source: bytes = IP6_1, destination: bytes = IP6_2,
        hop_limit: int = 64) -> bytes:
    return struct.pack("!IHBB", 0x60000000, len(payload), protocol, hop_limit) + source + destination + payload


def l4_6(protocol: int, segment: bytes, offset: int, source: bytes = IP6_1, destination: bytes = IP6_2) -> bytes:
    pseudo = source + destination + struct.pack("!II", len(segment), protocol)
    return segment[:offset] + struct.pack("!H", checksum(pseudo + segment)) + segment[offset + 2:]


def udp6(data: bytes) -> bytes:
    return l4_6(17, struct.pack("!HHHH", 1000, 2000, 8 + len(data), 0) + data, 6)


def icmp6(kind: int, code: int, rest: bytes, source: bytes = IP6_1, destination: bytes = IP6_2) -> bytes:
    return l4_6(58, struct.pack("!BBH", kind, code, 0) + rest, 2, source, destination)


def nd(kind: int, rest: bytes, destination: bytes) -> bytes:
    return ethernet(0x86DD, ip6(58, icmp6(kind, 0, rest, LINK_1, destination), LINK_1, destination, 255))


def igmp(group: bytes, tail: bytes, destination: bytes) -> bytes:
    """A query, with a router alert."""
    def message(value: int) -> bytes:
        return struct.pack("!BBH", 0x11, 10, value) + group + tail

    def header(value: int) -> bytes:
        return (struct.pack("!BBHHHBBH", 0x46, 0xC0, 24 + len(message(0)), 1, 0, 1, 2, value) + IP_1 + destination
                + bytes.fromhex("94040000"))
    return header(checksum(header(0))) + message(checksum(message(0)))


LINK_ADDRESS = b"\x01\x01" + MAC_1
RA_OPTIONS = (LINK_ADDRESS + bytes.fromhex("05010000000005dc")
              + bytes.fromhex("030440c0ffffffff0000384000000000") + IP6_1[:8] + bytes(8)
              + bytes.fromhex("1903000000000258") + IP6_2
              + bytes.fromhex("1802301800000384") + IP6_1[:8]
              + bytes.fromhex("1f03000000000258") + b"\x07example\x03org\0\0\0\0")
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
    "ip6-ping": ethernet(0x86DD, ip6(58, icmp6(128, 0, struct.pack("!HH", 1, 1) + bytes(range(32))))),
    "ip6-extensions": ethernet(0x86DD, ip6(0, bytes.fromhex("3c00050200000100" "2b00010400000000"
                                                            "2c02020100000000") + IP6_2
                                           + bytes.fromhex("3300000000000001" "1104000000000001" "00000001")
                                           + bytes(12) + udp6(b"data"))),
    "ip6-routing-0": ethernet(0x86DD, ip6(43, bytes.fromhex("1102000100000000") + IP6_1 + udp6(b""))),
    "ip6-fragment-first": ethernet(0x86DD, ip6(44, bytes.fromhex("1100000100000001") + udp6(bytes(24)))),
    "ip6-fragment-last": ethernet(0x86DD, ip6(44, bytes.fromhex("1100002000000001") + bytes(9))),
    "ip6-too-big": ethernet(0x86DD, ip6(58, icmp6(2, 0, struct.pack("!I", 1280) + ip6(17, udp6(b"x"))))),
    "ip6-bare": ip6(17, udp6(b"odd")),
    "ip6-in-ip4": ethernet(0x0800, ip4(41, ip6(17, udp6(b"inner")))),
    "nd-solicitation": nd(135, bytes(4) + LINK_1[:15] + b"\x02" + LINK_ADDRESS, GROUP),
    "nd-advertisement": nd(136, bytes.fromhex("60000000") + LINK_1 + b"\x02" + LINK_ADDRESS[1:], LINK_1),
    "nd-router-solicitation": nd(133, bytes(4) + LINK_ADDRESS, ALL),
    "nd-router-advertisement": nd(134, bytes.fromhex("404807080000000000000000") + RA_OPTIONS, ALL),
    "nd-redirect": nd(137, bytes(4) + LINK_1 + IP6_2 + bytes.fromhex("0406000000000000")
                      + ip6(59, b""), IP6_1),
    "nd-option-0": nd(135, bytes(4) + LINK_1 + bytes(8), GROUP),
    "gre-all": bytes.fromhex("b00065580000000000000001000000020102030405"),
    "gre-key": bytes.fromhex("2000080000000007") + ip4(17, udp(b"inner")),
    "geneve-options": bytes.fromhex("03c06558123456ff" "010283e1aabbccdd" "ffff0100") + ethernet(0x0800, ip4(17, udp(b"inner"))),
    "geneve-lying-option": bytes.fromhex("0200655800000100" "01020302aabbccdd"),
    "igmp-query-2": igmp(bytes(4), b"", bytes([224, 0, 0, 1])),
    "igmp-query-3": igmp(bytes([239, 1, 1, 9]), bytes.fromhex("027d0001") + IP_2, bytes([239, 1, 1, 9])),
    "text-address6": b"2001:db8:0:0:1::ffff:1",
    "text-address6-mapped": b"::ffff:192.0.2.1",
    "text-prefix6": b"2001:db8::/32",
    "text-address": b"192.0.2.1",
    "text-prefix": b"198.51.100.0/24",
    "text-mac": b"02:00:5e:10:00:01",
}

if __name__ == "__main__":
    directory = pathlib.Path(__file__).resolve().parent / "fuzz_corpus"
    directory.mkdir(exist_ok=True)
    for name, seed in SEEDS.items():
        (directory / name).write_bytes(seed)
