# SPDX-License-Identifier: Apache-2.0
"""What operators ask of nat44 and tell it while hosts talk: sessions found and ended, configuration saved, the plugin gone and back."""

import contextlib

import pytest

from lib.clients import ping
from lib.lab import LAN, WAN
from lib.nat import DEN, POOL, TELLER, NatLab, Teller, ask, ask_tcp, end_of, is_unanswered, tell, udp_socket
from lib.numbered import Numbered
from lib.wait import wait_until

CONFIGURATION = [
    "add nat44 pool p mapping endpoint-independent filtering endpoint-independent sessions-per-host 1000",
    "add nat44 pool blocks inside 10.0.4.0/24 allocation blocks first-port 2048 last-port 4095 block-size 128 blocks-per-host 2",
    "add nat44 pool cgn inside 10.0.5.0/24 allocation deterministic",
    f"add nat44 address p {POOL}",
    "add nat44 address blocks 10.0.2.110 to 10.0.2.119",
    "add nat44 address cgn 10.0.2.120 to 10.0.2.121",
    f"add nat44 static 10.0.2.50 to {DEN}",
    f"add nat44 forward tcp {POOL} 80 to {LAN} {TELLER} weight 3 affinity on twice-nat on",
    f"add nat44 forward tcp {POOL} 80 to 10.0.1.9 {TELLER}",
    f"add nat44 forward udp 10.0.2.51 53 to {LAN} 5353",
]


@pytest.fixture
def lab(tmp_path):
    with NatLab(tmp_path, "af_packet") as lab:
        yield lab


def test_sessions_are_found_and_ended_by_any_field(lab):
    with lab.pool(), Teller(lab.wan), Teller(lab.wan, 9001), udp_socket(lab.lan) as mine, udp_socket(lab.den) as theirs:
        outside = tell(mine, WAN)
        tell(mine, WAN, 9001)
        tell(theirs, WAN)
        ask_tcp(lab.lan, WAN)
        assert ping(lab.lan, WAN).received == 1
        inside_port = mine.getsockname()[1]
        filters = {f"inside {LAN}/32": 4, f"inside {DEN}/32": 1, "inside 10.0.0.0/22": 5, f"outside {POOL}/32": 5,
                   "outside 10.0.9.0/24": 0, f"remote {WAN}/32": 5, "remote 192.0.2.0/24": 0, "protocol udp": 3, "protocol tcp": 1,
                   "protocol icmp": 1, "protocol 17": 3, "protocol 253": 0, f"inside-port {inside_port}": 2,
                   f"outside-port {outside[1]} remote-port {TELLER}": 1, "remote-port 9001": 1, "inside-vrf default": 5,
                   f"protocol udp inside {LAN}/32 remote-port 9001": 1, "timer udp-replied": 3, "timer udp": 0}
        for words, count in filters.items():
            assert (lab.count(words), len(lab.sessions(words))) == (count, count), \
                (words, lab.daemon.ctl("show nat44 sessions"))
        for words in ("protocol nosuch", "timer nosuch", "inside-vrf nosuch", "protocol 256"):
            lab.daemon.refused(f"show nat44 sessions {words}")
            lab.daemon.refused(f"clear nat44 sessions {words}")
        hosts = lab.daemon.ctl_json("show nat44 hosts")
        assert [(host["address"], host["sessions"]) for host in hosts] == [(LAN, 4), (DEN, 1)]
        assert [host["address"] for host in lab.daemon.ctl_json("show nat44 hosts top 1")] == [LAN]
        for words, left in (("remote-port 9001", 4), ("protocol icmp", 3), (f"inside {DEN}/32", 2), ("protocol tcp", 1)):
            lab.daemon.ctl(f"clear nat44 sessions {words}")
            lab.wait_count(left)
        # The one that is left is the one that was.
        session, = lab.sessions()
        assert end_of(session["outside"]) == outside == tell(mine, WAN)
        assert end_of(session["remote"]) == (WAN, TELLER)


