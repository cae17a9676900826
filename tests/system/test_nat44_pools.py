# SPDX-License-Identifier: Apache-2.0
"""Which outside addresses and ports hosts get, what there is no more of, and what becomes of those whose address goes."""

import contextlib
import errno

import pytest
from scapy.layers.inet import ICMP, IP, IPerror, TCPerror

from lib.lab import LAN, LAN_ROUTER, WAN
from lib.nat import DEN, POOL, TELLER, NatLab, Teller, ask, ask_tcp, end_of, is_unanswered, tell, udp_socket, undo
from lib.numbered import Numbered
from lib.wait import wait_until

OTHER_POOL = "10.0.2.101"
OTHER_WAN = "10.0.2.3"
# More hosts inside, all of them lan's.
MORE = [f"10.0.1.{number}" for number in range(10, 18)]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with NatLab(tmp_path_factory.mktemp("nat44")) as lab:
        lab.wan.ip("address", "add", f"{OTHER_WAN}/24", "dev", "eth0")
        for address in MORE:
            lab.lan.ip("address", "add", f"{address}/24", "dev", "eth0")
        with Teller(lab.wan, address=WAN), Teller(lab.wan, address=OTHER_WAN):
            yield lab


@contextlib.contextmanager
def sockets(host, count, source="0.0.0.0"):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(udp_socket(host, source)) for _ in range(count)]


def refused(lab, reason):
    return lab.daemon.error("nat44-in2out", reason)


# ---- mapping and filtering ----

@pytest.mark.parametrize("mapping", ["endpoint-independent", "endpoint-dependent"])
def test_mapping(lab, mapping):
    """One outside port for an inside one, whomever it speaks with (RFC 4787 REQ-1), or not."""
    with lab.pool("mapping", mapping), sockets(lab.lan, 5) as asking:
        there = [tell(each, WAN) for each in asking]
        elsewhere = [tell(each, OTHER_WAN) for each in asking]
        assert (there == elsewhere) == (mapping == "endpoint-independent")
        # REQ-4: even ports stay even.
        assert [end[1] % 2 for end in there] == [each.getsockname()[1] % 2 for each in asking]


@pytest.mark.parametrize("filtering, stranger_at", [
    ("endpoint-independent", OTHER_WAN), ("address-and-port-dependent", OTHER_WAN), ("address-and-port-dependent", WAN),
    ("address-dependent", OTHER_WAN), ("address-dependent", WAN)])
def test_filtering(lab, filtering, stranger_at):
    """Anybody may speak to an open port (REQ-8), or who was spoken to, or he by any of his ports."""
    with lab.pool("mapping endpoint-independent filtering", filtering), udp_socket(lab.lan) as inside, \
            udp_socket(lab.wan, stranger_at) as stranger:
        outside = tell(inside, WAN)
        before = lab.daemon.error("nat44-out2in", "filtered")
        stranger.sendto(b"hello", outside)
        if filtering == "endpoint-independent" or (filtering == "address-dependent" and stranger_at == WAN):
            assert inside.recvfrom(100) == (b"hello", stranger.getsockname())
            inside.sendto(b"who?", stranger.getsockname())
            assert stranger.recvfrom(100) == (b"who?", outside)
        else:
            lab.daemon.wait_error("nat44-out2in", "filtered", before + 1)
            assert tell(inside, WAN) == outside


def test_a_host_keeps_its_address(lab):
    """Of several, all of a host's sessions have the same one (REQ-2), and different hosts share them out."""
    with lab.pool(addresses=(f"{POOL} to 10.0.2.103",)):
        found = {}
        for source in (LAN, *MORE):
            seen = {ask(lab.lan, WAN, source=source)[0] for _ in range(3)} | {ask_tcp(lab.lan, OTHER_WAN, source=source)[0]}
            assert len(seen) == 1
            found[source] = seen.pop()
        assert len(set(found.values())) > 1, found
        hosts = {host["address"]: host for host in lab.daemon.ctl_json("show nat44 hosts")}
        assert {address: host["outside"] for address, host in hosts.items()} == found
        assert hosts[LAN]["sessions"] == 4


def test_the_longest_inside_wins(lab):
    with lab.pool(), lab.pool(f"inside {LAN}/32", addresses=(OTHER_POOL,), name="own"):
        assert ask(lab.lan, WAN)[0] == OTHER_POOL
        assert ask(lab.lan, WAN, source=MORE[0])[0] == POOL
        assert ask(lab.den, WAN)[0] == POOL


def test_overlapping_pools_are_refused(lab):
    with lab.pool(addresses=(f"{POOL} to 10.0.2.110",)), lab.pool("inside 10.7.0.0/16", name="q", addresses=()):
        sentence = lab.daemon.refused(f"add nat44 address q {OTHER_POOL}")
        assert "pool 'p'" in sentence and OTHER_POOL in sentence
        assert ask(lab.lan, WAN)[0] != WAN


# ---- limits ----

