# SPDX-License-Identifier: Apache-2.0
"""Somebody at a terminal: types keys, and sees what the screen shows."""

import os
import re
import termios

import pexpect
import pyte

from lib.daemon import SLUICECTL
from lib.wait import PATIENCE, wait_until

PROMPT = "sluice> "
ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>])")


def plain(text):
    return ESCAPES.sub("", text)


class OnTerminal:
    """A program on a terminal whose picture is known."""

    def __init__(self, words, env, rows=30, columns=100):
        clean = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "PAGER", "LESS")}
        self.screen = pyte.Screen(columns, rows)
        self.raw = ""
        self._stream = pyte.Stream(self.screen)
        self.child = pexpect.spawn(str(words[0]), [str(word) for word in words[1:]], encoding="utf-8",
                                   dimensions=(rows, columns), timeout=10 * PATIENCE,
                                   env={**clean, "TERM": "xterm", **env})
        self.child.delaybeforesend = None
        self.child.logfile_read = self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.close(force=True)

    # What the program writes comes in here.
    def write(self, text):
        self.raw += text
        self._stream.feed(text)

    def flush(self):
        pass

    def types(self, text):
        self.child.send(text)

    def sees(self, text):
        """Waits for a text; what came before it, without the terminal's escapes."""
        self.child.expect_exact(text)
        return plain(self.child.before)

    def picture(self):
        """The screen as it is now, without blanks at its lines' ends."""
        self.child.expect(pexpect.TIMEOUT, timeout=0.02)
        return "\n".join(line.rstrip() for line in self.screen.display)

    def line(self):
        """The line with the cursor."""
        self.child.expect(pexpect.TIMEOUT, timeout=0.02)
        return self.screen.display[self.screen.cursor.y].rstrip()

    def reads(self, line):
        """Waits until the line with the cursor is so."""
        wait_until(lambda: self.line() == line.rstrip(), 10, lambda: f"{line!r} in {self.screen.display}")


class AtPrompt(OnTerminal):
    """At the shell's prompt."""

    def __enter__(self):
        self.asked()
        return self

    def asked(self, prompt=PROMPT):
        """Waits for the prompt, and until keys go to the line editor; what came before."""
        before = self.sees(prompt)
        wait_until(lambda: not termios.tcgetattr(self.child.child_fd)[3] & termios.ICANON, 10, "the editor reads keys")
        return before

    def drops(self):
        """Gives the line up."""
        self.types("\x03")
        self.sees("^C")
        self.asked()

    def runs(self, line, prompt=PROMPT):
        """Types a line; what it shows, up to the next prompt."""
        self.types(line + "\n")
        self.child.expect_exact("\r\n")
        return self.asked(prompt)


class Person(AtPrompt):
    """Somebody with a history of his own, at the shell of a daemon."""

    def __init__(self, socket, home, *options, rows=30, columns=100, **env):
        super().__init__([SLUICECTL, "--socket", socket, *options],
                         {"HOME": str(home), "XDG_STATE_HOME": str(home), **env}, rows, columns)
