# SPDX-License-Identifier: Apache-2.0
"""The metrics page: what a monitoring system scrapes, and the dashboard that is made for it."""

import json
import re
import time

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_prometheus

from lib.clients import iperf, ping
from lib.daemon import ROOT, Daemon, try_to_start
from lib.lab import WAN, Lab
from lib.wait import wait_until

PORT = 9105
DOCUMENT = ROOT / "vnet" / "service" / "METRICS.md"
DASHBOARD = ROOT / "extras" / "grafana" / "sluice.json"


@pytest.fixture(scope="module")
def scraped(tmp_path_factory):
    """A router with a metrics page and a next-hop group, neighbours known."""
    with Lab(tmp_path_factory.mktemp("lab"), arguments=["--metrics", str(PORT)]) as lab:
        lab.assert_forwards()
        lab.daemon.ctl("add next-hop-group out ip4", f"add next-hop-group-member out {WAN}",
                       "add next-hop-group-member out 172.16.0.2", "add route 198.51.100.0/24 via group out",
                       "add nat44 pool shared", "add nat44 address shared 192.0.2.1",
                       "add nat44 pool blocks allocation blocks first-port 1024 last-port 2047", "add nat44 address blocks 192.0.2.2 to 192.0.2.3",
                       "add qos policer slow single-rate kilobits 1000 burst 10000")
        yield lab


def curl(namespace, *arguments, path="/metrics", port=PORT):
    return namespace.run("curl", "-sS", "-m", 20, *arguments, f"http://127.0.0.1:{port}{path}")


def scrape(lab):
    """Families by name."""
    text = curl(lab.box).stdout
    assert text.endswith("\n# EOF\n")
    return {family.name: family for family in read_openmetrics(text)}


def value(families, name, **labels):
    found = [s.value for s in families[name].samples if s.labels == labels]
    assert len(found) == 1, f"{name} {labels}: {families[name].samples}"
    return found[0]


def documented():
    """Family: (kind, unit, labels), from the table."""
    rows = re.findall(r"^\| `(sluice_\w+)` \| (\w+) \| (\S*) \| ([^|]*) \|", DOCUMENT.read_text(), re.MULTILINE)
    return {name: (kind, unit.strip("-"), tuple(re.findall(r"`(\w+)`", labels))) for name, kind, unit, labels in rows}


def test_the_page_is_openmetrics_and_as_documented(scraped):
    families = scrape(scraped)
    found = {}
    for name, family in families.items():
        assert family.documentation and family.samples, name
        labels = {tuple(sample.labels) for sample in family.samples}
        assert len(labels) == 1, f"{name}: {labels}"
        found[name] = (family.type, family.unit, labels.pop())
    expected = documented()
    # An info family's labels are all there is to it.
    assert {n: d for n, d in found.items()} == expected


def test_headers_and_the_older_format(scraped):
    head = curl(scraped.box, "-D", "-", "-o", "/dev/null").stdout
    assert "content-type: application/openmetrics-text; version=1.0.0; charset=utf-8" in head.lower()
    older = curl(scraped.box, "-i", "-H", "Accept: text/plain;version=0.0.4;q=0.5,*/*;q=0.1").stdout
    assert "content-type: text/plain; version=0.0.4; charset=utf-8" in older.lower()
    names = {family.name for family in read_prometheus(older.split("\n\n", 1)[1])}
    assert "sluice_interface_rx_packets" in names and "sluice_build_info" in names
    for path, words in (("/", "404"), ("/metrics/x", "404")):
        assert words in curl(scraped.box, "-i", path=path).stdout.splitlines()[0]
    refused = curl(scraped.box, "-i", "-X", "POST").stdout.lower()
    assert refused.startswith("http/1.1 405") and "allow: get, head" in refused


def test_counters_count(scraped):
    before = scrape(scraped)
    # So many that some of their small rounds are timed, of which one in sixteen is.
    assert ping(scraped.lan, WAN, "-s", 1000, "-i", 0.005, count=100).received == 100
    after = scrape(scraped)

    def more(name, **labels):
        return value(after, name, **labels) - value(before, name, **labels)

    assert more("sluice_interface_rx_packets", interface="lan") >= 100
    assert more("sluice_interface_tx_bytes", interface="wan") >= 100 * 1042
    assert more("sluice_node_packets", node="ip4-lookup") >= 200
    assert more("sluice_node_clocks", node="ip4-lookup") > 0
    assert more("sluice_api_requests", method="sluice.System.Version") == 0
    assert value(after, "sluice_interface_up", interface="lan") == 1
    assert value(after, "sluice_interface_mtu_bytes", interface="lan") == 1500
    assert value(after, "sluice_neighbors", family="ip4", state="reachable") == 2
    assert value(after, "sluice_routes", family="ip4") == len(scraped.daemon.ctl_json("show route"))
    pool = scraped.daemon.ctl_json("show buffers")[0]
    assert value(after, "sluice_buffers", pool=pool["pool"]) == pool["buffers"]


def test_next_hop_groups_are_counted(scraped):
    page = scrape(scraped)
    assert value(page, "sluice_next_hop_group_routes", group="out") == 1
    assert value(page, "sluice_next_hop_group_members", group="out") == 2
    assert value(page, "sluice_next_hop_group_used_members", group="out") == 1


