# SPDX-License-Identifier: Apache-2.0
"""Open vSwitch in a namespace, with the datapath that runs in user space: another author's tunnels."""

import os
import pathlib
import subprocess

from lib.wait import wait_until

SCHEMA = pathlib.Path("/usr/share/openvswitch/vswitch.ovsschema")
DATABASE, SWITCH = "/usr/sbin/ovsdb-server", "/usr/sbin/ovs-vswitchd"


class OpenVSwitch:
    """A bridge "under" with the host's link and its addresses, and a bridge "over" that the tunnels are ports of. Gone with its namespace."""

    def __init__(self, namespace, directory, link, addresses):
        self._namespace, self._directory = namespace, pathlib.Path(directory)
        self._directory.mkdir(exist_ok=True)
        self._environment = os.environ | {"OVS_RUNDIR": str(self._directory), "OVS_DBDIR": str(self._directory)}
        self._database = f"unix:{self._directory}/db.sock"
        subprocess.run(["ovsdb-tool", "create", self._directory / "conf.db", SCHEMA], check=True)
        log = open(self._directory / "ovs.log", "w")
        self._start(log, DATABASE, f"--remote=punix:{self._directory}/db.sock", f"--unixctl={self._directory}/db.ctl",
                    self._directory / "conf.db")
        wait_until(lambda: (self._directory / "db.sock").exists(), 10, lambda: f"the database: {self.log()}")
        self.ctl("--no-wait", "init")
        self._start(log, SWITCH, self._database, f"--unixctl={self._directory}/switch.ctl")
        log.close()
        self.ctl("add-br", "under", "--", "set", "bridge", "under", "datapath_type=netdev", "--", "add-port", "under", link)
        self.ctl("add-br", "over", "--", "set", "bridge", "over", "datapath_type=netdev")
        namespace.ip("address", "flush", "dev", link)
        for address in addresses:
            family = ("-6",) if ":" in address else ()
            if family:
                namespace.sysctl("net.ipv6.conf.under.disable_ipv6", 0)
            namespace.ip(*family, "address", "add", address, "dev", "under", *(["nodad"] if family else []))
        namespace.ip("link", "set", "under", "up")

    def _start(self, log, *words):
        self._namespace.start(*words, stdout=log, stderr=log, env=self._environment)

    def log(self):
        return (self._directory / "ovs.log").read_text()

    def ctl(self, *words):
        return self._namespace.run("ovs-vsctl", f"--db={self._database}", "--timeout=20", *words, env=self._environment).stdout

    def tunnel(self, kind, remote, **options):
        """A tunnel as a port of "over"."""
        self.ctl("add-port", "over", "t", "--", "set", "interface", "t", f"type={kind}", f"options:remote_ip={remote}",
                 *(f"options:{name}={value}" for name, value in options.items()))

    def remove_tunnel(self):
        self.ctl("del-port", "over", "t")
