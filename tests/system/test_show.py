# SPDX-License-Identifier: Apache-2.0
"""What the router says of itself: drops, memory, buffers, the graph, and what the doctor finds."""

import json
import xml.etree.ElementTree

import pytest

from lib.clients import ping
from lib.daemon import SLUICED, Daemon
from lib.lab import Lab
from lib.netns import Namespace
from lib.wait import wait_until

STREAM = ["add pg interface a", "add pg interface b", "set interface a state up", "set interface b state up",
          "add address a 10.0.1.1/24", "add address b 10.0.2.1/24",
          "add neighbor a 10.0.1.2 02:00:00:00:00:01", "add neighbor b 10.0.2.2 02:00:00:00:00:02",
          "add pg stream good interface a rate 5000 source 10.0.1.2 destination 10.0.2.2",
          "add pg stream bad interface a rate 1000 source 10.0.1.2 destination 192.0.2.1",
          "start pg good", "start pg bad"]


@pytest.fixture(scope="module")
def streaming(tmp_path_factory):
    """A router with 5000 packets a second that it forwards and 1000 that it drops."""
    with Namespace("box") as box, Daemon(box, tmp_path_factory.mktemp("box")) as daemon:
        daemon.ctl(*STREAM)
        yield daemon


def drop(daemon, line, reason):
    found = [e for e in daemon.ctl_json(line) if e["reason"] == reason]
    return found[0] if found else None


def test_errors_have_a_rate(streaming):
    wait_until(lambda: (drop(streaming, "show errors", "no-route") or {}).get("rate", 0) > 500, 10,
               lambda: f"the drops have a rate: {streaming.ctl('show errors')}", every=0.2)
    error = drop(streaming, "show errors", "no-route")
    assert error["node"] == "ip4-unreachable" and error["packets"] > 500 and "no route" in error["meaning"]
    assert 500 < error["rate"] < 2000
    assert drop(streaming, "show errors", "hold-full") is None


def test_all_errors_are_listed_when_asked_for(streaming):
    every = streaming.ctl_json("show errors all")
    assert len(every) > 30 and all(e["meaning"] for e in every)
    assert drop(streaming, "show errors all", "hold-full")["packets"] == 0


def test_rates_end_with_the_traffic(box, tmp_path):
    with Daemon(box, tmp_path) as daemon:
        daemon.ctl(*STREAM)
        wait_until(lambda: (drop(daemon, "show errors", "no-route") or {}).get("rate", 0) > 0, 10, "a rate", every=0.2)
        daemon.ctl("stop pg good", "stop pg bad")
        wait_until(lambda: drop(daemon, "show errors", "no-route")["rate"] == 0, 10, "no rate", every=0.2)


def graph_rates(daemon):
    """Packets a second by node, from the text."""
    rows = [line.split() for line in daemon.ctl("show graph").splitlines()[1:]]
    return {row[0]: (row[2], float(row[3])) for row in rows}


def test_the_graph_has_live_rates(streaming):
    wait_until(lambda: graph_rates(streaming)["ip4-rewrite"][0] != "0", 10, "the graph has rates", every=0.2)
    packets, clocks = graph_rates(streaming)["ip4-rewrite"]
    assert packets.endswith("k") and 2 < float(packets[:-1]) < 8 and clocks > 1
    dot = streaming.ctl("show graph dot")
    assert dot == streaming.ctl("show graph format dot") or dot.startswith("digraph sluice {")
    assert '"ip4-unreachable" -> "drop" [color=red3' in dot and '"ip4-rewrite" -> "interface-output" [penwidth=' in dot


def test_the_graph_is_drawn_as_svg(streaming):
    wait_until(lambda: graph_rates(streaming)["ip4-rewrite"][0] != "0", 10, "the graph has rates", every=0.2)
    root = xml.etree.ElementTree.fromstring(streaming.ctl("show graph svg").encode())
    assert root.tag == "{http://www.w3.org/2000/svg}svg" and float(root.get("width").rstrip("pt")) > 300
    texts = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "ip4-lookup" in texts and any(text.endswith("clocks") and "/s, " in text for text in texts)


def test_memory_is_accounted_for(streaming):
    parts = {part["part"]: part for part in streaming.ctl_json("show memory")}
    assert parts["process"]["kilobytes"] > 10_000
    assert parts["dpdk-0"]["reserved_kilobytes"] >= 200 * 1024
    assert parts["interfaces"]["used"] == 2 and parts["interfaces"]["kilobytes"] > 0
    assert parts["ip4-table"]["used"] == len(streaming.ctl_json("show route"))
    assert all(part["kilobytes"] <= part["reserved_kilobytes"] for part in parts.values())


def test_routes_take_memory_and_give_blocks_back(box, tmp_path):
    with Daemon(box, tmp_path) as daemon:
        daemon.script("\n".join(STREAM[:7]))

        def part(name):
            return next(p for p in daemon.ctl_json("show memory") if p["part"] == name)

        before = part("ip4-table-blocks")["used"], part("ip4-table")["kilobytes"]
        daemon.script("\n".join(f"add route 20.{i}.0.0/28 via 10.0.2.2" for i in range(200)))
        assert part("ip4-table-blocks")["used"] == before[0] + 200 and part("ip4-table")["kilobytes"] > before[1]
        daemon.script("\n".join(f"delete route 20.{i}.0.0/28" for i in range(200)))
        wait_until(lambda: part("ip4-table-blocks")["used"] == before[0], 10, "blocks come back", every=0.1)


