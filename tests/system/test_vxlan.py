# SPDX-License-Identifier: Apache-2.0
"""VXLAN between the router and hosts whose kernel does it as well: bridged, routed, over IPv4 and IPv6, and between two routers."""

import contextlib
import subprocess

import pytest
from scapy.contrib.igmp import IGMP
from scapy.layers.inet import IP, UDP, IPOption_Router_Alert
from scapy.layers.l2 import Ether
from scapy.layers.vxlan import VXLAN

from lib.api import Api, compile_messages
from lib.clients import iperf, ping
from lib.daemon import ROOT, Daemon
from lib.lab import LAN, LAN_ROUTER, WAN, WAN_ROUTER
from lib.lab6 import WAN6, WAN_ROUTER6, Lab6
from lib.netns import Namespace, join
from lib.numbered import Numbered
from lib.wait import wait_until

VNI = 100
# A host of the LAN that is behind the tunnel.
FAR_LAN = "10.0.1.3"
ROUTER_IN, FAR_IN = "172.16.0.1", "172.16.0.2"
UNDERLAYS = {"ip4": (WAN_ROUTER, WAN), "ip6": (WAN_ROUTER6, WAN6)}
# What is in front of a packet in the tunnel.
HEADERS = {"ip4": 50, "ip6": 70}


def add_kernel_vxlan(host, local, remote, *words, name="vx0", vni=VNI, address=None):
    """The other end, in a host's kernel."""
    host.ip("link", "add", name, "type", "vxlan", "id", vni, "local", local, "remote", remote, "dstport", 4789, "dev", "eth0", *words)
    if address:
        host.ip("address", "add", address, "dev", name)
    host.ip("link", "set", name, "up")


def wait_link(daemon, name="tunnel"):
    wait_until(lambda: daemon.interface(name)["link"] == "up", 10, lambda: daemon.ctl("show vxlan tunnel"), 0.1)


@pytest.fixture(params=UNDERLAYS)
def underlay(request):
    return request.param


@pytest.fixture
def lab6(tmp_path):
    with Lab6(tmp_path) as lab:
        yield lab


@pytest.fixture
def bridged(lab6, underlay):
    """The LAN goes on behind the tunnel."""
    router, far = UNDERLAYS[underlay]
    add_kernel_vxlan(lab6.wan, far, router, address=f"{FAR_LAN}/24")
    # The host is in the LAN now, and not behind it.
    lab6.wan.ip("route", "del", "default")
    lab6.daemon.ctl(f"delete address lan {LAN_ROUTER}/24", f"add vxlan tunnel tunnel vni {VNI} local {router} remote {far}",
                    "add bridge br", "add bridge-port br lan", "add bridge-port br tunnel", "set interface tunnel state up")
    wait_link(lab6.daemon)
    return lab6


@pytest.fixture
def routed(lab6, underlay):
    """A network of router and far host in the tunnel, by which the far host reaches the LAN."""
    router, far = UNDERLAYS[underlay]
    add_kernel_vxlan(lab6.wan, far, router, address=f"{FAR_IN}/24")
    lab6.wan.ip("route", "add", "10.0.1.0/24", "via", ROUTER_IN)
    lab6.daemon.ctl(f"add vxlan tunnel tunnel vni {VNI} local {router} remote {far} dont-fragment set",
                    f"add address tunnel {ROUTER_IN}/24", "set interface tunnel state up")
    wait_link(lab6.daemon)
    lab6.underlay = underlay
    return lab6


def test_a_lan_goes_on_behind_the_tunnel(bridged):
    assert ping(bridged.lan, FAR_LAN, count=5).received == 5
    # What fits the tunnel, and no fragment of the underlay's.
    with bridged.wire("wan") as wire:
        mtu = bridged.daemon.interface("tunnel")["mtu"]
        assert ping(bridged.wan, LAN, "-s", int(mtu) - 28, "-M", "do", count=5).received == 5
        assert not wire.seen(IP, lambda packet: packet[IP].flags.MF or packet[IP].frag)
        said = wire.tshark("vxlan", "vxlan.vni", "udp.dstport", "icmp.type")
    assert said and {row["vxlan.vni"] for row in said} == {str(VNI)}
    assert {row["udp.dstport"] for row in said} == {"4789"} and "0" in {row["icmp.type"] for row in said}
    bridged.wan.ip("link", "set", "vx0", "mtu", mtu)
    bridged.lan.ip("link", "set", "eth0", "mtu", mtu)
    assert iperf(bridged.lan, bridged.wan, FAR_LAN, seconds=1)["sum_received"]["bytes"] > 1_000_000


