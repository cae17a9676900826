# SPDX-License-Identifier: Apache-2.0
"""The shell: what is wrong is refused in one sentence and changes nothing; all that is shown is data too."""

import concurrent.futures
import json
import os
import re

import pytest

from lib.daemon import SLUICECTL, sentence_of, shell
from lib.terminal import Terminal

# A line, and what its sentence has to name.
WRONG = [
    ("frobnicate", "frobnicate"),
    ("show intrface", "intrface"),
    ("show", "show"),
    ("show interface lan extra", "extra"),
    ("show interface nosuch", "nosuch"),
    ("show device-counters nosuch", "nosuch"),
    ("show node nosuch", "nosuch"),
    ("show route 10.99.0.0/16", "10.99.0.0/16"),
    ("show route match 10.0.1", "10.0.1"),
    ("show route match 203.0.113.1", "203.0.113.1"),
    ("show graph format png", "png"),
    ("show errors some", "some"),
    ("show interface | frob", "frob"),
    ("show interface | match [", "["),
    ("add port lan device \"net_null0\"", "lan"),
    ("add port x", "device"),
    ("add port \"bad name\" device \"net_null0\"", "bad name"),
    (f"add port {'x' * 33} device \"net_null0\"", "x" * 33),
    ("add port x device \"\"", "device"),
    ("add port x device \"net_nosuch0\"", "net_nosuch0"),
    ("add port x device \"net_af_packet7\"", "net_af_packet7"),
    ("add port x device \"net_af_packet7,iface=nosuch\"", "nosuch"),
    ("add port x device \"net_af_packet0,iface=lan0\"", "net_af_packet0"),
    ("add port x device \"net_af_packet7,iface=lan0\"", "lan0"),
    ("add port x device \"net_null0\" rx-queues 0", "0 receive queues"),
    ("add port x device \"net_null0\" rx-queues 65", "65"),
    ("add port x device \"net_null0\" tx-queues 100000", "100000"),
    ("add port x device \"net_null0\" rx-queues many", "many"),
    ("add tap lan", "lan"),
    ("add tap x host-interface \"a/b\"", "a/b"),
    ("add tap x host-interface abcdefghijklmnop", "abcdefghijklmnop"),
    ("add tap x host-interface lan0", "lan0"),
    ("delete interface nosuch", "nosuch"),
    ("set interface nosuch state up", "nosuch"),
    ("set interface lan state sideways", "sideways"),
    ("set interface lan mtu 67", "67"),
    ("set interface lan mtu 100000", "100000"),
    ("set interface lan mtu 4294967296", "4294967296"),
    ("set interface lan mtu -1", "-1"),
    ("set interface lan rx-mode polling queue 3", "it has 0"),
    ("set interface lan mac 01:00:5e:00:00:01", "01:00:5e:00:00:01"),
    ("set interface lan mac 00:00:00:00:00:00", "00:00:00:00:00:00"),
    ("set interface lan mac 02:00:00", "02:00:00"),
    ("add address nosuch 10.5.0.1/24", "nosuch"),
    ("add address lan 10.5.0.1", "10.5.0.1"),
    ("add address lan 10.5.0.1/33", "10.5.0.1/33"),
    ("add address lan 10.5.0.256/24", "10.5.0.256"),
    ("add address lan 10.5.0.0/24", "10.5.0.0/24"),
    ("add address lan 10.5.0.255/24", "10.5.0.255/24"),
    ("add address lan 10.5.0.1/0", "10.5.0.1/0"),
    ("add address lan 127.0.0.1/8", "127.0.0.1/8"),
    ("add address lan 224.0.0.1/24", "224.0.0.1/24"),
    ("add address lan 0.0.0.0/8", "0.0.0.0/8"),
    ("add address lan 10.0.1.1/24", "10.0.1.1/24"),
    ("add address lan 10.0.2.9/24", "10.0.2"),
    ("add address wan 10.0.0.5/16", "10.0.0.5/16"),
    ("delete address lan 10.0.1.9/24", "10.0.1.9/24"),
    ("delete address nosuch 10.0.1.1/24", "nosuch"),
    ("add route 10.6.0.1/24 via 10.0.2.2", "10.6.0.1/24"),
    ("add route 10.6.0.0/40 via 10.0.2.2", "10.6.0.0/40"),
    ("add route 10.6.0.0/24 via 224.0.0.1", "224.0.0.1"),
    ("add route 10.6.0.0/24 via 0.0.0.0", "0.0.0.0"),
    ("add route 10.6.0.0/24 via 10.0.2.1", "10.0.2.1"),
    ("add route 10.6.0.0/24 via 10.0.2.2 interface nosuch", "nosuch"),
    ("add route 10.6.0.0/24 via 10.0.2.2 preference 256", "256"),
    ("add route 10.6.0.0/24 sideways", "sideways"),
    ("add route 10.6.0.0/24", "10.6.0.0/24"),
    ("delete route 10.6.0.0/24", "10.6.0.0/24"),
    ("delete route 10.0.1.0/24", "10.0.1.0/24"),
    ("add neighbor nosuch 10.0.1.7 02:00:00:00:00:07", "nosuch"),
    ("add neighbor lan 10.0.1.7 03:00:00:00:00:07", "03:00:00:00:00:07"),
    ("add neighbor lan 10.0.1.1 02:00:00:00:00:07", "10.0.1.1"),
    ("add neighbor lan 10.0.9.7 02:00:00:00:00:07", "10.0.9.7"),
    ("add neighbor lan 10.0.1.255 02:00:00:00:00:07", "10.0.1.255"),
    ("delete neighbor lan 10.0.1.7", "10.0.1.7"),
    ("trace add nosuch 5", "nosuch"),
    ("trace add ethernet-input 0", "0"),
    ("trace add ethernet-input 1001", "1001"),
    ("trace add any 5 interface nosuch", "nosuch"),
    ("trace add any 5 from 10.0.1.2", "/32 for one address"),
    ("show drops interface lan last 5 last 6", "expected reason"),
    ("trace add any 5 protocol sctpx", "sctpx"),
    ("trace add any 5 source-port 65536", "65536"),
    ("trace add any 5 drop nosuch", "nosuch"),
    ("explain nosuch from 10.0.1.2 to 10.0.2.2", "nosuch"),
    ("explain lan from 10.0.1.2 to 10.0.2.2 protocol icmp destination-port 5", "no ports"),
    ("explain lan from 10.0.1.2 to 10.0.2.2 length 20", "28"),
    ("explain lan from 10.0.1.2 to 10.0.2.2 ttl 256", "256"),
    ("explain lan hex 0", "0"),
    ("load plugin nosuch", "nosuch"),
    ("load plugin ../../etc/passwd", "passwd"),
    ("add route \"10.6.0.0/24 via", "\""),
]