def test_buffers_add_up(streaming):
    pool = streaming.ctl_json("show buffers")[0]
    assert pool["free"] + pool["in_use"] == pool["buffers"] and pool["cached"] <= pool["free"]
    assert pool["lowest_free"] <= pool["free"] and pool["failures"] == 0


def test_buffers_in_use_are_those_of_a_ports_ring(tmp_path):
    with Lab(tmp_path) as lab:
        assert ping(lab.lan, "203.0.113.1", count=1, wait=1).received == 0
        pool = lab.daemon.ctl_json("show buffers")[0]
        assert pool["free"] + pool["in_use"] == pool["buffers"]


# ---- the doctor ----

def doctor(box, *arguments, code=0):
    done = box.run(SLUICED, "--doctor", "--format", "json", *arguments, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    findings = json.loads(done.stdout)
    assert all(f["finding"] and (f["level"] == "ok" or f["cost"]) for f in findings)
    return findings


def of(findings, topic, level):
    return [f for f in findings if f["topic"] == topic and f["level"] == level]


def test_the_doctor_starts_nothing_and_speaks_plainly(box, tmp_path):
    socket = tmp_path / "api.sock"
    done = box.run(SLUICED, "--doctor", "--socket", socket)
    assert "hugepages" in done.stdout and " in the way\n" in done.stdout and list(tmp_path.iterdir()) == []
    assert done.stderr == ""


def test_the_doctor_names_what_is_in_the_way(box, tmp_path):
    findings = doctor(box, "--socket", tmp_path / "a.sock", "--cores", "0,999", "--memory", 200_000_000, code=1)
    assert "999" in of(findings, "cores", "error")[0]["finding"]
    assert of(findings, "memory", "error") and of(findings, "hugepages", "warning")[0]["remedy"].startswith("echo ")
    findings = doctor(box, "--config", tmp_path / "none.conf", "--socket", tmp_path / "a.sock", code=1)
    assert "none.conf cannot be read" in of(findings, "config", "error")[0]["finding"]


def test_the_doctor_sees_a_running_daemon(box, tmp_path):
    with Daemon(box, tmp_path) as daemon:
        findings = doctor(box, "--socket", daemon.socket, code=1)
        assert f"process {daemon.pid} serves" in of(findings, "socket", "error")[0]["finding"]
        # Of itself it finds nothing in the way.
        own = daemon.ctl_json("show doctor")
        assert own and not [f for f in own if f["level"] == "error"]


def test_the_doctor_looks_at_the_offloads_of_ports(tmp_path):
    with Lab(tmp_path, configure=False) as lab:
        config = tmp_path / "router.conf"
        config.write_text('add port lan device "net_af_packet0,iface=lan0"\n')
        arguments = "--config", config, "--socket", tmp_path / "other.sock"
        findings = doctor(lab.box, *arguments)
        assert "lan0 hands packets over" in of(findings, "offloads", "ok")[0]["finding"]
        assert "FAR-END" in of(findings, "offloads", "note")[0]["remedy"]
        lab.box.run("ethtool", "-K", "lan0", "gro", "on", "tx", "on")
        remedy = of(doctor(lab.box, *arguments), "offloads", "warning")[0]["remedy"]
        assert remedy == "ethtool -K lan0 gro off tx off"
        # It is what mends it.
        lab.box.run(*remedy.split())
        assert not of(doctor(lab.box, *arguments), "offloads", "warning")
        config.write_text('add port lan device "net_af_packet0,iface=nothere"\n')
        assert of(doctor(lab.box, *arguments, code=1), "interfaces", "error")


def test_the_doctor_misses_rights(box, tmp_path):
    done = box.run("setpriv", "--bounding-set", "-net_admin,-net_raw,-ipc_lock", "--reuid", "65534",
                   "--clear-groups", SLUICED, "--doctor", "--socket", tmp_path / "x.sock", check=False)
    assert done.returncode == 1, done.stdout
    assert "cap_net_admin,cap_net_raw,cap_ipc_lock missing" in done.stdout and "may not be written" in done.stdout


def test_version_names_the_build_of_the_hot_nodes(streaming):
    flags = set(next(line for line in open("/proc/cpuinfo") if line.startswith("flags")).split())
    best = ("x86-64-v4" if {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"} <= flags else
            "x86-64-v3" if {"avx2", "bmi1", "bmi2", "fma", "movbe"} <= flags else "x86-64-v2")
    # Sanitizer builds have one build of them only.
    assert streaming.ctl_json("show version")["isa"] in (best, "x86-64-v2")
    loaded = {line.split()[-1] for line in open(f"/proc/{streaming.pid}/maps") if "libsluice_vnet_nodes.so" in line}
    assert len(loaded) == 1
    assert (best in loaded.pop()) == (streaming.ctl_json("show version")["isa"] == best != "x86-64-v2")