def test_the_mtu_is_the_paths(routed):
    headers = HEADERS[routed.underlay]
    assert int(routed.daemon.interface("tunnel")["mtu"]) == 1500 - headers
    routed.wan.ip("link", "set", "vx0", "mtu", 1500 - headers)
    # Hosts learn of it.
    assert "Frag needed" in ping(routed.lan, FAR_IN, "-s", 1472, "-M", "do").text
    assert ping(routed.lan, FAR_IN, "-s", 1472 - headers, "-M", "do", count=3).received == 3
    with routed.wire("wan") as wire:
        assert iperf(routed.lan, routed.wan, FAR_IN, seconds=1)["sum_received"]["bytes"] > 1_000_000
        assert not wire.seen(IP, lambda packet: packet[IP].flags.MF or packet[IP].frag)
    routed.daemon.ctl("set interface wan mtu 1400")
    wait_until(lambda: int(routed.daemon.interface("tunnel")["mtu"]) == 1400 - headers, 10,
               lambda: routed.daemon.ctl("show interface tunnel"))
    assert ping(routed.lan, FAR_IN, "-s", 1372 - headers, "-M", "do", count=3).received == 3
    assert routed.daemon.ctl_json("show vxlan tunnel")[0]["way_mtu"] == 1400 - headers


def test_checksums_are_right_or_left_out(lab6, underlay):
    """The other way round than by default."""
    router, far = UNDERLAYS[underlay]
    words = ("udpcsum",) if underlay == "ip4" else ("udp6zerocsumtx", "udp6zerocsumrx")
    add_kernel_vxlan(lab6.wan, far, router, *words, address=f"{FAR_IN}/24")
    wanted = "on" if underlay == "ip4" else "off"
    lab6.daemon.ctl(f"add vxlan tunnel tunnel vni {VNI} local {router} remote {far} checksum {wanted}",
                    f"add address tunnel {ROUTER_IN}/24", "set interface tunnel state up")
    wait_link(lab6.daemon)
    with lab6.wire("wan") as wire:
        assert ping(lab6.wan, ROUTER_IN, count=3).received == 3
        zero = {packet[UDP].chksum == 0 for packet in wire.seen(VXLAN)}
    assert zero == {wanted == "off"}


def test_what_is_wrong_is_a_drop_with_a_name(lab6):
    daemon = lab6.daemon
    daemon.ctl(f"add vxlan tunnel tunnel vni {VNI} local {WAN_ROUTER} remote {WAN}", "set interface tunnel state up")
    outer = Ether(src=lab6.wan.mac(), dst=lab6.mac("wan")) / IP(src=WAN, dst=WAN_ROUTER) / UDP(sport=50000, dport=4789)
    inner = Ether() / IP(src="1.1.1.1", dst="2.2.2.2")
    with lab6.wire("wan") as wire:
        wire.send(outer / VXLAN(vni=VNI + 1, flags=8) / inner, outer / VXLAN(vni=VNI, flags=0) / inner,
                  outer / VXLAN(vni=VNI, flags=8))
    for reason in ("unknown-vni", "no-vni", "truncated"):
        daemon.wait_error("vxlan4-decap", reason, 1)


def test_errors_of_the_underlay_reach_inner_hosts(routed):
    """A way that ends: the router tells the host that sent into the tunnel."""
    # Not because nobody answers in the tunnel.
    routed.daemon.ctl(f"add neighbor tunnel {FAR_IN} {routed.wan.mac('vx0')}")
    assert ping(routed.lan, FAR_IN, count=1).received == 1
    # The far host has the tunnel no more, and says so of each packet.
    routed.wan.ip("link", "del", "vx0")
    told = ping(routed.lan, FAR_IN, wait=1, count=3).text
    assert f"From {ROUTER_IN} " in told and "Destination Host Unreachable" in told, told


