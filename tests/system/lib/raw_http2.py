# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 by hand, for what no library does: requests that never end."""

import select
import socket
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 4, 6, 7, 8
RST_STREAM = 3
ACK, END_HEADERS = 1, 4
INITIAL_WINDOW_SIZE = 4
FRAME = 16384


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def header(name, value):
    """Literal, not indexed, not compressed (RFC 7541, section 6.2.2)."""
    return b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value


class HalfRequests:
    """A connection that begins as many requests as it may, of `size` bytes each, and sends all of each but its last byte,
    as fast as the other end's windows let it. Not blocking: call step() again and again."""

    def __init__(self, path, method, size, streams):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.socket.setblocking(False)
        self.closed = False
        self.window = 65535
        self.initial = 65535
        self.out = bytearray(PREFACE + frame(SETTINGS, 0, 0))
        self.received = bytearray()
        # What each has still to send, and the window that it has for that.
        self.left = {}
        self.windows = {}
        self.sent = 0
        block = b"".join(header(*pair) for pair in (
            (b":method", b"POST"), (b":scheme", b"http"), (b":path", method.encode()), (b":authority", b"x"),
            (b"te", b"trailers"), (b"content-type", b"application/grpc")))
        for stream in range(1, 2 * streams, 2):
            self.out += frame(HEADERS, END_HEADERS, stream, block)
            self.out += frame(DATA, 0, stream, b"\0" + struct.pack(">I", size))
            self.window -= 5
            self.left[stream] = size - 1
            self.windows[stream] = self.initial - 5

    def step(self):
        """Reads and writes what goes without waiting."""
        if self.closed:
            return
        readable, writable, _ = select.select([self.socket], [self.socket], [], 0)
        try:
            if readable:
                self._read()
            if writable:
                self._fill()
                del self.out[:self.socket.send(self.out)]
        except BlockingIOError:
            pass
        except OSError:
            self.closed = True

    def close(self):
        self.socket.close()

    def _fill(self):
        for stream in list(self.left):
            if len(self.out) > 1 << 20:
                return
            length = min(self.left[stream], self.windows[stream], self.window, FRAME)
            if length > 0:
                self.out += frame(DATA, 0, stream, bytes(length))
                self.left[stream] -= length
                self.windows[stream] -= length
                self.window -= length
                self.sent += length

    def _read(self):
        got = self.socket.recv(1 << 16)
        self.closed = not got
        self.received += got
        while len(self.received) >= 9:
            length = int.from_bytes(self.received[:3], "big")
            if len(self.received) < 9 + length:
                return
            kind, flags = self.received[3], self.received[4]
            stream = int.from_bytes(self.received[5:9], "big")
            self._take(kind, flags, stream, bytes(self.received[9:9 + length]))
            del self.received[:9 + length]

    def _take(self, kind, flags, stream, payload):
        if kind == SETTINGS and not flags & ACK:
            for at in range(0, len(payload), 6):
                name, value = struct.unpack(">HI", payload[at:at + 6])
                if name == INITIAL_WINDOW_SIZE:
                    for each in self.windows:
                        self.windows[each] += value - self.initial
                    self.initial = value
            self.out += frame(SETTINGS, ACK, 0)
        elif kind == PING and not flags & ACK:
            self.out += frame(PING, ACK, 0, payload)
        elif kind == WINDOW_UPDATE:
            more = struct.unpack(">I", payload)[0]
            if stream == 0:
                self.window += more
            elif stream in self.windows:
                self.windows[stream] += more
        elif kind in (RST_STREAM, HEADERS):
            # It is over: refused, or ended.
            self.left.pop(stream, None)
