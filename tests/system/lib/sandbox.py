# SPDX-License-Identifier: Apache-2.0
"""A machine for manuals: their commands are run as they stand, full paths included, and nothing of it stays.

It has this machine's programs and the tree, with namespaces of its own for the network, for processes and for files: /etc, /var,
/usr, /tmp, /run and the tree may be written to, and are as before when it is gone. Daemons that were started in it end with it.
"""

import os
import pathlib
import re
import shlex
import subprocess
import threading
import time

import pexpect

from lib.daemon import BUILD, ROOT
from lib.manual import ManualError, check_quote, matches
from lib.person import PROMPT, AtPrompt, plain
from lib.wait import PATIENCE, wait_until

# What only looks may be asked again until it shows what it should: links come up, counters are read every second.
LOOKS = re.compile(r"(\S*sluicectl .*)?\b(show|diff|explain)\b|ping |curl |grep |tail |until |ip netns exec \S+ (ping|curl) ")
NO_DAEMON = 3
MARK = "\x02"
KEYS = {"<TAB>": "\t", "<Ctrl-C>": "\x03"}

SETUP = r"""
set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/home /run/netns
over() {{ mkdir -p /run/new$1 /run/work$1 && mount -t overlay overlay -o lowerdir=$1,upperdir=/run/new$1,workdir=/run/work$1 $1; }}
over /etc; over /var; over /usr; over {root}; over /tmp
mount -t sysfs sysfs /sys
sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
ip link set lo up
cd {root}
set +e
"""


