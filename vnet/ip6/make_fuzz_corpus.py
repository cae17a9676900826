#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of ip6_fuzz: a byte of how, then frames, each behind its length. Checksums are left to the fuzzer."""
import ipaddress
import pathlib
import struct

ROUTER = bytes.fromhex("0200000000a0")
HOST = bytes.fromhex("0200000000b1")
RIGHT_SUMS, FROM_WAN = 1, 2


def address(text):
    return ipaddress.IPv6Address(text).packed


def ip6(source, destination, kind, payload, hops=64):
    return struct.pack(">IHBB", 6 << 28, len(payload), kind, hops) + address(source) + address(destination) + payload


def frame(packet, to=ROUTER):
    if packet[24] == 0xFF:
        to = b"\x33\x33" + packet[36:40]
    return to + HOST + b"\x86\xdd" + packet


def udp(port, data=b"data"):
    return struct.pack(">HHHH", 1000, port, 8 + len(data), 0) + data


def icmp(kind, rest, code=0):
    return struct.pack(">BBH", kind, code, 0) + rest


def echo(data=b"odd"):
    return icmp(128, struct.pack(">HH", 7, 1) + data)


def mac_option(kind, mac=HOST):
    return struct.pack(">BB", kind, 1) + mac


def header(following, payload, options=b""):
    """An extension header with options, padded."""
    size = (2 + len(options) + 7) // 8 * 8
    padding = size - 2 - len(options)
    options += bytes([0]) if padding == 1 else struct.pack(">BB", 1, padding - 2) + bytes(padding - 2) if padding else b""
    return struct.pack(">BB", following, size // 8 - 1) + options + payload


def fragment(following, offset, more, payload):
    return struct.pack(">BBHI", following, 0, offset | more, 7) + payload


us, our_link, host, far = "2001:db8::1", "fe80::ff:fe00:a0", "2001:db8::9", "2001:db8:99::1"
solicit = ip6(host, "ff02::1:ff00:1", 58, icmp(135, bytes(4) + address(us) + mac_option(1)), 255)
advertise = ip6(host, us, 58, icmp(136, b"\x60\0\0\0" + address(host) + mac_option(2)), 255)
to_host = ip6(far, host, 17, udp(9))
alert = b"\x05\x02\0\0"
seeds = {
    "forward": [ip6(host, far, 17, udp(9))],
    "hop-limit-expired": [ip6(host, far, 17, udp(9), 1)],
    "prohibited": [ip6(host, "2001:db8:60::1", 6, bytes(20))],
    "redirected": [ip6(host, "2001:db8:50::1", 17, udp(9))],
    "too-long": [ip6(host, far, 17, udp(9, bytes(1480)))],
    "ping": [ip6(host, us, 58, echo())],
    "ping-link-local": [ip6("fe80::9", our_link, 58, echo())],
    "ping-all-nodes": [ip6("fe80::9", "ff02::1", 58, echo())],
    "ping-behind-headers": [ip6(host, us, 0, header(60, header(58, echo()), alert))],
    "beyond-scope": [ip6("fe80::9", far, 17, udp(9))],
    "dns": [ip6(host, us, 17, udp(53))],
    "no-port": [ip6(host, us, 17, udp(54))],
    "no-protocol": [ip6(host, us, 132, bytes(12))],
    "routing-header": [ip6(host, us, 43, struct.pack(">BBBBI", 17, 2, 0, 1, 0) + address(far) + udp(9))],
    "unknown-option": [ip6(host, us, 0, header(17, udp(53), b"\x9e\x01\0"))],
    "bad-option": [ip6(host, us, 60, header(17, udp(53), b"\x1e\x09\0\0\0\0"))],
    "first-fragment": [ip6(host, us, 44, fragment(17, 0, 1, udp(53, bytes(16))))],
    "last-fragment": [ip6(host, far, 44, fragment(17, 1232, 0, bytes(9)))],
    "atomic-fragment": [ip6(host, us, 44, fragment(58, 0, 0, echo()))],
    "authenticated": [ip6(host, far, 51, struct.pack(">BBHII", 17, 4, 0, 1, 1) + bytes(12) + udp(9))],
    "error": [ip6(host, us, 58, icmp(1, bytes(4) + to_host))],
    "solicitation": [solicit],
    "solicitation-for-detection": [ip6("::", "ff02::1:ff00:1", 58, icmp(135, bytes(4) + address(us)), 255)],
    "advertisement": [advertise],
    "router-solicitation": [ip6("fe80::9", "ff02::2", 58, icmp(133, bytes(4) + mac_option(1)), 255)],
    "router-advertisement": [ip6("fe80::9", "ff02::1", 58, icmp(134, b"\x40\0\x07\x08" + bytes(8) + mac_option(1)), 255)],
    "redirect": [ip6("fe80::9", us, 58, icmp(137, bytes(4) + address("fe80::7") + address(far) + mac_option(2)), 255)],
    "resolve": [to_host, advertise],
    "learn-then-moves": [solicit, advertise, to_host, advertise.replace(HOST, HOST[:5] + b"\xb3")],
    "listener-query": [ip6("fe80::9", "ff02::1", 0, header(58, icmp(130, struct.pack(">HH", 1000, 0) + address("::") +
                                                                   struct.pack(">BBH", 2, 125, 0)), alert), 1)],
    "listener-query-for-sources": [ip6("fe80::9", "ff02::1:ff00:1", 0, header(58, icmp(130, struct.pack(">HH", 0x8765, 0) +
                                   address("ff02::1:ff00:1") + struct.pack(">BBH", 2, 125, 1) + address(host)), alert), 1)],
    "listener-query-old": [ip6("fe80::9", "ff02::1", 0, header(58, icmp(130, struct.pack(">HH", 10000, 0) + address("::")),
                                                               alert), 1)],
    "listener-report": [ip6("fe80::9", "ff02::16", 0, header(58, icmp(143, struct.pack(">HHBBH", 0, 1, 4, 0, 0) + address("ff05::7")), alert), 1)],
}
folder = pathlib.Path(__file__).parent / "fuzz_corpus"
folder.mkdir(exist_ok=True)


def write(name, how, packets):
    frames = [frame(packet) for packet in packets]
    (folder / name).write_bytes(bytes([how]) + b"".join(struct.pack(">H", len(one)) + one for one in frames))


for name, packets in seeds.items():
    write(name, RIGHT_SUMS, packets)
write("by-wan", RIGHT_SUMS | FROM_WAN, seeds["forward"])
write("segments", RIGHT_SUMS | 40 << 2, seeds["ping"])
