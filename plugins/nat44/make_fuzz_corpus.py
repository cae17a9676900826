#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of nat44_rewrite_fuzz: choices, tuple and address to translate to, then an IPv4 packet; and those of
nat44_fuzz: packets, each behind a byte that says how it is made and one of its length."""
import pathlib
import socket
import struct

INSIDE, OUTSIDE, REMOTE, ROUTER = "192.168.1.10", "203.0.113.5", "198.51.100.7", "192.0.2.1"
TCP, UDP, ICMP, ESP, SCTP = 6, 17, 1, 50, 132


def endpoint(address, port):
    return socket.inet_aton(address) + struct.pack(">H", port)


def ip4(protocol, payload, source=OUTSIDE, destination=REMOTE, options=b"", fragment=0, length=None):
    words = 5 + len(options) // 4
    total = words * 4 + len(payload) if length is None else length
    return (struct.pack(">BBHHHBBH", 0x40 | words, 0, total, 1, fragment, 64, protocol, 0)
            + socket.inet_aton(source) + socket.inet_aton(destination) + options + payload)


def tcp(data=b"data"):
    return struct.pack(">HHIIBBHHH", 1024, 443, 1, 0, 0x50, 0x10, 65535, 0, 0) + data


def udp(data=b"data", checksum=0x1234):
    return struct.pack(">HHHH", 1024, 53, 8 + len(data), checksum) + data


def icmp(kind, identifier=7, data=b"data"):
    return struct.pack(">BBHHH", kind, 0, 0, identifier, 1) + data


def error(quote, kind=3, words=0, extension=b""):
    return ip4(ICMP, struct.pack(">BBHBBH", kind, 4, 0, 0, words, 1400) + quote + extension, ROUTER, OUTSIDE)


def seed(packet, choices=3, port=40000):
    to = endpoint(INSIDE, port) + endpoint(REMOTE, 443 if port else 0)
    return bytes([choices]) + to + socket.inet_aton(ROUTER) + packet


OPTIONS = bytes.fromhex("94040000070704c000020100")
seeds = {
    "tcp": ip4(TCP, tcp()),
    "tcp-options": ip4(TCP, tcp(), options=OPTIONS),
    "tcp-first-fragment": ip4(TCP, tcp(), fragment=0x2000),
    "tcp-later-fragment": ip4(TCP, bytes(32), fragment=0x2004),
    "tcp-cut": ip4(TCP, tcp()[:17]),
    "udp": ip4(UDP, udp()),
    "udp-odd": ip4(UDP, udp(b"odd")),
    "udp-options": ip4(UDP, udp(), options=OPTIONS),
    "udp-cut": ip4(UDP, udp()[:7]),
    "echo-request": ip4(ICMP, icmp(8)),
    "echo-reply": ip4(ICMP, icmp(0)),
    "timestamp-request": ip4(ICMP, icmp(13, data=bytes(12))),
    "timestamp-reply": ip4(ICMP, icmp(14, data=bytes(12))),
    "router-solicitation": ip4(ICMP, icmp(10)),
    "esp": ip4(ESP, bytes(24)),
    "sctp": ip4(SCTP, bytes(24)),
    "error-tcp": error(ip4(TCP, tcp())),
    "error-tcp-8": error(ip4(TCP, tcp())[:28]),
    "error-tcp-17": error(ip4(TCP, tcp())[:37]),
    "error-tcp-options": error(ip4(TCP, tcp(), options=OPTIONS)),
    "error-tcp-fragment": error(ip4(TCP, bytes(16), fragment=0x2004), 11),
    "error-udp": error(ip4(UDP, udp())),
    "error-udp-8": error(ip4(UDP, udp(bytes(100)))[:28], 11),
    "error-udp-padded": error(ip4(UDP, udp(b"")) + bytes(100), 11, 32, bytes.fromhex("20009b2c00040101")),
    "error-echo": error(ip4(ICMP, icmp(8)), 11),
    "error-reply": error(ip4(ICMP, icmp(0)), 12),
    "error-error": error(ip4(ICMP, icmp(3, data=ip4(UDP, udp())))),
    "error-esp": error(ip4(ESP, bytes(24)), 4),
    "error-redirect": error(ip4(UDP, udp()), 5),
    "error-cut": error(ip4(UDP, udp())[:24]),
    "error-header-cut": error(ip4(UDP, udp())[:12]),
    "error-short-length": error(ip4(TCP, tcp(), length=30)),
}
variants = {
    "echo-zeros": seed(ip4(ICMP, icmp(0, data=bytes(9))[:6] + bytes(11)), port=0),
    "udp-none": seed(ip4(UDP, udp(checksum=0)), choices=0),
    "udp-wrong": seed(ip4(UDP, udp()), choices=0),
    "error-wrong": seed(error(ip4(UDP, udp())), choices=0),
    "error-quote-wrong": seed(error(ip4(UDP, udp())), choices=1),
}
variants |= {name: seed(packet) for name, packet in seeds.items()}

folder = pathlib.Path(__file__).parent / "fuzz_corpus"
folder.mkdir(exist_ok=True)
for name, content in variants.items():
    (folder / name).write_bytes(content)

# ---- nat44_fuzz ----

FROM_WAN, RIGHT, ANSWERS, QUOTES, AGAIN, TOGETHER = (1 << bit for bit in range(6))
FAR = "203.0.113.9"


def step(how, packet):
    return bytes([how | RIGHT, len(packet)]) + packet


def from_inside(protocol, payload, source="10.1.0.2", **more):
    return ip4(protocol, payload, source, FAR, **more)


def to_outside(protocol, payload, destination="198.51.100.2", **more):
    return ip4(protocol, payload, FAR, destination, **more)


def there_and_back(protocol, payload, answer, source):
    return (step(0, from_inside(protocol, payload, source)) + step(FROM_WAN | ANSWERS, to_outside(protocol, answer))
            + step(AGAIN, from_inside(protocol, payload, source)) + step(FROM_WAN | QUOTES, to_outside(ICMP, icmp(11)))
            + step(QUOTES, from_inside(ICMP, icmp(3), source)))


programs = {f"{name}-{at}": there_and_back(protocol, asks, answers, source)
            for name, protocol, asks, answers in (("tcp", TCP, tcp(), tcp()), ("udp", UDP, udp(), udp()),
                                                  ("echo", ICMP, icmp(8), icmp(0)), ("esp", ESP, bytes(24), bytes(24)),
                                                  ("sctp", SCTP, bytes(24), bytes(24)))
            for at, source in (("shared", "10.9.0.2"), ("open", "10.1.0.2"), ("blocks", "10.2.0.2"), ("static", "10.3.0.4"))}
pieces = [from_inside(UDP, udp(bytes(8)), fragment=0x2000), from_inside(UDP, bytes(16), fragment=0x2002),
          from_inside(UDP, bytes(16), fragment=4)]
programs |= {
    "pieces": b"".join(step(TOGETHER, pieces[at]) for at in (0, 1, 2)),
    "pieces-backwards": b"".join(step(0, pieces[at]) for at in (2, 1, 0)),
    "forward": step(FROM_WAN, to_outside(TCP, struct.pack(">HHIIBBHHH", 999, 80, 1, 0, 0x50, 2, 9, 0, 0))) + step(AGAIN, from_inside(TCP, tcp())),
    "hairpin": step(0, from_inside(UDP, udp())) + step(0, ip4(UDP, udp(), "10.1.0.3", "198.51.100.2")),
    "hairpin-forward": step(0, ip4(TCP, struct.pack(">HHIIBBHHH", 999, 80, 1, 0, 0x50, 2, 9, 0, 0), "10.2.0.3", "198.51.100.2"))
                       + step(AGAIN, from_inside(TCP, tcp())) + step(QUOTES, from_inside(ICMP, icmp(3))),
    "stranger": step(0, from_inside(UDP, udp())) + step(FROM_WAN, to_outside(UDP, udp())),
    "one-to-one": step(FROM_WAN, to_outside(UDP, udp(), "198.51.100.4")) + step(AGAIN, from_inside(UDP, udp())),
    "cut": step(0, from_inside(TCP, tcp()[:9])) + step(0, from_inside(UDP, udp()[:3])) + step(0, from_inside(ICMP, icmp(8)[:5])),
}
folder = pathlib.Path(__file__).parent / "fuzz_corpus_way"
folder.mkdir(exist_ok=True)
for name, content in programs.items():
    (folder / name).write_bytes(content)
