# SPDX-License-Identifier: Apache-2.0
"""The flight recorder: what was dropped lately, without anybody having asked before."""

import datetime

from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.l2 import Ether

from lib.clients import ping
from lib.lab import LAN, WAN
from lib.wait import wait_until


def drops(lab, words=""):
    return lab.daemon.ctl_json(f"show drops {words}")


def send_dropped(lab, count=1, **fields):
    """Packets with a source address that no packet may have."""
    frame = bytes(Ether(src=lab.lan.mac(), dst=lab.mac("lan")) /
                  IP(**{"src": "127.0.0.1", "dst": WAN, **fields}) / UDP(sport=1111, dport=2222))
    with lab.wire() as wire:
        wire.send_steadily([frame] * count)


def test_a_dropped_packet_tells_when_where_and_why(lab):
    lab.assert_forwards()
    send_dropped(lab)
    lab.daemon.wait_error("ip4-input", "bad-source", 1)
    drop, = drops(lab, "reason bad-source")
    assert (drop["node"], drop["reason"]) == ("ip4-input", "bad-source")
    assert "source" in drop["meaning"] and drop["rx_interface"] == "lan" and drop["tx_interface"] == "-"
    assert "127.0.0.1 -> 10.0.2.2" in drop["packet"] and "1111 -> 2222" in drop["packet"]
    # 14 + 20 + 8, which a port may have filled up to the shortest frame.
    assert 42 <= drop["length"] <= 60 and len(drop["bytes"]) == 2 * drop["length"]
    when = datetime.datetime.fromisoformat(drop["time"].replace("Z", "+00:00"))
    assert abs(datetime.datetime.now(datetime.timezone.utc) - when) < datetime.timedelta(seconds=30)
    text = lab.daemon.ctl("show drops")
    assert "bad-source" in text and "127.0.0.1 -> 10.0.2.2" in text and drop["bytes"] not in text
    assert drop["bytes"] in lab.daemon.ctl("show drops | detail")


def test_a_packet_that_is_answered_with_an_error_is_kept_as_it_came(lab):
    lab.assert_forwards()
    assert ping(lab.lan, WAN, "-t", 1).received == 0
    drop, = drops(lab, "reason ttl-expired")
    assert drop["node"] == "ip4-rewrite" and f"{LAN} -> {WAN} ttl 1" in drop["packet"]


def test_what_control_drops_is_kept_too(lab):
    lab.assert_forwards()
    with lab.wire() as wire:
        wire.send(Ether(src=lab.lan.mac(), dst=lab.mac("lan")) / IP(src=LAN, dst="10.0.2.77") / ICMP())
        wire.wait(ICMP, lambda p: p[ICMP].type == 3, what="host unreachable")
    drop, = [d for d in drops(lab) if "10.0.2.77" in d["packet"]]
    assert "worker" not in drop and drop["tx_interface"] in ("wan", "-")


def test_an_interface_that_is_gone_keeps_its_name(lab):
    """Another interface may have got its index since."""
    lab.assert_forwards()
    lab.daemon.ctl("trace add ip4-input 5 drop bad-source")
    send_dropped(lab)
    lab.daemon.wait_error("ip4-input", "bad-source", 1)
    lab.daemon.ctl("delete interface lan", "add null other")
    for words in ("reason bad-source", "interface lan reason bad-source"):
        drop, = drops(lab, words)
        assert drop["rx_interface"] == "lan"
    assert drops(lab, "interface other") == []
    assert "lan -> -" in lab.daemon.ctl("show trace") and "other" not in lab.daemon.ctl("show trace")


def test_a_flood_does_not_push_out_the_rest(lab):
    lab.assert_forwards()
    send_dropped(lab, 3000)
    wait_until(lambda: lab.daemon.error("ip4-input", "bad-source") >= 2900, 20, "the flood is counted")
    assert ping(lab.lan, WAN, "-t", 1).received == 0
    send_dropped(lab, 3)
    kept = drops(lab, "last 100000")
    assert 0 < len(kept) <= 2048 and len(drops(lab)) == 50 and len(drops(lab, "last 3")) == 3
    assert [d["time"] for d in kept] == sorted(d["time"] for d in kept)
    assert len(drops(lab, "reason ttl-expired")) == 1


def test_only_what_is_asked_for(lab):
    lab.assert_forwards()
    send_dropped(lab)
    lab.daemon.wait_error("ip4-input", "bad-source", 1)
    assert drops(lab, "interface wan") == [] and len(drops(lab, "last 5 reason bad-source interface lan")) == 1
    assert "no node drops packets for 'hunger'" in lab.daemon.refused("show drops reason hunger")
    assert "dmz" in lab.daemon.refused("show drops interface dmz")
    assert "1 or more" in lab.daemon.refused("show drops last 0")
