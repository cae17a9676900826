# SPDX-License-Identifier: Apache-2.0
"""What goes to an exempt destination is not translated, in both directions; all else is (RFC 6888 REQ-6)."""

import contextlib
import socket

import pytest

from lib.clients import ping
from lib.lab import LAN, WAN, WAN_ROUTER
from lib.nat import POOL, TELLER, NatLab, Teller, ask, ask_tcp, tell, udp_socket
from lib.wait import wait_until

OTHER_WAN = "10.0.2.3"
INSIDE = "10.0.1.0/24"


@pytest.fixture(scope="module", params=[1, 2], ids=["one worker", "two workers"])
def lab(request, tmp_path_factory):
    with NatLab(tmp_path_factory.mktemp("exempts"), arguments=("--workers", request.param)) as lab:
        lab.wan.ip("address", "add", f"{OTHER_WAN}/24", "dev", "eth0")
        # Whom nobody translates for must know the way back.
        lab.wan.ip("route", "add", INSIDE, "via", WAN_ROUTER)
        with Teller(lab.wan, address=WAN), Teller(lab.wan, address=OTHER_WAN), Teller(lab.wan, TELLER + 1, WAN), lab.pool():
            yield lab


@contextlib.contextmanager
def exempt(lab, words):
    """For a while, and nobody has a session when it begins."""
    lab.end_sessions()
    with lab.rules(f"add nat44 exempt {words}"):
        yield


def packets(lab):
    """Of each exempt, by its destination, protocol and port."""
    return {(row["destination"], row["protocol"], row["port"]): int(row["packets"]) for row in lab.daemon.ctl_json("show nat44 exempts")}


def test_a_destination(lab):
    with exempt(lab, f"{WAN}/32"):
        assert ask(lab.lan, WAN)[0] == LAN
        assert ask_tcp(lab.lan, WAN)[0] == LAN
        assert ping(lab.lan, WAN, count=2).received == 2
        # In fragments.
        assert ask(lab.lan, WAN, data=b"!" * 4000)[0] == LAN
        assert lab.sessions() == []
        assert ask(lab.lan, OTHER_WAN)[0] == POOL
        lab.wait_count(1)
        assert packets(lab)[f"{WAN}/32", "all", "all"] >= 2 + 4 + 1
    assert lab.daemon.ctl_json("show nat44 exempts") == []
    assert ask(lab.lan, WAN)[0] == POOL


def test_a_port(lab):
    with exempt(lab, f"0.0.0.0/0 protocol udp port {TELLER}-{TELLER}"):
        assert ask(lab.lan, WAN)[0] == LAN
        assert ask(lab.lan, OTHER_WAN)[0] == LAN
        assert ask(lab.lan, WAN, TELLER + 1)[0] == POOL
        assert ask_tcp(lab.lan, WAN)[0] == POOL
        lab.wait_count(2)
        assert packets(lab) == {("0.0.0.0/0", "udp", str(TELLER)): 2}


def test_a_session_goes_on_until_it_ends(lab):
    lab.end_sessions()
    with udp_socket(lab.lan) as asking:
        before = tell(asking, WAN)
        assert before[0] == POOL
        with lab.rules(f"add nat44 exempt {WAN}/32"):
            assert tell(asking, WAN) == before
            assert ask(lab.lan, WAN)[0] == LAN
            lab.daemon.ctl(f"clear nat44 sessions remote {WAN}/32")
            lab.wait_count(0)
            assert tell(asking, WAN) == (LAN, asking.getsockname()[1])
            assert lab.sessions() == []
        # It is translated again with its next packet.
        assert tell(asking, WAN)[0] == POOL


def test_somebody_outside_may_begin(lab):
    with exempt(lab, f"{WAN}/32"), Teller(lab.lan):
        assert ask(lab.wan, LAN, source=WAN)[0] == WAN
        assert ask_tcp(lab.wan, LAN, source=WAN)[0] == WAN
        assert lab.sessions() == []


def test_errors_pass_as_they_are(lab):
    with exempt(lab, f"{WAN}/32"):
        for asked, asker, address in ((lab.wan, lab.lan, WAN), (lab.lan, lab.wan, LAN)):
            with udp_socket(asker, WAN if asker is lab.wan else LAN) as asking:
                asking.connect((address, 9))
                asking.send(b"?")
                with pytest.raises(ConnectionRefusedError):
                    asking.recv(100)
        assert lab.sessions() == []


def test_explain_and_trace_say_so(lab):
    with exempt(lab, f"{WAN}/32 protocol tcp"):
        told = lab.daemon.ctl(f"explain lan from {LAN} to {WAN} protocol tcp destination-port 80")
        assert f"exempt {WAN}/32 protocol tcp" in told and "would be transmitted by wan" in told, told
        assert "exempt" not in lab.daemon.ctl(f"explain lan from {LAN} to {WAN} protocol udp destination-port 80")
        # Asked only: nothing went out.
        assert packets(lab) == {(f"{WAN}/32", "tcp", "all"): 0}


def test_a_forward_is_reached_from_an_exempt_destination(lab):
    """A session that somebody outside began is one, whatever is exempt."""
    with Teller(lab.lan, 8080), lab.rules(f"add nat44 forward tcp {POOL} 80 to {LAN} 8080", f"add nat44 exempt {WAN}/32"):
        with lab.wan.open_socket(socket.AF_INET, socket.SOCK_STREAM) as asking:
            asking.settimeout(5)
            asking.connect((POOL, 80))
            assert asking.recv(100).startswith(f"{WAN}:".encode())
        wait_until(lambda: lab.sessions(), 10, "its session")


def test_as_many_as_there_may_be(lab):
    """All of them cost a new session and an exempt packet a search, and not a walk."""
    with contextlib.ExitStack() as stack:
        many = [f"add nat44 exempt 198.18.{i // 256}.{i % 256}/32 protocol tcp port {i + 1}" for i in range(1023)]
        stack.enter_context(lab.rules(*many))
        stack.enter_context(exempt(lab, f"{WAN}/32"))
        assert lab.daemon.refused("add nat44 exempt 203.0.113.0/24") == "there are 1024 exempts, and no more can be"
        assert ask(lab.lan, WAN)[0] == LAN
        assert ask(lab.lan, OTHER_WAN)[0] == POOL
    assert lab.daemon.ctl_json("show nat44 exempts") == []
