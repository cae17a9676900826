# SPDX-License-Identifier: Apache-2.0
"""Numbered datagrams from one host to another: what was lost, and what came out of order."""

import collections
import socket
import struct
import threading
import time

from lib.wait import wait_until

NUMBER = struct.Struct("!I")
FIRST_PORT = 5000
SO_RCVBUFFORCE = 33
ROOM = 16 << 20


class Numbered:
    """Flows of datagrams, each a pair of ports, each datagram with its number in its flow; sent from __enter__ to stop()."""

    def __init__(self, sender, receiver, address, flows=4, rate=1000):
        self._address, self._rate = address, rate
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._sockets = [sender.open_socket(family, socket.SOCK_DGRAM) for _ in range(flows)]
        self._sink = receiver.open_socket(family, socket.SOCK_DGRAM)
        self._sink.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, ROOM)
        self._sink.bind((address, FIRST_PORT))
        self._sink.settimeout(0.1)
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=work) for work in (self._send, self._receive)]
        self.sent = self.received = self.out_of_order = 0
        self._last = collections.defaultdict(lambda: -1)

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()
        for used in (*self._sockets, self._sink):
            used.close()

    def _send(self):
        start = time.monotonic()
        while not self._stop.is_set():
            # Behind its time, it goes on from there: a burst would measure the queues.
            flow = self._sockets[self.sent % len(self._sockets)]
            flow.sendto(NUMBER.pack(self.sent // len(self._sockets)), (self._address, FIRST_PORT))
            self.sent += 1
            due = start + self.sent / self._rate
            late = time.monotonic() - due
            if late > 0:
                start += late
            else:
                self._stop.wait(-late)

    def _receive(self):
        while not (self._stop.is_set() and self.received >= self.sent):
            try:
                data, source = self._sink.recvfrom(64)
            except TimeoutError:
                if self._stop.is_set():
                    return
                continue
            number, = NUMBER.unpack(data)
            self.out_of_order += number < self._last[source]
            self._last[source] = max(number, self._last[source])
            self.received += 1
            self._took(data, source)

    def _took(self, data, source):
        """One came; for who does more with it."""

    def stop(self):
        """No more is sent; waits for what is on its way."""
        self._stop.set()
        self._threads[0].join()
        self._threads[1].join()

    def wait_received(self, count):
        wait_until(lambda: self.received >= count, 30, lambda: f"{count} datagrams; there are {self.received}")