class Sandbox:
    """The programs are the built ones, found by PATH; or the product is installed below /usr, as the packages do it."""

    def __init__(self, installed=False):
        self._env = {"PATH": f"{'' if installed else BUILD / 'bin'}:/usr/sbin:/usr/bin:/sbin:/bin".lstrip(":"),
                     "HOME": "/run/home", "LANG": "C.UTF-8", "GOCACHE": str(BUILD / "clients" / "go" / "cache"),
                     "CMAKE_BUILD_PARALLEL_LEVEL": os.environ.get("SLUICE_JOBS", str(os.cpu_count()))}
        self._bash = subprocess.Popen(
            ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "--norc"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=self._env, cwd=ROOT)
        self._text = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._setup(SETUP.format(root=ROOT))
        if installed:
            self._setup(f"cmake --install {BUILD} --prefix /usr >/dev/null && ldconfig")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._bash.stdin.close()
        self._bash.kill()
        self._bash.wait()
        self._reader.join()

    def _read(self):
        for piece in iter(lambda: os.read(self._bash.stdout.fileno(), 65536), b""):
            self._text += piece.decode(errors="replace")

    def _setup(self, text):
        code, output = self.bash(text)
        assert code == 0, output

    def bash(self, command, seconds=600):
        """Runs a command in the machine's one shell, which remembers folders, variables and jobs; its code and output."""
        begin = len(self._text)
        words = f"eval {shlex.quote(command)} </dev/null\nprintf '{MARK}%d{MARK}\\n' $?\n"
        self._bash.stdin.write(words.encode())
        self._bash.stdin.flush()
        found = wait_until(lambda: re.search(f"{MARK}(\\d+){MARK}\n", self._text[begin:]), seconds,
                           lambda: f"{command!r} ends; it said: {self._text[begin:]}")
        return int(found[1]), self._text[begin:begin + found.start()]

    # ---- blocks ----

    def play(self, blocks):
        """All blocks of a manual, one behind the other."""
        for block in blocks:
            if not block.not_run:
                try:
                    getattr(self, f"_play_{block.language}", lambda block: check_quote(block, ROOT))(block)
                except (AssertionError, pexpect.ExceptionPexpect) as error:
                    log = self.bash("tail -n 30 /var/log/sluiced.log 2>&1")[1]
                    raise ManualError(f"{block.place}: {error}\nThe daemon's log:\n{log}") from error

    def _play_text(self, block):
        pass

    def _play_conf(self, block):
        file = pathlib.PurePosixPath(block.file)
        text = "".join(line + "\n" for line in block.lines)
        code, output = self.bash(f"mkdir -p {file.parent} && printf %s {shlex.quote(text)} > {file}")
        assert code == 0, output

    def _play_python(self, block):
        if block.file:
            self._play_conf(block)
            return
        code, output = self.bash("/usr/bin/python3 -c " + shlex.quote("\n".join(block.lines)))
        if code != 0 or output:
            raise ManualError(f"{block.place}: ended with {code} and said:\n{output}")

    def _play_sh(self, block):
        code, output = self.bash("bash -e -c " + shlex.quote("\n".join(block.lines)))
        if code != 0:
            raise ManualError(f"{block.place}: ended with {code}:\n{output}")

    def _play_console(self, block):
        for step in block.steps():
            self._step(step)

    def _step(self, step):
        command = step.typed if step.prompt == "$" else f"sluicectl -c {shlex.quote(step.typed)}"
        fails = bool(step.answer) and step.answer[0].startswith("error: ") and "echo $?" not in command
        end = time.monotonic() + 20 * PATIENCE
        while True:
            code, output = self.bash(command)
            if (code != 0) == fails and matches(step.answer, output):
                return
            again = LOOKS.match(step.typed) or (step.prompt != "$" and code == NO_DAEMON)
            if not again or time.monotonic() > end:
                raise ManualError(f"{step.place}: {step.typed!r} should have shown:\n" + "\n".join(step.answer) +
                                  f"\nIt ended with {code} and showed:\n{output}")
            wait_until(lambda: True, 1, "a moment", every=0.1)

    # ---- the shell on a terminal ----

    def _play_terminal(self, block):
        pid = pathlib.Path(f"/proc/{self._bash.pid}/task/{self._bash.pid}/children").read_text().split()[0]
        # Ctrl-C is for the shell alone: nsenter, which waits for it, would end as well.
        words = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh", "nsenter", "-t", pid, "-m", "-n", "-p", "env", "-i", "TERM=xterm",
                 *(f"{name}={value}" for name, value in self._env.items()), "sh", "-c", f"cd {ROOT} && exec sluicectl"]
        with AtPrompt(words, {}, rows=50, columns=110) as person:
            steps = block.steps()
            while steps:
                step = steps.pop(0)
                keys = step.typed
                for name, key in KEYS.items():
                    keys = keys.replace(name, key)
                if keys.endswith(("\t", "?")):
                    self._completes(person, step, keys, steps.pop(0))
                elif step.answer and step.answer[-1].strip() in KEYS:
                    self._goes_on(person, step, keys)
                else:
                    self._compare(step, person.runs(keys, steps[0].prompt + " " if steps else PROMPT))

    def _completes(self, person, step, keys, after):
        begin = len(person.raw)
        person.types(keys)
        try:
            if keys.endswith("?"):
                person.sees("\r\n")  # What ? tells; without it the line is as it was typed.
            person.reads(f"{after.prompt} {after.typed}".rstrip())
        except AssertionError as error:
            raise ManualError(f"{after.place}: {error}") from None
        told = plain(person.raw[begin:]).replace("\r", "").split("\n")
        self._compare(step, "\n".join(told[1:-1]))
        if after.answer:
            self._compare(after, person.runs(""))
        else:
            person.drops()

    def _goes_on(self, person, step, keys):
        person.types(keys + "\n")
        answer = ["...", *step.answer[:-1], "..."]
        wait_until(lambda: matches(answer, person.picture()), 10, lambda: f"{step.place}: {person.picture()}")
        person.drops()

    def _compare(self, step, text):
        if not matches(step.answer, text):
            raise ManualError(f"{step.place}: {step.typed!r} should have shown:\n" + "\n".join(step.answer) +
                              f"\nIt showed:\n{text}")
