# SPDX-License-Identifier: Apache-2.0
"""Programs that hosts run."""

import dataclasses
import json
import re

from lib.wait import PATIENCE, wait_until


@dataclasses.dataclass
class Ping:
    sent: int
    received: int
    text: str


def ping(namespace, address, *arguments, count=1, wait=5):
    """Twenty requests a second where the arguments do not say otherwise."""
    done = namespace.run("ping", "-n", "-i", 0.05, "-c", count, "-W", wait * PATIENCE, *arguments, address, check=False,
                         timeout=120 * PATIENCE)
    return read_ping(done.stdout + done.stderr)


def read_ping(text):
    match = re.search(r"(\d+) packets transmitted, (\d+) received", text)
    assert match, f"ping did not come to its end: {text}"
    return Ping(int(match[1]), int(match[2]), text)


def wait_for_port(namespace, port, protocol="tcp"):
    """Until somebody listens there."""
    listing = ["ss", "-Hln" + protocol[0], "sport", "=", f":{port}"]
    wait_until(lambda: namespace.run(*listing).stdout, 10, f"a server on {protocol} port {port}")


def iperf(client, server, address, *arguments, seconds=2):
    """What iperf3's client reports at its end."""
    listener = server.start("iperf3", "-s", "-1", "-B", address, stdout=-3, stderr=-3)
    wait_for_port(server, 5201)
    done = client.run("iperf3", "-c", address, "-t", seconds, "-J", *arguments, timeout=60 * PATIENCE)
    listener.wait(timeout=20 * PATIENCE)
    return json.loads(done.stdout)["end"]
