# SPDX-License-Identifier: Apache-2.0
"""A switch with VLANs: this machine's kernel has none. Frames of an access port belong to its VLAN; the trunk's are tagged."""

import select
import socket
import struct
import threading

ETH_P_ALL = 3
PACKET_OUTGOING = 4
SOL_PACKET = 263
PACKET_AUXDATA = 8
TP_STATUS_VLAN_VALID = 1 << 4
TAG_TYPE = 0x8100


class Switch:
    """Joins the access ports {interface: VLAN} of a namespace with its trunk, until it is closed."""

    def __init__(self, namespace, trunk, access):
        # Of the frames that it tags.
        self.priority = 0
        # (VLAN, priority) of the frames that came by the trunk.
        self.seen = []
        self._trunk = self._port(namespace, trunk)
        self._access = {self._port(namespace, name): vlan for name, vlan in access.items()}
        self._stop, self._stopped = socket.socketpair()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stop.send(b"x")
        self._thread.join()
        for port in (self._trunk, *self._access, self._stop, self._stopped):
            port.close()

    @staticmethod
    def _port(namespace, name):
        port = namespace.open_socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        port.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        port.bind((name, ETH_P_ALL))
        port.setblocking(False)
        return port

    def _run(self):
        poll = select.epoll()
        ports = {port.fileno(): port for port in (self._trunk, *self._access, self._stopped)}
        for number in ports:
            poll.register(number, select.EPOLLIN)
        while True:
            for number, _ in poll.poll():
                if ports[number] is self._stopped:
                    return
                self._forward(ports[number])

    def _forward(self, port):
        try:
            frame, ancillary, _, address = port.recvmsg(65535, socket.CMSG_SPACE(20))
        except BlockingIOError:
            return
        if address[2] == PACKET_OUTGOING:
            return
        if port is not self._trunk:
            tag = struct.pack("!HH", TAG_TYPE, self.priority << 13 | self._access[port])
            self._send(self._trunk, frame[:12] + tag + frame[12:])
            return
        for level, kind, data in ancillary:
            # The kernel takes tags off and tells them beside the frame.
            status, control = struct.unpack_from("=I12xH", data) if (level, kind) == (SOL_PACKET, PACKET_AUXDATA) else (0, 0)
            if status & TP_STATUS_VLAN_VALID:
                # Of IPv4 alone: the router may ask for a neighbour at any time.
                if frame[12:14] == b"\x08\x00":
                    self.seen.append((control & 0xfff, control >> 13))
                for other, vlan in self._access.items():
                    if vlan == control & 0xfff:
                        self._send(other, frame)

    @staticmethod
    def _send(port, frame):
        try:
            port.send(frame)
        except OSError:
            pass  # A full queue, or a port that went down: a switch drops.
