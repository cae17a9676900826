#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of dhcp_client_fuzz: what servers send, and what they should not."""
import pathlib
import struct

COOKIE = bytes.fromhex("63825363")


def option(code, text):
    value = bytes.fromhex(text)
    return bytes([code, len(value)]) + value


def message(kind, *options, operation=2, sname=b"", file=b"", end=b"\xff", cookie=COOKIE):
    head = struct.pack(">BBBBIHHIIII16s64s128s", operation, 1, 6, 0, 0x11223344, 0, 0, 0, 0x0A000007, 0, 0,
                       bytes.fromhex("020000000001"), sname, file)
    return head + cookie + option(53, f"{kind:02x}") + b"".join(options) + end


LEASE = [option(54, "0a000001"), option(1, "ffffff00"), option(51, "00000e10")]
seeds = {
    "offer": message(2, *LEASE),
    "ack": message(5, *LEASE, option(3, "0a000001"), option(6, "0808080808080404"), option(15, "6578616d706c65"),
                   option(26, "0578"), option(58, "0000003c"), option(59, "00000078")),
    "routes": message(5, *LEASE, option(121, "18c000020a000003000a00000420c633640100000000")),
    "routes-cut": message(5, *LEASE, option(121, "18c000020a00")),
    "routes-too-long": message(5, *LEASE, option(121, "21c0000201000a000003")),
    "nak": message(6, option(54, "0a000001"), option(56, "6e6f")),
    "overload": message(5, *LEASE, option(52, "03"), file=option(6, "09090909") + b"\xff", sname=option(15, "6162")),
    "overload-beyond": message(5, *LEASE, option(52, "01"), file=b"\x06\x7f"),
    "parts": message(5, *LEASE, option(6, "0808"), option(6, "0808")),
    "mask-with-holes": message(5, option(1, "ff00ff00")),
    "no-end": message(5, *LEASE, end=b""),
    "code-alone": message(5, end=b"\x0c"),
    "length-beyond": message(5, end=b"\x0c\x09a"),
    "client": message(1, operation=1),
    "bootp": message(5, cookie=b"\0\0\0\0"),
    "cut": message(5)[:200],
}

folder = pathlib.Path(__file__).parent / "fuzz_corpus"
folder.mkdir(exist_ok=True)
for name, seed in seeds.items():
    (folder / name).write_bytes(seed)
