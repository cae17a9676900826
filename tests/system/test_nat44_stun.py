# SPDX-License-Identifier: Apache-2.0
"""What a host inside finds out of its NAT by STUN (RFC 5780): coturn's server outside, at two addresses, its client inside."""

import pytest

from lib.clients import wait_for_port
from lib.lab import LAN, WAN
from lib.nat import NatLab

OTHER_WAN = "10.0.2.3"
INDEPENDENT, DEPENDENT = "Endpoint Independent", "Address and Port Dependent"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nat44")
    with NatLab(folder) as lab:
        lab.wan.ip("address", "add", f"{OTHER_WAN}/24", "dev", "eth0")
        lab.wan.start("turnserver", "-n", "-L", WAN, "-L", OTHER_WAN, "--stun-only", "--no-tls", "--no-dtls", "--no-cli",
                      "--log-file", "stdout", "--pidfile", folder / "turnserver.pid", "--userdb", folder / "turn.db", stdout=-3,
                      stderr=-3)
        for port in (3478, 3479):
            wait_for_port(lab.wan, port, "udp")
        yield lab


def discovered(lab, what):
    return lab.lan.run("turnutils_natdiscovery", what, "-L", LAN, WAN, check=False).stdout


@pytest.mark.parametrize("words, mapping, filtering", [
    ("mapping endpoint-independent filtering endpoint-independent", INDEPENDENT, INDEPENDENT),
    ("mapping endpoint-independent filtering address-and-port-dependent", INDEPENDENT, DEPENDENT),
    ("mapping endpoint-dependent", DEPENDENT, DEPENDENT)])
def test_what_a_pool_is_discovered_as(lab, words, mapping, filtering):
    with lab.pool(words):
        said = discovered(lab, "-m")
        assert f"NAT with {mapping} Mapping!" in said, said
        said = discovered(lab, "-f")
        assert f"NAT with {filtering} Filtering!" in said, said


def test_hairpinning_is_discovered(lab):
    """A socket reaches itself by its outside address."""
    with lab.pool("mapping endpoint-independent filtering endpoint-independent"):
        said = discovered(lab, "-H")
        assert "Received a request (maybe a successful hairpinning)" in said, said