@contextlib.contextmanager
def two_routers(directory, *more):
    """left -- a box -- a box -- right: two hosts of one LAN, each at a router of its own, and a network of two links between these."""
    with contextlib.ExitStack() as stack:
        left, right, box1, box2 = (stack.enter_context(Namespace(name)) for name in ("left", "right", "box1", "box2"))
        join(left, "eth0", box1, "lan0")
        join(right, "eth0", box2, "lan0")
        for link in range(2):
            join(box1, f"wan{link}", box2, f"wan{link}")
        daemons = []
        for number, box in enumerate((box1, box2), 1):
            daemon = stack.enter_context(Daemon(box, directory, name=f"sluiced{number}"))
            daemon.ctl('add port lan device "net_af_packet0,iface=lan0"',
                       *(f'add port wan{link} device "net_af_packet{link + 1},iface=wan{link}"' for link in range(2)),
                       *(f"set interface {name} state up" for name in ("lan", "wan0", "wan1")),
                       *(f"add address wan{link} 10.9.{link}.{number}/24" for link in range(2)))
            daemons.append(daemon)
        for number, daemon in enumerate(daemons, 1):
            other = 3 - number
            daemon.ctl(f"add route 192.0.2.{other}/32 via 10.9.0.{other}",
                       *(line.format(own=f"192.0.2.{number}", other=f"192.0.2.{other}", vni=VNI) for line in more),
                       "add bridge br", "add bridge-port br lan", "add bridge-port br tunnel", "set interface tunnel state up")
        for number, host in enumerate((left, right), 1):
            host.offloads_off("eth0", check=False)
            host.ip("address", "add", f"10.0.0.{number}/24", "dev", "eth0")
            host.ip("link", "set", "eth0", "up")
        for daemon in daemons:
            wait_until(lambda: all(i["link"] == "up" for i in daemon.ctl_json("show interface") if i["name"] != "br"), 10,
                       lambda: daemon.ctl("show interface"), 0.1)
        yield left, right, daemons


POINT_TO_POINT = ("add vxlan tunnel tunnel vni {vni} local {own} remote {other}",)


def test_two_routers_stretch_a_lan_and_lose_nothing_when_the_way_changes(tmp_path):
    with two_routers(tmp_path, *POINT_TO_POINT) as (left, right, (first, second)):
        assert ping(left, "10.0.0.2", count=5).received == 5
        for daemon, other in ((first, 2), (second, 1)):
            # Both ways are known before one is needed.
            wait_until(lambda: ping(left, "10.0.0.2").received == 1, 10, "it is reached")
            daemon.ctl("add next-hop-group both ip4", f"add next-hop-group-member both 10.9.0.{other}",
                       f"add next-hop-group-member both 10.9.1.{other}")
            wait_until(lambda: all(m["state"] == "used" for m in daemon.ctl_json("show next-hop-group-member both")), 15,
                       lambda: daemon.ctl("show next-hop-group-member both"))
        with Numbered(left, right, "10.0.0.2", rate=2000) as numbered:
            numbered.wait_received(200)
            for way in ("via 10.9.1.2", "via group both", "via 10.9.0.2", "via group both", "via 10.9.1.2"):
                first.ctl(f"add route 192.0.2.2/32 {way}")
                numbered.wait_received(numbered.received + 400)
            numbered.stop()
            assert (numbered.received, numbered.out_of_order) == (numbered.sent, 0), str(first.errors())
        # Over a group, flows spread by the outer source port.
        first.ctl("add route 192.0.2.2/32 via group both")
        before = [int(first.interface(f"wan{link}")["tx_packets"]) for link in range(2)]
        with Numbered(left, right, "10.0.0.2", flows=64) as numbered:
            numbered.wait_received(600)
            numbered.stop()
            assert numbered.received == numbered.sent
        after = [int(first.interface(f"wan{link}")["tx_packets"]) for link in range(2)]
        assert min(b - a for a, b in zip(before, after)) > 100, (before, after)


def test_a_tunnel_into_itself_is_a_drop_with_a_name(lab6):
    daemon = lab6.daemon
    daemon.ctl(f"add vxlan tunnel tunnel vni {VNI} local {WAN_ROUTER} remote 198.51.100.7", f"add address tunnel {ROUTER_IN}/24",
               "set interface tunnel state up", f"add neighbor tunnel {FAR_IN} 02:00:00:00:07:01",
               f"add route 198.51.100.7/32 via {FAR_IN}")
    ping(lab6.lan, FAR_IN, wait=1)
    wait_until(lambda: daemon.error("vxlan-encap", "tunnel-loop") > 0, 10, lambda: str(daemon.errors()))


