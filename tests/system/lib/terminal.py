# SPDX-License-Identifier: Apache-2.0
"""A program on a terminal, typed to and read from."""

import os
import pty
import re
import select
import subprocess

from lib.wait import PATIENCE, wait_until

ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>])")


class Terminal:
    def __init__(self, *words, env=None):
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(words, stdin=slave, stdout=slave, stderr=slave, env=env,
                                        start_new_session=True)
        os.close(slave)
        self._text = ""
        self._read = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._master)

    def type(self, text):
        os.write(self._master, text.encode())

    def _take(self):
        while select.select([self._master], [], [], 0)[0]:
            try:
                new = os.read(self._master, 65536)
            except OSError:  # The other end is gone.
                return
            self._text += new.decode(errors="replace")

    def _find(self, text):
        self._take()
        plain = ESCAPES.sub("", self._text)
        at = plain.find(text, self._read)
        if at >= 0:
            seen, self._read = plain[self._read:at], at + len(text)
            return seen + text
        return None

    def shows(self, text, seconds=10):
        """Waits for text behind what was waited for before; what was shown up to it."""
        return wait_until(lambda: self._find(text), seconds, lambda: f"{text!r} in {self._text[-2000:]!r}")

    def ends(self):
        """Its exit code."""
        return self.process.wait(timeout=10 * PATIENCE)