def test_who_uses_what(lab):
    """Hosts by their sessions, mappings, addresses; all of them the same story, and over when it is."""
    with lab.pool("mapping endpoint-independent"), Teller(lab.wan), Teller(lab.wan, 9001), udp_socket(lab.lan) as mine, \
            udp_socket(lab.den) as theirs:
        outside = tell(mine, WAN)
        tell(mine, WAN, 9001)
        tell(theirs, WAN)
        ask_tcp(lab.lan, WAN)
        hosts = {row["address"]: row["sessions"] for row in lab.daemon.ctl_json("show nat44 hosts")}
        assert list(hosts.items()) == [(LAN, 3), (DEN, 1)]
        for words, shown in {f"inside {DEN}/32": [DEN], "pool p top 1": [LAN], "inside-vrf default": [LAN, DEN], "inside 192.0.2.0/24": []}.items():
            assert [row["address"] for row in lab.daemon.ctl_json(f"show nat44 hosts {words}")] == shown
        mappings = lab.daemon.ctl_json("show nat44 mappings")
        assert sorted((row["protocol"], row["sessions"], row["pool"]) for row in mappings) == [("tcp", 1, "p"), ("udp", 1, "p"), ("udp", 2, "p")]
        mine_alone, = lab.daemon.ctl_json(f"show nat44 mappings protocol udp inside {LAN}/32 outside-port {outside[1]}")
        assert (end_of(mine_alone["inside"]), end_of(mine_alone["outside"])) == ((LAN, mine.getsockname()[1]), outside)
        address, = lab.daemon.ctl_json("show nat44 addresses")
        assert (address["address"], address["sessions"], address["hosts"]) == (POOL, 4, 2)
        assert (address["tcp_ports"], address["udp_ports"], address["icmp_ports"], address["ports"]) == (1, 2, 0, 64512)
        pool, = lab.daemon.ctl_json("show nat44 pool")
        assert (pool["hosts"], pool["sessions"], pool["refused"]) == (2, 4, 0)
        lab.end_sessions()
        address, = lab.daemon.ctl_json("show nat44 addresses pool p")
        assert [int(address[key]) for key in ("sessions", "hosts", "tcp_ports", "udp_ports")] == [0, 0, 0, 0]
        assert lab.daemon.ctl_json("show nat44 mappings") == lab.daemon.ctl_json("show nat44 hosts") == []


def test_an_exhausted_pool_is_one_event(lab):
    """However many packets are refused: when it is nearly used up, when it is, and when it no longer is."""
    def events():
        return [(row["change"], row["subject"], row["what"]) for row in lab.daemon.ctl_json("show events resource")]

    def wait_events(*wanted):
        def are_there():
            seen = events()
            return len(seen) == len(wanted) and all(change == is_change and subject == is_subject and what.startswith(begin)
                                                    for (change, subject, begin), (is_change, is_subject, what) in zip(wanted, seen))
        wait_until(are_there, 30, lambda: f"{wanted} are {events()}", every=0.2)

    with lab.pool("mapping endpoint-independent first-port 2000 last-port 2009"), Teller(lab.wan), contextlib.ExitStack() as stack:
        lab.daemon.ctl("set nat44 pool p threshold 80 low 50")
        sockets = [stack.enter_context(udp_socket(lab.lan)) for _ in range(11)]
        for each in sockets[:8]:
            tell(each, WAN)
        high = ("added", "nat44 pool p ports", "nearly used up, 8 of 10 in use")
        wait_events(high)
        for each in sockets[8:10]:
            tell(each, WAN)
        for _ in range(5):
            assert is_unanswered(sockets[10], WAN)
        exhausted = ("changed", "nat44 pool p ports", "exhausted, ")
        wait_events(high, exhausted)
        lab.end_sessions()
        wait_events(high, exhausted, ("removed", "nat44 pool p ports", "enough, 0 of 10 in use"))


def test_clearing_under_traffic_ends_what_was_said(lab):
    with lab.pool(), udp_socket(lab.den) as asking, Teller(lab.wan), Numbered(lab.lan, lab.wan, WAN) as flows:
        flows.wait_received(100)
        before = {s["outside"] for s in lab.sessions("remote-port 5000")}
        for _ in range(20):
            tell(asking, WAN)
            lab.daemon.ctl(f"clear nat44 sessions inside {DEN}/32")
            lab.wait_count(0, f"inside {DEN}/32")
        assert {s["outside"] for s in lab.sessions("remote-port 5000")} == before
        flows.stop()
        assert (flows.received, flows.out_of_order) == (flows.sent, 0), lab.daemon.errors()