def test_the_running_configuration_has_it(routed):
    line = next(line for line in routed.daemon.ctl("show running-config").splitlines() if line.startswith("add vxlan"))
    router, far = UNDERLAYS[routed.underlay]
    assert line.replace('"', "").startswith(f"add vxlan tunnel tunnel vni {VNI} local {router} remote {far}")
    routed.daemon.ctl("delete interface tunnel", line)
    assert routed.daemon.ctl_json("show vxlan tunnel")[0]["vni"] == VNI


MANY = ("add vxlan tunnel tunnel vni {vni} local {own}", "add vxlan flood tunnel {other}")


def stations(daemon):
    return {row["mac"]: row["remote"] for row in daemon.ctl_json("show vxlan mac")}


def test_a_tunnel_to_many_learns_who_is_where(lab6, underlay):
    """Two other ends in one host, each with a station, and a bridge of the kernel's behind one."""
    daemon, far = lab6.daemon, lab6.wan
    router, _ = UNDERLAYS[underlay]
    ends = {"ip4": ("10.0.2.2", "10.0.2.3"), "ip6": ("2001:db8:2::2", "2001:db8:2::3")}[underlay]
    length = 24 if underlay == "ip4" else 64
    far.ip("address", "add", f"{ends[1]}/{length}", "dev", "eth0", *(("nodad",) if underlay == "ip6" else ()))
    far.ip("route", "del", "default")
    add_kernel_vxlan(far, ends[0], router, address="10.0.1.3/24")
    # The other one on another UDP port would be another network; here it is another namespace's.
    with Namespace("second") as second:
        far.ip("link", "add", "vx1", "type", "vxlan", "id", VNI, "local", ends[1], "remote", router, "dstport", 4790, "dev", "eth0")
        far.ip("link", "set", "vx1", "netns", second.name)
        second.ip("link", "add", "br0", "type", "bridge")
        second.ip("link", "set", "vx1", "master", "br0")
        second.ip("address", "add", "10.0.1.4/24", "dev", "br0")
        for name in ("vx1", "br0"):
            second.ip("link", "set", name, "up")
        daemon.ctl(f"delete address lan {LAN_ROUTER}/24", "add bridge br", "add bridge-port br lan")
        for name, port, end in (("t0", 4789, ends[0]), ("t1", 4790, ends[1])):
            daemon.ctl(f"add vxlan tunnel {name} vni {VNI} local {router} port {port}", f"add vxlan flood {name} {end}",
                       f"add bridge-port br {name}", f"set interface {name} state up")
        assert ping(lab6.lan, "10.0.1.3", count=5).received == 5
        assert ping(lab6.lan, "10.0.1.4", count=5).received == 5
        # From the one end by way of the router to the other.
        assert ping(far, "10.0.1.4", count=5).received == 5
        wanted = {far.mac("vx0"): ends[0], second.mac("br0"): ends[1]}
        wait_until(lambda: wanted.items() <= stations(daemon).items(), 10, lambda: str(stations(daemon)))
        mtu = 1500 - HEADERS[underlay]
        wait_until(lambda: int(daemon.interface("t0")["mtu"]) == mtu, 10, lambda: daemon.ctl("show interface t0"))


GROUPS = {"ip4": "239.1.1.9", "ip6": "ff05::109"}


def test_a_group_is_where_others_are_found(lab6, underlay):
    """The kernel's way: no other end is named at either side."""
    daemon, far = lab6.daemon, lab6.wan
    router, end = UNDERLAYS[underlay]
    group = GROUPS[underlay]
    far.ip("link", "add", "vx0", "type", "vxlan", "id", VNI, "local", end, "group", group, "dstport", 4789, "dev", "eth0")
    far.ip("address", "add", f"{FAR_LAN}/24", "dev", "vx0")
    far.ip("link", "set", "vx0", "up")
    far.ip("route", "del", "default")
    with lab6.wire("wan") as wire:
        daemon.ctl(f"delete address lan {LAN_ROUTER}/24", f"add vxlan tunnel tunnel vni {VNI} local {router}",
                   f"add vxlan flood tunnel {group} interface wan", "add bridge br", "add bridge-port br lan",
                   "add bridge-port br tunnel", "set interface tunnel state up")
        assert ping(lab6.lan, FAR_LAN, count=5).received == 5
        assert ping(far, LAN, count=5).received == 5
        reports = "igmp.type == 0x22 && igmp.maddr == " if underlay == "ip4" else "icmpv6.type == 143 && icmpv6.mldr.mar.multicast_address == "
        assert wire.tshark(reports + group, "frame.number")
    wait_until(lambda: stations(daemon).get(far.mac("vx0")) == end, 10, lambda: str(stations(daemon)))
    shown = daemon.ctl_json(f"show {underlay}-group interface wan")
    assert [row["listeners"] for row in shown if row["group"] == group] == [1]
    daemon.ctl("delete interface tunnel")
    assert group not in daemon.ctl(f"show {underlay}-group")


