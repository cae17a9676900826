# SPDX-License-Identifier: Apache-2.0
"""Numbered datagrams that are answered: what was lost on either way."""

import collections
import select
import socket
import threading

from lib.numbered import NUMBER, Numbered


class Answered(Numbered):
    """As Numbered, and the receiver sends each datagram back to whom it sees; `answers` are those that came to who sent it."""

    def __init__(self, sender, receiver, address, flows=4, rate=1000):
        super().__init__(sender, receiver, address, flows, rate)
        self.answers = 0
        self._last_answer = collections.defaultdict(lambda: -1)
        self._back = self._sink.dup()
        self._taken, self._take = socket.socketpair()
        self._answers = threading.Thread(target=self._receive_answers)

    def __enter__(self):
        self._answers.start()
        return super().__enter__()

    def __exit__(self, *_):
        self._take.close()
        self._answers.join()
        super().__exit__()
        for used in (self._back, self._taken):
            used.close()

    def _took(self, data, source):
        self._back.sendto(data, source)

    def _receive_answers(self):
        while True:
            ready = select.select([*self._sockets, self._taken], [], [])[0]
            if self._taken in ready:
                return
            for flow in ready:
                number, = NUMBER.unpack(flow.recv(64))
                self.out_of_order += number < self._last_answer[flow]
                self._last_answer[flow] = max(number, self._last_answer[flow])
                self.answers += 1
