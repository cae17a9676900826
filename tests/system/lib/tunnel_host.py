# SPDX-License-Identifier: Apache-2.0
"""The other end of a tunnel: a device of the kernel whose packets this program puts behind the headers of ipip or GRE, as the RFCs say,
and sends by a raw socket. Run in the host's namespace, as a program of its own, until it is ended."""

import argparse
import ctypes
import fcntl
import os
import select
import socket
import struct

TUNSETIFF, IFF_TUN, IFF_TAP, IFF_NO_PI = 0x400454CA, 1, 2, 0x1000
IPIP, IP6, GRE = 4, 41, 47
CHECKSUM, KEY, SEQUENCE = 0x8000, 0x2000, 0x1000
IPV4, IPV6, ETHERNET = 0x0800, 0x86DD, 0x6558
IP_MTU_DISCOVER, IPV6_MTU_DISCOVER, PMTUDISC_DONT = 10, 23, 0


def internet_checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Gre:
    """RFC 2784 and RFC 2890."""

    def __init__(self, key=None, sequence=False, checksum=False, ethernet=False):
        self.key, self.sequence, self.checksum, self.ethernet = key, sequence, checksum, ethernet
        self.next = 0

    def wrap(self, packet):
        protocol = ETHERNET if self.ethernet else IPV6 if packet[0] >> 4 == 6 else IPV4
        flags = (CHECKSUM if self.checksum else 0) | (KEY if self.key is not None else 0) | (SEQUENCE if self.sequence else 0)
        header = struct.pack("!HH", flags, protocol)
        header += b"\0\0\0\0" if self.checksum else b""
        header += struct.pack("!I", self.key) if self.key is not None else b""
        if self.sequence:
            header += struct.pack("!I", self.next)
            self.next += 1
        whole = header + packet
        if self.checksum:
            whole = whole[:4] + struct.pack("!H", internet_checksum(whole)) + whole[6:]
        return GRE, whole

    def unwrap(self, _, data):
        """The packet in it, or None for one that this tunnel does not take."""
        flags, protocol = struct.unpack_from("!HH", data)
        at, key = 4, None
        if flags & CHECKSUM:
            if internet_checksum(data) != 0:
                return None
            at += 4
        if flags & KEY:
            key, at = struct.unpack_from("!I", data, at)[0], at + 4
        if flags & SEQUENCE:
            at += 4
        wanted = (ETHERNET,) if self.ethernet else (IPV4, IPV6)
        good = key == self.key and bool(flags & SEQUENCE) == self.sequence and bool(flags & CHECKSUM) == self.checksum
        return data[at:] if good and protocol in wanted else None


class Ipip:
    """RFC 2003, RFC 2473, RFC 4213."""
    ethernet = False

    @staticmethod
    def wrap(packet):
        return (IP6 if packet[0] >> 4 == 6 else IPIP), packet

    @staticmethod
    def unwrap(protocol, data):
        return data if data[0] >> 4 == (6 if protocol == IP6 else 4) else None


def open_device(name, ethernet):
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", name.encode(), (IFF_TAP if ethernet else IFF_TUN) | IFF_NO_PI))
    return device


def open_sockets(local, protocols):
    family = socket.AF_INET6 if ":" in local else socket.AF_INET
    sockets = {}
    for protocol in protocols:
        sockets[protocol] = socket.socket(family, socket.SOCK_RAW, protocol)
        sockets[protocol].bind((local, 0))
        # What is too long for a link is this host's to fragment: whether the router sends too long ones is what is looked at.
        level, option = (socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER) if family == socket.AF_INET6 else (socket.IPPROTO_IP, IP_MTU_DISCOVER)
        sockets[protocol].setsockopt(level, option, PMTUDISC_DONT)
    return sockets


def run(kind, device, sockets, local, remote):
    receivers = {sock.fileno(): (protocol, sock) for protocol, sock in sockets.items()}
    while True:
        ready, _, _ = select.select([device, *receivers], [], [])
        for one in ready:
            if one == device:
                protocol, data = kind.wrap(os.read(device, 65535))
                try:
                    sockets[protocol].sendto(data, (remote, 0))
                except OSError:
                    pass  # As a link that is down: lost.
                continue
            protocol, sock = receivers[one]
            data, sender = sock.recvfrom(65535)
            if sender[0] != remote:
                continue
            if ":" not in local:
                data = data[(data[0] & 15) * 4:]
            packet = kind.unwrap(protocol, data)
            if packet:
                try:
                    os.write(device, packet)
                except OSError:
                    pass  # The device is not up yet.


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=("ipip", "gre"))
    parser.add_argument("--device", default="tun0")
    parser.add_argument("--local", required=True)
    parser.add_argument("--remote", required=True)
    parser.add_argument("--key", type=int)
    parser.add_argument("--sequence", action="store_true")
    parser.add_argument("--checksum", action="store_true")
    parser.add_argument("--ethernet", action="store_true")
    options = parser.parse_args()
    ctypes.CDLL(None).prctl(1, 9)  # Ends with the test.
    kind = Ipip() if options.kind == "ipip" else Gre(options.key, options.sequence, options.checksum, options.ethernet)
    sockets = open_sockets(options.local, (IPIP, IP6) if options.kind == "ipip" else (GRE,))
    run(kind, open_device(options.device, kind.ethernet), sockets, options.local, options.remote)


if __name__ == "__main__":
    main()