def test_the_router_answers_who_asks_for_its_groups(lab6):
    daemon = lab6.daemon
    daemon.ctl(f"add vxlan tunnel tunnel vni {VNI} local {WAN_ROUTER}", "add vxlan flood tunnel 239.1.1.9 interface wan")
    query = Ether(src=lab6.wan.mac(), dst="01:00:5e:00:00:01") / IP(src=WAN, dst="224.0.0.1", ttl=1, options=[IPOption_Router_Alert()])
    with lab6.wire("wan") as wire:
        wire.send(query / IGMP(type=0x11, mrcode=1))
        wait_until(lambda: wire.tshark("igmp.type == 0x16 && igmp.maddr == 239.1.1.9", "frame.number"), 10, lambda: daemon.ctl("show igmp"))
        wire.send(query / IGMP(type=0x11, mrcode=1, chksum=1))
        daemon.wait_error("igmp-input", "bad-checksum", 1)
    assert [(row["interface"], row["version"], row["querier"]) for row in daemon.ctl_json("show igmp")] == [("wan", 2, WAN)]


def test_two_routers_with_flood_lists(tmp_path):
    with two_routers(tmp_path, *MANY) as (left, right, (first, second)):
        assert ping(left, "10.0.0.2", count=5).received == 5
        wait_until(lambda: stations(first).get(right.mac()) == "192.0.2.2", 10, lambda: str(stations(first)))
        wait_until(lambda: stations(second).get(left.mac()) == "192.0.2.1", 10, lambda: str(stations(second)))
        assert iperf(left, right, "10.0.0.2", "-M", 1300, seconds=1)["sum_received"]["bytes"] > 1_000_000
        # What a controller says stays, and nobody else is heard.
        first.ctl("add vxlan tunnel quiet vni 7 local 192.0.2.1 learning off", "add vxlan flood quiet 203.0.113.1")
        second.ctl("add vxlan tunnel quiet vni 7 local 192.0.2.2", "add vxlan flood quiet 192.0.2.1",
                   "add address quiet 172.16.0.2/24", "set interface quiet state up")
        wait_until(lambda: first.error("vxlan4-decap", "unexpected-peer") > 0, 10, lambda: str(first.errors()))


def test_stations_are_loaded_in_batches(lab6, tmp_path):
    compile_messages(tmp_path)
    subprocess.run(["protoc", f"-I{ROOT}", f"--python_out={tmp_path}", "plugins/vxlan/vxlan.proto"], cwd=ROOT, check=True)
    from plugins.vxlan import vxlan_pb2
    daemon = lab6.daemon
    daemon.ctl(f"add vxlan tunnel many vni {VNI} local {WAN_ROUTER} learning off")
    batches = [vxlan_pb2.VxlanMacBatch() for _ in range(10)]
    for number in range(10_000):
        one = batches[number // 1000].add.add(tunnel="many")
        one.mac.value = 0x020000000000 + number
        one.remote.ip4 = 0xC6336401 + number % 50
    batches.append(vxlan_pb2.VxlanMacBatch())
    batches[-1].delete.add(tunnel="many").mac.value = 0x020000000000
    with Api(daemon.socket) as api:
        reply = api.sink("vxlan.VxlanTunnels.LoadMacs", batches, vxlan_pb2.LoadVxlanMacsReply)
    assert (reply.added, reply.deleted) == (10_000, 1)
    assert daemon.ctl_json("show vxlan tunnel")[0]["remotes"] == 50
    assert len(daemon.ctl_json("show vxlan mac")) == 9_999