def test_configuration_is_written_and_comes_back(tmp_path):
    """A fresh daemon with the file of another says the same of itself, and translates."""
    file = tmp_path / "sluice.conf"
    file.write_text("")
    with NatLab(tmp_path, "af_packet", ("--config", str(file))) as lab:
        lab.daemon.ctl(*CONFIGURATION, "add nat44 pool own inside 10.0.6.0/24", "add nat44 interface-address own wan")
        before = lab.daemon.ctl("show running-config")
        pools, statics = (lab.daemon.ctl_json(f"show nat44 {what}") for what in ("pool", "static"))
        lab.daemon.ctl("write")
        lab.daemon.stop()
        lab.start("--config", str(file))
        lab.wait_links()
        assert lab.daemon.ctl("show running-config") == before
        assert [lab.daemon.ctl_json(f"show nat44 {what}") for what in ("pool", "static")] == [pools, statics]
        with Teller(lab.wan):
            assert ask(lab.lan, WAN)[0] == POOL
            assert ask(lab.den, WAN)[0] == "10.0.2.50"


def test_plugin_goes_and_comes_back_under_traffic(lab):
    """Other traffic goes on meanwhile; nothing of nat44 is left, and it can be configured anew."""
    lines = ("set interface lan nat44 inside", "set interface den nat44 inside", "set interface wan nat44 outside",
             "add nat44 pool p mapping endpoint-independent", f"add nat44 address p {POOL}", f"add nat44 forward udp {POOL} 53 to {DEN} {TELLER}")
    lab.daemon.ctl(*lines[3:])
    with Teller(lab.wan), udp_socket(lab.lan) as asking, Numbered(lab.lan, lab.den, DEN) as flows, \
            Numbered(lab.lan, lab.wan, WAN) as translated:
        flows.wait_received(50)
        translated.wait_received(50)
        for _ in range(3):
            lab.daemon.ctl("unload plugin nat44")
            left = lab.daemon.ctl("show running-config").splitlines()
            assert [line for line in left if "nat44" in line] == ["unload plugin nat44"]
            lab.daemon.refused("show nat44 pool")
            lab.daemon.ctl("load plugin nat44")
            assert lab.daemon.ctl_json("show nat44 pool") == []
            assert lab.daemon.ctl_json("show nat44 sessions") == []
            assert is_unanswered(asking, WAN)
            lab.daemon.ctl(*lines)
            assert tell(asking, WAN)[0] == POOL
            translated.wait_received(translated.received + 50)
        flows.stop()
        assert (flows.received, flows.out_of_order) == (flows.sent, 0), lab.daemon.errors()


def test_interfaces_come_and_go(lab):
    """An outside interface that is deleted takes its sessions' way with it, and nothing crashes."""
    with lab.pool(), Teller(lab.wan):
        assert ask(lab.lan, WAN)[0] == POOL
        lab.daemon.ctl("reset interface lan nat44")
        with udp_socket(lab.lan) as asking:
            assert is_unanswered(asking, WAN)
        lab.daemon.ctl("set interface lan nat44 inside")
        assert ask(lab.lan, WAN)[0] == POOL
        lab.daemon.ctl("delete interface wan")
        assert lab.daemon.alive()
        assert "nat44 outside" not in lab.daemon.ctl("show running-config")


def test_two_workers(tmp_path):
    """Hosts of both workers by one pool: what comes back finds the worker whose session it is, in order."""
    with NatLab(tmp_path, "tap", ("--workers", 2)) as lab, \
            lab.pool("mapping endpoint-independent filtering endpoint-independent"), Teller(lab.wan), contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(udp_socket(host)) for host in (lab.lan, lab.den) for _ in range(20)]
        seen = [tell(each, WAN) for each in sockets]
        assert len(set(seen)) == 40
        assert [tell(each, WAN, data=bytes(4000)) for each in sockets] == seen
        assert len(lab.sessions()) == lab.count() == 40
        stranger = stack.enter_context(udp_socket(lab.wan))
        for each, end in zip(sockets, seen):
            stranger.sendto(b"hello", end)
            assert each.recvfrom(100) == (b"hello", (WAN, stranger.getsockname()[1]))
        # Hairpinned, from one worker's to another's.
        for mine, theirs, their_end in zip(sockets[:20], sockets[20:], seen[20:]):
            mine.sendto(b"hi", their_end)
            assert theirs.recvfrom(100)[0] == b"hi"
        lab.end_sessions()
        with lab.rules(f"add nat44 forward tcp {POOL} 80 to {LAN} {TELLER}"), Teller(lab.lan):
            for _ in range(10):
                assert ask_tcp(lab.wan, POOL, 80)[0] == WAN
                assert ask_tcp(lab.den, POOL, 80)[0] == POOL
        with Numbered(lab.lan, lab.wan, WAN, flows=8) as flows:
            flows.wait_received(500)
            flows.stop()
            assert (flows.received, flows.out_of_order) == (flows.sent, 0), lab.daemon.errors()