def test_pools_of_nat44_are_counted(scraped):
    page = scrape(scraped)
    assert value(page, "sluice_nat44_addresses", pool="blocks") == 2
    assert value(page, "sluice_nat44_ports", pool="shared") == 65535 - 1024 + 1
    assert value(page, "sluice_nat44_blocks", pool="blocks") == 2 * 1024 // 256
    assert {s.labels["pool"] for s in page["sluice_nat44_sessions"].samples} == {"blocks", "shared", "(static)"}
    assert {s.labels["reason"] for s in page["sluice_nat44_refused"].samples} == {
        "no-address", "no-port", "no-block", "host-ports", "clash", "host-limit", "host-rate", "table-full", "hosts-full", "mappings-full"}


def test_drops_by_node_and_reason(scraped):
    labels = {"node": "ip4-unreachable", "reason": "no-route"}
    before = value(scrape(scraped), "sluice_drop_packets", **labels)
    ping(scraped.lan, "203.0.113.1", count=3, wait=1)
    assert value(scrape(scraped), "sluice_drop_packets", **labels) == before + 3


def test_clear_counters_does_not_set_them_back(scraped):
    ping(scraped.lan, "203.0.113.1", count=1, wait=1)
    before = scrape(scraped)
    scraped.daemon.ctl("clear counters")
    assert scraped.daemon.interface("lan")["rx_packets"] < 100
    after = scrape(scraped)
    for name, family in before.items():
        if family.type == "counter":
            later = {tuple(s.labels.items()): s.value for s in after[name].samples}
            for sample in family.samples:
                assert later[tuple(sample.labels.items())] >= sample.value, sample


def test_scrapes_under_load(scraped):
    """Many scrapes while TCP runs through the router: none fails, and the traffic goes on."""
    script = f"for i in $(seq 50); do curl -sS -m 20 http://127.0.0.1:{PORT}/metrics | tail -n 1; done"
    scraper = scraped.box.start("sh", "-c", script, stdout=-1)
    sent = iperf(scraped.lan, scraped.wan, WAN, seconds=2)
    lines = scraper.communicate(timeout=120)[0].split("\n")
    assert lines == ["# EOF"] * 50 + [""]
    assert sent["sum_received"]["bits_per_second"] > 1e6


def test_hostile_bytes_and_a_slow_client(scraped):
    """Connections that say nothing, or nonsense, keep nobody else out."""
    code = ("import socket, sys\n"
            "held = [socket.create_connection(('127.0.0.1', %d)) for _ in range(100)]\n"
            "for s in held[::2]:\n"
            "    try: s.sendall(bytes(range(256)) * 8)\n"
            "    except OSError: pass\n"
            "print('held', flush=True)\n"
            "sys.stdin.read()\n" % PORT)
    holder = scraped.box.start("/usr/bin/python3", "-c", code, stdin=-1, stdout=-1)
    assert holder.stdout.readline() == "held\n"
    begin = time.monotonic()
    scrape(scraped)
    assert time.monotonic() - begin < 5
    holder.communicate(timeout=20)


def test_by_unix_socket_and_off_by_default(box, tmp_path):
    path = tmp_path / "metrics.sock"
    with Daemon(box, tmp_path, "--metrics", f"unix:{path}") as daemon:
        page = box.run("curl", "-sS", "--unix-socket", path, "http://x/metrics").stdout
        families = {family.name: family for family in read_openmetrics(page)}
        version = re.search(r"version: (\S+)", daemon.ctl("show version"))[1]
        assert families["sluice_build"].samples[0].labels["version"] == version
    assert not path.exists()
    with Daemon(box, tmp_path):
        assert "LISTEN" not in box.run("ss", "-Hlnt").stdout


def test_wrong_and_taken_addresses_are_refused(box, tmp_path):
    wrong = try_to_start(box, tmp_path / "a.sock", "--metrics", "localhost:1")
    assert wrong.returncode == 1 and "'localhost' is no address" in wrong.stderr
    with Daemon(box, tmp_path, "--metrics", str(PORT)):
        taken = try_to_start(box, tmp_path / "b.sock", "--metrics", str(PORT))
        assert taken.returncode == 1 and f"http://127.0.0.1:{PORT}/metrics" in taken.stderr


def test_a_plugins_streams_are_seen(box, tmp_path):
    """The generator's nodes and interfaces appear by themselves."""
    lines = ["add pg interface a", "add pg interface b", "set interface a state up", "set interface b state up",
             "add address a 10.0.1.1/24", "add address b 10.0.2.1/24", "add neighbor b 10.0.2.2 02:00:00:00:00:02",
             "add pg stream s interface a packets 1000 source 10.0.1.2 destination 10.0.2.2", "start pg s"]
    with Daemon(box, tmp_path, "--metrics", str(PORT)) as daemon:
        daemon.ctl(*lines)
        wait_until(lambda: daemon.interface("b")["tx_packets"] >= 1000, 10, "the stream is sent")
        families = {f.name: f for f in read_openmetrics(curl(box).stdout)}
        name = "sluice_interface_tx_packets"
        assert value(families, name, interface="b") >= 1000
        assert value(families, "sluice_node_packets", node="pg-input") == 1000


def metrics_in(query):
    """Names of metrics in a query, label names and functions left out."""
    return set(re.findall(r"\bsluice_\w+", query))


def test_the_dashboard_asks_for_what_there_is(scraped):
    board = json.loads(DASHBOARD.read_text())
    there = {sample.name for family in scrape(scraped).values() for sample in family.samples}
    panels = [panel for panel in board["panels"] if panel["type"] != "row"]
    queries = [(panel["title"], target["expr"]) for panel in panels for target in panel["targets"]]
    assert len(panels) >= 8 and len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    for title, query in queries:
        assert metrics_in(query) and metrics_in(query) <= there, f"{title}: {metrics_in(query) - there}"
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            assert metrics_in(variable["definition"]) <= there