SHOWS = ["show interface", "show interface lan", "show device-counters lan", "show address", "show route",
         "show route 10.0.1.0/24", "show route match 10.0.2.7", "show neighbor", "show runtime", "show errors",
         "show graph", "show graph format dot", "show node ip4-lookup", "show feature", "show worker", "show buffers",
         "show version", "show plugin", "show trace", "show trace 3", "show memory", "show errors all", "show graph dot",
         "show doctor"]
COUNTERS = {"rx_packets", "rx_bytes", "tx_packets", "tx_bytes", "tx_full", "rx_missed", "age"}


def state(daemon):
    """All that a refused line must leave as it was; counters go their own way."""
    tables = [daemon.ctl_json(line) for line in
              ("show interface", "show address", "show route", "show neighbor", "show feature", "show plugin")]
    return [[{key: value for key, value in row.items() if key not in COUNTERS} for row in table] for table in tables]


@pytest.mark.parametrize("line, named", WRONG, ids=[line[:60] for line, _ in WRONG])
def test_wrong_lines_are_refused_and_change_nothing(shared_lab, line, named):
    lab = shared_lab
    before, links = state(lab.daemon), lab.box.links()
    sentence = lab.daemon.refused(line)
    assert named in sentence and len(sentence.split()) >= 4, sentence
    assert state(lab.daemon) == before and lab.box.links() == links
    assert lab.daemon.alive()


@pytest.mark.parametrize("line", SHOWS)
def test_every_show_is_text_and_json(shared_lab, line):
    shared_lab.assert_forwards()
    shared_lab.daemon.ctl(line)
    assert isinstance(shared_lab.daemon.ctl_json(line), (dict, list))
    piped = shell(shared_lab.daemon.socket, "-c", line + " | json")
    assert piped.returncode == 0
    json.loads(piped.stdout)


def test_every_show_command_there_is(shared_lab):
    """Those of plugins too. What needs an argument has to be in the list above."""
    usages = [line.strip().split("  ")[0] for line in shared_lab.daemon.ctl("help show").splitlines()
              if line.startswith("  show ")]
    assert len(usages) >= 16
    for usage in usages:
        bare = re.sub(r" \[.*\]", "", usage)
        if "<" in bare:
            pattern = re.sub("<[^>]*>", "[^ ]+", bare)
            assert any(re.fullmatch(pattern, line) for line in SHOWS), usage
        elif bare == "show startup-config":
            assert "--config" in shared_lab.daemon.refused(bare)
        else:
            shared_lab.daemon.ctl(bare)
            shared_lab.daemon.ctl_json(bare)