def test_sessions_per_host(lab):
    """What goes beyond is refused and counted, of that host alone; what there is goes on."""
    with lab.pool("sessions-per-host 5"), sockets(lab.lan, 6) as asking:
        before = refused(lab, "host-limit")
        seen = [tell(each, WAN) for each in asking[:5]]
        assert is_unanswered(asking[5], WAN)
        assert refused(lab, "host-limit") == before + 1
        assert ask(lab.den, WAN)[0] == POOL
        assert [tell(each, WAN) for each in asking[:5]] == seen
        host = next(host for host in lab.daemon.ctl_json("show nat44 hosts") if host["address"] == LAN)
        assert (host["sessions"], host["refused"]) == (5, 1)
        assert lab.daemon.ctl_json("show nat44 pool")[0]["refused"] in (1, "1")
        # Room for one more.
        lab.daemon.ctl(f"clear nat44 sessions outside-port {seen[0][1]}")
        lab.wait_count(4, f"inside {LAN}/32")
        assert tell(asking[5], WAN)[0] == POOL


def test_new_sessions_per_second(lab):
    """A host that begins many at once has some of them, and more as time goes by (RFC 6888 REQ-4); others have theirs."""
    with lab.pool("new-sessions-per-second 5"), sockets(lab.lan, 20) as asking:
        before = refused(lab, "host-rate")
        for each in asking:
            each.sendto(b"?", (WAN, TELLER))
        wait_until(lambda: refused(lab, "host-rate") >= before + 5, 10, "those beyond are refused")
        assert lab.count(f"inside {LAN}/32") >= 5
        assert ask(lab.den, WAN)[0] == POOL
        wait_until(lambda: not is_unanswered(asking[-1], WAN), 10, "the last one is let through")


def test_hold_down(lab):
    """A port that was given back is nobody's for a while (RFC 6888 REQ-8)."""
    words = "mapping endpoint-independent hold-down 5 hold-down-ports 4 first-port 5000 last-port 5003"
    with lab.pool(words), sockets(lab.lan, 5) as asking:
        assert sorted(tell(each, WAN) for each in asking[:4]) == [(POOL, port) for port in range(5000, 5004)]
        before = refused(lab, "no-port")
        lab.end_sessions()
        assert is_unanswered(asking[4], WAN)
        assert refused(lab, "no-port") == before + 1
        # What has connections that are followed has its ports at once.
        assert ask_tcp(lab.lan, WAN)[0] == POOL
        wait_until(lambda: not is_unanswered(asking[4], WAN), 20, "a port is free again")


@pytest.mark.parametrize("words, reason, code", [("mapping endpoint-independent first-port 5000 last-port 5000", "no-port", 1),
                                                 ("sessions-per-host 1", "host-limit", 13),
                                                 ("new-sessions-per-second 1", "host-rate", 13)])
def test_a_host_is_told_why(lab, words, reason, code):
    """Who is refused a connection knows it at once (RFC 6888 REQ-11, RFC 5508 REQ-8)."""
    def is_refused():
        try:
            return ask_tcp(lab.lan, WAN)[0] != POOL
        except OSError as error:
            assert error.errno == errno.EHOSTUNREACH
            return True

    with lab.pool(words), lab.wire("lan") as wire:
        before = refused(lab, reason)
        wait_until(is_refused, 10, "a connection is refused")
        told = wire.wait(ICMP)[0]
        assert (told[ICMP].type, told[ICMP].code, told[IP].src, told[IP].dst) == (3, code, LAN_ROUTER, LAN)
        assert (told[IPerror].src, told[IPerror].dst, told[TCPerror].dport) == (LAN, WAN, TELLER)
        assert refused(lab, reason) == before + 1


def test_exhausted_ports(lab):
    """Four ports for four sockets; the fifth is a counted drop, and works once there is one free again."""
    with lab.pool("mapping endpoint-independent first-port 5000 last-port 5003"), sockets(lab.lan, 5) as asking:
        before = refused(lab, "no-port")
        seen = [tell(each, WAN) for each in asking[:4]]
        assert sorted(seen) == [(POOL, port) for port in range(5000, 5004)]
        assert is_unanswered(asking[4], WAN)
        assert refused(lab, "no-port") == before + 1
        # Those with a port may speak with others, and TCP has ports of its own.
        assert tell(asking[0], OTHER_WAN) == seen[0]
        assert ask_tcp(lab.lan, WAN)[0] == POOL
        lab.end_sessions()
        assert tell(asking[4], WAN)[0] == POOL


def test_exhausted_ports_serve_other_remotes(lab):
    """An endpoint-dependent pool has its ports for each remote end anew."""
    with lab.pool("first-port 5000 last-port 5003"), sockets(lab.lan, 5) as asking:
        before = refused(lab, "no-port")
        for remote in (WAN, OTHER_WAN):
            assert sorted(tell(each, remote) for each in asking[:4]) == [(POOL, port) for port in range(5000, 5004)]
        assert is_unanswered(asking[4], WAN)
        assert refused(lab, "no-port") == before + 1


