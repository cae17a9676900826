# SPDX-License-Identifier: Apache-2.0
"""What tests of NAT share: hosts inside and outside, servers that tell whom they see, rules that last for a test."""

import contextlib
import hashlib
import http.server
import re
import select
import socket
import threading

from lib.lab import Lab, set_up_host
from lib.netns import Namespace, join
from lib.wait import PATIENCE, wait_until

# The second host inside, at an interface of its own.
DEN, DEN_ROUTER = "10.0.3.2", "10.0.3.1"
POOL = "10.0.2.100"
TELLER = 9000

# What a line that begins so is undone by; pools go with their addresses.
UNDO = ((r"add nat44 (pool \S+).*", r"delete nat44 \1"),
        (r"add nat44 (static \S+) to \S+(?: inside-vrf \S+)?( vrf \S+)?", r"delete nat44 \1\2"),
        (r"add nat44 (exempt .*)", r"delete nat44 \1"),
        (r"add nat44 (forward \S+ \S+ \d+ to \S+ \d+).*?( vrf \S+)?$", r"delete nat44 \1\2"))


def undo(lines):
    """The lines that take back what others gave."""
    return [re.sub(f"^{pattern}$", line, text) for text in reversed(lines) for pattern, line in UNDO if re.match(pattern, text)]


class NatLab(Lab):
    """lan and den inside, each at its interface, wan outside. Nobody outside has a route to those inside."""

    def __init__(self, directory, kind="tap", arguments=(), nat=True):
        super().__init__(directory, kind, arguments)
        with contextlib.ExitStack() as stack:
            stack.push(self._stack)
            self.den = stack.enter_context(Namespace("den"))
            self._add_den()
            self.wan.ip("route", "del", "default")
            # A host tells one sender of a few errors a second; outside, all of them are one sender.
            self.wan.sysctl("net.ipv4.icmp_ratelimit", 0)
            if nat:
                self.daemon.ctl(*(f"set interface {side} nat44 inside" for side in ("lan", "den")),
                                "set interface wan nat44 outside")
            self._stack = stack.pop_all()

    def _add_den(self):
        if self.kind == "tap":
            self.daemon.ctl(self.make_line("den", 2))
            self.box.ip("link", "set", "den0", "netns", self.den.name, "name", "eth0")
        else:
            join(self.den, "eth0", self.box, "den0")
            self.daemon.ctl(self.make_line("den", 2))
        self.daemon.ctl(f"add address den {DEN_ROUTER}/24", "set interface den state up")
        set_up_host(self.den, DEN, DEN_ROUTER)
        self.wait_links()

    @contextlib.contextmanager
    def rules(self, *lines):
        """Lines of configuration for a while; its sessions end with them."""
        self.daemon.ctl(*lines)
        try:
            yield
        finally:
            if self.daemon.alive():
                self.daemon.ctl(*undo(lines))
                self.end_sessions()

    def pool(self, *words, addresses=(POOL,), name="p"):
        """A pool for a while."""
        return self.rules(" ".join(map(str, ("add nat44 pool", name, *words))),
                          *(f"add nat44 address {name} {address}" for address in addresses))

    def sessions(self, *words):
        return self.daemon.ctl_json(" ".join(map(str, ("show nat44 sessions", *words))))

    def count(self, *words):
        return int(self.daemon.ctl_json(" ".join(map(str, ("show nat44 count", *words))))[0]["sessions"])

    def wait_count(self, count, *words):
        wait_until(lambda: self.count(*words) == count, 10,
                   lambda: f"{count} sessions of {words}: {self.daemon.ctl('show nat44 sessions')}")

    def end_sessions(self):
        self.daemon.ctl("clear nat44 sessions")
        self.wait_count(0)


def end_of(text):
    """An address and port as the shell writes them."""
    address, port = text.rsplit(":", 1)
    return address, int(port)


class Teller:
    """Answers each datagram and each connection with whom it came from, and keeps that in `seen`; `padding` more bytes go with it."""

    def __init__(self, host, port=TELLER, address="0.0.0.0", padding=0):
        self.seen, self._padding = [], padding
        self._udp = host.open_socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._tcp = host.open_socket(socket.AF_INET, socket.SOCK_STREAM)
        for each in (self._udp, self._tcp):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            each.bind((address, port))
        self._tcp.listen(64)
        self._stop, self._stopped = socket.socketpair()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stop.close()
        self._thread.join()
        for each in (self._udp, self._tcp, self._stopped):
            each.close()

    def _run(self):
        while True:
            ready = select.select([self._udp, self._tcp, self._stopped], [], [])[0]
            if self._stopped in ready:
                return
            if self._udp in ready:
                data, peer = self._udp.recvfrom(65535)
                self.seen.append(peer)
                # To whom there is no route, there is no answer.
                with contextlib.suppress(OSError):
                    self._udp.sendto(self._answer(peer) + b" " + hashlib.sha256(data).hexdigest().encode() +
                                     bytes(self._padding), peer)
            if self._tcp in ready:
                connection, peer = self._tcp.accept()
                self.seen.append(peer)
                with connection:
                    connection.sendall(self._answer(peer))

    @staticmethod
    def _answer(peer):
        return f"{peer[0]}:{peer[1]}".encode()


def udp_socket(host, source="0.0.0.0", port=0):
    made = host.open_socket(socket.AF_INET, socket.SOCK_DGRAM)
    # Not where the kernel chooses: it would give one port to two that may share theirs, and the answer of one to the other.
    if port:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((source, port))
    made.settimeout(5 * PATIENCE)
    return made


def tell(asking, address, port=TELLER, data=b"?"):
    """Whom a teller sees behind a UDP socket: (address, port)."""
    asking.sendto(data, (address, port))
    answer = asking.recv(65535).split(b" ")
    assert answer[1][:64] == hashlib.sha256(data).hexdigest().encode(), "what came is not what was sent"
    return end_of(answer[0].decode())


def ask(host, address, port=TELLER, source="0.0.0.0", source_port=0, data=b"?"):
    """The same with a socket of its own."""
    with udp_socket(host, source, source_port) as asking:
        return tell(asking, address, port, data)


def ask_tcp(host, address, port=TELLER, source="0.0.0.0"):
    """Whom a teller sees behind a connection, and the address and port at the asker's end of it."""
    with host.open_socket(socket.AF_INET, socket.SOCK_STREAM) as asking:
        asking.settimeout(5 * PATIENCE)
        asking.bind((source, 0))
        asking.connect((address, port))
        return end_of(asking.recv(100).decode())


def is_unanswered(asking, address, port=TELLER):
    """Nothing comes back for a datagram, for a while that an answer does not need."""
    asking.settimeout(0.3 * PATIENCE)
    try:
        asking.sendto(b"?", (address, port))
        asking.recv(100)
        return False
    except TimeoutError:
        return True
    finally:
        asking.settimeout(5 * PATIENCE)


class WebServer:
    """Gives `content` to whoever gets, tells what whoever puts has sent; `peers` are their addresses."""

    def __init__(self, host, content, port=80):
        self.peers, self.received = [], []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, body):
                outer.peers.append(self.client_address)
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                self.answer(content)

            def do_PUT(self):
                outer.received.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.answer(b"")

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("", port), Handler, bind_and_activate=False)
        self._server.socket.close()
        self._server.socket = host.open_socket(socket.AF_INET, socket.SOCK_STREAM)
        self._server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._server.socket.bind(("0.0.0.0", port))
        self._server.socket.listen(64)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