def test_json_errors_and_exit_codes(shared_lab, tmp_path):
    socket = shared_lab.daemon.socket
    refused = shell(socket, "-j", "-c", "delete interface nosuch")
    assert refused.returncode == 1 and refused.stdout == ""
    error = json.loads(refused.stderr)
    assert "nosuch" in error["error"] and error["code"] == "NOT_FOUND"
    assert shell(socket, "-c", "nonsense").returncode == 2
    assert shell(socket, "--nosuchoption").returncode == 2
    assert shell(socket, "--help").returncode == 0
    nobody = shell(tmp_path / "nobody.sock", "-c", "show version")
    assert nobody.returncode == 3 and "nobody.sock" in sentence_of(nobody.stderr)


def test_a_script_stops_at_its_first_error(lab, tmp_path):
    script = tmp_path / "setup.cli"
    script.write_text("# routes\nadd route 10.6.0.0/24 blackhole\n\nadd route 10.7.0.1/24 blackhole\n"
                      "add route 10.8.0.0/24 blackhole\n")
    done = shell(lab.daemon.socket, "-f", script)
    assert done.returncode == 1
    assert sentence_of(done.stderr).startswith(f"{script}:4: ")
    routes = [route["prefix"] for route in lab.daemon.ctl_json("show route")]
    assert "10.6.0.0/24" in routes and "10.8.0.0/24" not in routes
    missing = shell(lab.daemon.socket, "-f", tmp_path / "nosuch")
    assert missing.returncode == 2 and "nosuch" in sentence_of(missing.stderr)


def test_a_script_on_standard_input(lab):
    text = "".join(f"add route 10.{n}.0.0/16 via 10.0.2.2\n" for n in range(100, 150))
    assert lab.daemon.script(text + "show route | match ^10.1 | count\n").split()[-1] == "50"
    wrong = shell(lab.daemon.socket, stdin="show version\nadd rote\nshow version\n")
    assert wrong.returncode == 2 and sentence_of(wrong.stderr).startswith("stdin:2: ")


def test_options_come_in_any_order(shared_lab):
    line = "explain lan from 10.0.1.2 to 10.0.2.2"
    assert (shared_lab.daemon.ctl(f"{line} ttl 1 destination-port 7 protocol tcp") ==
            shared_lab.daemon.ctl(f"{line} protocol tcp destination-port 7 ttl 1"))
    shared_lab.daemon.ctl("show drops interface lan last 5")


def test_an_interface_without_receive_queues_keeps_what_is_said_of_them(lab):
    # So that a configuration can be replayed over one whose interfaces are others.
    lab.daemon.ctl("add null nowhere", "set interface nowhere state up", "set interface nowhere rx-mode polling")
    assert "set interface nowhere rx-mode polling" in lab.daemon.ctl("show running-config")


def test_filters(shared_lab):
    daemon = shared_lab.daemon
    assert daemon.ctl("show interface | count").strip() == "2"
    assert "wan" not in daemon.ctl("show interface | match ^lan")
    assert "device" in daemon.ctl("show interface lan | detail")


def test_a_conversation_on_a_terminal(lab, tmp_path):
    env = {**os.environ, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path), "TERM": "xterm"}
    with Terminal(SLUICECTL, "--socket", lab.daemon.socket, env=env) as terminal:
        terminal.shows("sluice> ")
        terminal.type("sho\tver\t\n")
        assert "0." in terminal.shows("uptime")
        terminal.shows("sluice> ")
        # Values of the running router are completed as well,
        terminal.type("set interface w\tstate ?")
        terminal.shows("down")
        terminal.shows("set interface wan state ")
        terminal.type("sideways\n")
        terminal.shows("error: ")
        terminal.shows("sluice> ")
        # and what follows a word is listed.
        terminal.type("add ?")
        for word in ("address", "neighbor", "port"):
            terminal.shows(word)
        terminal.type("r?")
        terminal.shows("route")
        terminal.type("\x03")
        terminal.shows("sluice> ")
        terminal.type("add route 10.66.0.0/16 blackhole\nquit\n")
        assert terminal.ends() == 0
    assert "10.66.0.0/16" in lab.daemon.ctl("show route")
    history = tmp_path / "sluice" / "history"
    assert "blackhole" in history.read_text() and history.stat().st_mode & 0o077 == 0
    with Terminal(SLUICECTL, "--socket", lab.daemon.socket, env=env) as terminal:
        terminal.shows("sluice> ")
        terminal.type("\x10\x10")  # Ctrl-P: the line before, and the one before that.
        terminal.shows("10.66.0.0/16 blackhole")
        terminal.type("\x03\x04")
        assert terminal.ends() == 0


def test_many_shells_at_once(shared_lab):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        outputs = list(pool.map(lambda _: shared_lab.daemon.ctl("show address"), range(24)))
    assert len(set(outputs)) == 1
