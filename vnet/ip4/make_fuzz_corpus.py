#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of ip4_fuzz: a byte of how, then a frame to the fuzzed router. Checksums are left to the fuzzer."""
import pathlib
import struct

ROUTER = bytes.fromhex("0200000000a0")
HOST = bytes.fromhex("0200000000b1")
EVERYBODY = b"\xff" * 6
RIGHT_SUMS = 1


def address(text):
    return bytes(int(part) for part in text.split("."))


def ip4(source, destination, protocol, payload, ttl=64, flags=0, options=b""):
    length = 20 + len(options)
    header = struct.pack(">BBHHHBBH", 0x40 | length // 4, 0, length + len(payload), 1, flags, ttl, protocol, 0)
    return header + address(source) + address(destination) + options + payload


def frame(payload, kind=0x0800, to=ROUTER):
    return to + HOST + struct.pack(">H", kind) + payload


def udp(port, data=b"data"):
    return struct.pack(">HHHH", 1000, port, 8 + len(data), 0) + data


def echo(data):
    return struct.pack(">BBHHH", 8, 0, 0, 7, 1) + data


def arp(operation, sender, target):
    return struct.pack(">HHBBH", 1, 0x0800, 6, 4, operation) + HOST + address(sender) + bytes(6) + address(target)


us, host, far = "10.0.0.1", "10.0.0.2", "20.0.0.1"
seeds = {
    "forward": frame(ip4(host, far, 17, udp(9))),
    "ttl-expired": frame(ip4(far, far, 17, udp(9), ttl=1)),
    "prohibited": frame(ip4(far, "50.0.0.1", 6, bytes(20))),
    "ping": frame(ip4(host, us, 1, echo(b"odd"))),
    "ping-broadcast": frame(ip4(host, "10.0.0.255", 1, echo(b"")), to=EVERYBODY),
    "dns": frame(ip4(host, us, 17, udp(53))),
    "no-port": frame(ip4(host, us, 17, udp(54))),
    "no-protocol": frame(ip4(host, us, 132, bytes(12))),
    "fragment": frame(ip4(host, us, 17, udp(53), flags=0x2000)),
    "too-long": frame(ip4(host, far, 17, udp(9, bytes(1480)), flags=0x4000)),
    "router-alert": frame(ip4(host, far, 17, udp(9), options=bytes.fromhex("94040000"))),
    "bad-option": frame(ip4(host, far, 17, udp(9), options=bytes.fromhex("07070300"))),
    "padded": frame(ip4(host, far, 17, b"")) + bytes(26),
    "arp-request": frame(arp(1, host, us), 0x0806, EVERYBODY),
    "arp-reply": frame(arp(2, host, us), 0x0806),
}
folder = pathlib.Path(__file__).parent / "fuzz_corpus"
folder.mkdir(exist_ok=True)
for name, data in seeds.items():
    (folder / name).write_bytes(bytes([RIGHT_SUMS]) + data)
(folder / "segments").write_bytes(bytes([RIGHT_SUMS | 50 << 1]) + seeds["ping"] + bytes(40))
