# SPDX-License-Identifier: Apache-2.0
"""Frames on a host's interface, sent and seen. tshark is the judge of what they say."""

import pathlib
import socket
import struct
import subprocess
import tempfile

from lib.wait import let_pass, wait_until

ETH_P_ALL = 3
LONGEST = 65535
SO_RCVBUFFORCE = 33


class Wire:
    """A raw socket on an interface. Keeps every frame that comes in from the moment it is made; what the host itself
    sends is left out."""

    def __init__(self, namespace, interface="eth0"):
        self._socket = namespace.open_socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
        self._socket.bind((interface, ETH_P_ALL))
        self._socket.setblocking(False)
        self._frames = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._socket.close()

    def send(self, *frames):
        self._socket.setblocking(True)
        for frame in frames:
            self._socket.send(bytes(frame))
        self._socket.setblocking(False)

    def send_steadily(self, frames, rate=2000):
        """So many a second, in pieces that the ring of a port holds even where its worker waits for a core."""
        piece = 32
        for at in range(0, len(frames), piece):
            self.send(*frames[at:at + piece])
            let_pass(piece / rate)

    @property
    def frames(self):
        """All that came so far, as bytes."""
        while True:
            try:
                frame, address = self._socket.recvfrom(LONGEST)
            except BlockingIOError:
                return self._frames
            if address[2] != socket.PACKET_OUTGOING:
                self._frames.append(frame)

    def forget(self):
        self.frames.clear()

    def seen(self, layer, condition=lambda _: True):
        """The frames, as scapy reads them, that have a layer and meet a condition."""
        from scapy.layers.l2 import Ether
        packets = (Ether(frame) for frame in self.frames)
        return [packet for packet in packets if layer in packet and condition(packet)]

    def wait(self, layer, condition=lambda _: True, count=1, seconds=10, what="a frame"):
        """Until so many such frames are there."""
        return wait_until(lambda: self._enough(layer, condition, count), seconds,
                          lambda: f"{what}; there came {[frame.hex() for frame in self.frames[-10:]]}")

    def _enough(self, layer, condition, count):
        found = self.seen(layer, condition)
        return found if len(found) >= count else None

    def tshark(self, display_filter, *fields):
        """What tshark says of the frames that pass a filter: a dictionary each; where a field stands in the packet and
        again in one that it quotes, the value is a list."""
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "frames.pcap"
            write_pcap(path, self.frames)
            words = [word for field in fields for word in ("-e", field)]
            done = subprocess.run(
                ["tshark", "-r", path, "-o", "ip.check_checksum:TRUE", "-Y", display_filter, "-T", "fields",
                 "-E", "separator=|", "-E", "occurrence=a", "-E", "aggregator=;", *words],
                capture_output=True, text=True, check=True)
        rows = [line.split("|") for line in done.stdout.splitlines()]
        return [{field: text.split(";") if ";" in text else text for field, text in zip(fields, row)} for row in rows]


def write_pcap(path, frames):
    """The classic format, Ethernet; nobody asks for times."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, LONGEST, 1))
        for number, frame in enumerate(frames):
            file.write(struct.pack("<IIII", 1, number % 1000000, len(frame), len(frame)) + frame)