def test_blocks(lab):
    """All ports of a host lie in its block; no other host's do; a full one is host-ports."""
    with lab.pool("mapping endpoint-independent allocation blocks block-size 64"), sockets(lab.lan, 65) as mine, \
            sockets(lab.den, 20) as theirs:
        before = refused(lab, "host-ports")
        ports = [tell(each, WAN)[1] for each in mine[:64]]
        others = [tell(each, WAN)[1] for each in theirs]
        hosts = {host["address"]: int(host["blocks"]) for host in lab.daemon.ctl_json("show nat44 hosts")}
        assert sorted(ports) == list(range(hosts[LAN], hosts[LAN] + 64))
        assert all(hosts[DEN] <= port < hosts[DEN] + 64 for port in others)
        assert is_unanswered(mine[64], WAN)
        assert refused(lab, "host-ports") == before + 1
        # A block without sessions is anybody's again.
        lab.daemon.ctl(f"clear nat44 sessions inside {LAN}/32")
        lab.wait_count(0, f"inside {LAN}/32")
        assert [host["address"] for host in lab.daemon.ctl_json("show nat44 hosts")] == [DEN]


def test_two_blocks(lab):
    with lab.pool("allocation blocks block-size 64 blocks-per-host 2 mapping endpoint-independent"), sockets(lab.lan, 128) as mine:
        ports = sorted(tell(each, WAN)[1] for each in mine)
        host, = lab.daemon.ctl_json("show nat44 hosts")
        firsts = sorted(int(first) for first in host["blocks"].replace(",", " ").split())
        assert ports == [port for first in firsts for port in range(first, first + 64)]


def test_deterministic(lab):
    """The address says the ports, whenever it is asked (RFC 7422)."""
    hosts = (LAN, *MORE)
    with lab.pool("inside 10.0.1.0/24 allocation deterministic", addresses=(f"{POOL} to {OTHER_POOL}",)):
        ranges = {}
        for _ in range(2):
            for source in hosts:
                with sockets(lab.lan, 12, source) as asking:
                    ranges.setdefault(source, set()).update(tell(each, WAN) for each in asking)
            lab.end_sessions()
        # 256 hosts share two addresses.
        size = 64512 // 128
        for source, ends in ranges.items():
            assert len({address for address, _ in ends}) == 1
            index = {(port - 1024) // size for _, port in ends}
            assert len(index) == 1, (source, sorted(ends))
        assert len({(next(iter(ends))[0], (next(iter(ends))[1] - 1024) // size) for ends in ranges.values()}) == len(hosts)
        # Who is not of `inside` is not translated, and has no answer.
        with udp_socket(lab.den) as asking:
            assert is_unanswered(asking, WAN)


# ---- addresses come and go ----

def test_an_address_removed_in_use(lab):
    """Its sessions end, their hosts have another one; flows by other addresses lose nothing."""
    with lab.pool(addresses=(POOL, OTHER_POOL)):
        gone = ask(lab.den, WAN)[0]
        stays = OTHER_POOL if gone == POOL else POOL
        source = next(source for source in (LAN, *MORE) if ask(lab.lan, WAN, source=source)[0] == stays)
        lab.end_sessions()
        with lab.pool(f"inside {LAN}/32", addresses=("10.0.2.120",), name="steady"), udp_socket(lab.den) as asking, \
                udp_socket(lab.lan, source) as other, Numbered(lab.lan, lab.wan, WAN) as flows:
            flows.wait_received(100)
            assert tell(asking, WAN)[0] == gone
            kept = tell(other, WAN)
            for _ in range(3):
                lab.daemon.ctl(f"delete nat44 address p {gone}")
                lab.wait_count(0, "outside", f"{gone}/32")
                assert tell(asking, WAN)[0] == stays
                assert source == LAN or tell(other, WAN) == kept
                wait_until(lambda: _try(lab, f"add nat44 address p {gone}"), 10, "the address may come back", every=0.2)
                lab.daemon.ctl(f"clear nat44 sessions inside {DEN}/32")
                lab.wait_count(0, f"inside {DEN}/32")
                assert tell(asking, WAN)[0] == gone
            flows.stop()
            assert (flows.received, flows.out_of_order) == (flows.sent, 0), lab.daemon.errors()


def _try(lab, line):
    try:
        lab.daemon.ctl(line)
        return True
    except AssertionError as error:
        assert "still being ended" in str(error)
        return False


def test_pools_and_forwards_change_under_traffic(lab):
    """Flows by another pool lose nothing, and keep their ports."""
    with lab.pool(f"inside {LAN}/32", name="steady"), Numbered(lab.lan, lab.wan, WAN) as flows:
        flows.wait_received(100)
        before = {s["outside"] for s in lab.sessions("remote-port 5000")}
        for number in range(20):
            lines = (f"add nat44 pool p inside {DEN}/32", f"add nat44 address p 10.0.2.{130 + number}",
                     *(f"add nat44 forward udp 10.0.2.200 {port} to {DEN} {port}" for port in range(1, 4)))
            lab.daemon.ctl(*lines)
            assert number % 5 or ask(lab.den, WAN)[0] == f"10.0.2.{130 + number}"
            lab.daemon.ctl(*undo(lines))
        assert {s["outside"] for s in lab.sessions("remote-port 5000")} == before
        flows.stop()
        assert (flows.received, flows.out_of_order) == (flows.sent, 0), lab.daemon.errors()
