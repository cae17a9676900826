# SPDX-License-Identifier: Apache-2.0
"""The Debian packages: installed into a root of their own, the service started from there as its unit says."""

import configparser
import contextlib
import os
import re
import shlex
import shutil
import socket
import subprocess

import pytest

from booted import Booted, unified_cgroup
from conftest import BUILD, ROOT, run
from lib.clients import ping
from lib.lab import LAN, LAN_ROUTER, WAN, WAN_ROUTER, set_up_host
from lib.netns import Namespace, join
from lib.wait import PATIENCE, wait_until

PACKAGES = {"sluice", "sluice-dev", "sluice-plugin-pg", "sluice-plugin-graph-svg", "sluice-plugin-vlan",
            "sluice-plugin-cross-connect", "sluice-plugin-bridge", "sluice-plugin-dhcp-client", "sluice-plugin-geneve", "sluice-plugin-gre",
            "sluice-plugin-loopback", "sluice-plugin-mss-clamp", "sluice-plugin-nat44", "sluice-plugin-policy-routing", "sluice-plugin-urpf",
            "sluice-plugin-punt", "sluice-plugin-qos", "sluice-plugin-vxlan"}
# How exposed systemd finds the service, in tenths: 0 best, 100 worst.
MOST_EXPOSED = 35


@pytest.fixture(scope="session")
def debs(tmp_path_factory):
    """The built packages by name."""
    folder = tmp_path_factory.mktemp("debs")
    run("cpack", "--config", BUILD / "CPackConfig.cmake", "-B", folder)
    return {path.name.split("_")[0]: path for path in folder.glob("*.deb")}


@pytest.fixture(scope="session")
def root(debs, tmp_path_factory):
    """This machine's files, with a layer over them that takes all changes; the packages are installed, the tree that they
    were built of is not there."""
    folder = tmp_path_factory.mktemp("root")
    layer, top = folder / "layer", folder / "top"
    layer.mkdir(), top.mkdir()
    try:
        run("mount", "-t", "tmpfs", "tmpfs", layer)
        for name in ("upper", "work"):
            (layer / name).mkdir()
        run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir=/,upperdir={layer}/upper,workdir={layer}/work", top)
        for name in ("proc", "sys", "dev"):
            run("mount", "--rbind", "--make-rslave", f"/{name}", top / name)
        run("mount", "-t", "tmpfs", "tmpfs", top / ROOT.relative_to("/"))
        inside = top / "debs"
        inside.mkdir()
        for path in debs.values():
            shutil.copy(path, inside)
        run("chroot", top, "sh", "-c", "dpkg -i /debs/*.deb")
        yield top
    finally:
        for path in (top, layer):
            subprocess.run(["umount", "--recursive", "--lazy", path], check=False)


@pytest.fixture(scope="session")
def unit(root):
    """The service's unit, section [Service]."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str
    parser.read_string((root / "usr/lib/systemd/system/sluiced.service").read_text())
    return parser["Service"]


def field(deb, name):
    return run("dpkg-deb", "--field", deb, name).strip()


def test_what_the_packages_are(debs):
    assert PACKAGES <= set(debs)
    sluice = debs["sluice"]
    version = field(sluice, "Version")
    depends = field(sluice, "Depends")
    for library in ("librte-eal23", "libgrpc++1.51", "libprotobuf32", "libc6"):
        assert library in depends
    assert "sluice" not in depends
    for name, deb in debs.items():
        if name != "sluice":
            assert f"sluice (= {version})" in field(deb, "Depends"), name
        files = run("dpkg-deb", "--contents", deb)
        assert f"./usr/share/doc/{name}/copyright" in files and str(ROOT) not in files
    assert "libgvc6" in field(debs["sluice-plugin-graph-svg"], "Depends")
    conffiles = run("dpkg-deb", "--info", sluice, "conffiles").split()
    assert conffiles == ["/etc/default/sluice", "/etc/sluice/sluice.conf", "/etc/sysctl.d/60-sluice.conf"]


@pytest.mark.skipif(shutil.which("lintian") is None, reason="lintian is not installed")
def test_lintian_finds_no_errors(debs):
    done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error", *debs.values()], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_unit_is_sound_and_sandboxed(root):
    verify = subprocess.run(["systemd-analyze", "verify", "--man=no", f"--root={root}", "sluiced.service"], capture_output=True, text=True)
    assert verify.returncode == 0 and "sluiced" not in verify.stderr, verify.stderr
    judged = subprocess.run(["systemd-analyze", "security", "--offline=true", f"--root={root}", f"--threshold={MOST_EXPOSED}",
                             "sluiced.service"], capture_output=True, text=True)
    assert judged.returncode == 0, judged.stdout


def test_installing_makes_the_group(root):
    assert run("chroot", root, "getent", "group", "sluice").startswith("sluice:")
    assert "0.1" in run("chroot", root, "sluiced", "--version")


# What ProtectSystem=strict and ProtectKernelTunables=yes make of the service's files: $1 is the root, the words up to -- may be
# written to, the rest is run.
SANDBOX = """
root=$1; shift
while [ "$1" != -- ]; do mount --bind "$root/$1" "$root/$1"; shift; done; shift
mount --bind "$root/proc/sys" "$root/proc/sys"
for path in . sys proc/sys; do mount -o remount,bind,ro "$root/$path"; done
exec "$@"
"""


class Service:
    """The installed service in a namespace, started as its unit says, in a sandbox as its unit says, and watched as systemd would."""

    def __init__(self, root, unit, box):
        self.root = root
        assert unit["ProtectSystem"] == "strict" and unit["ProtectKernelTunables"] == "yes"
        writable = [folder + unit[option] for folder, option in (
            ("run/", "RuntimeDirectory"), ("var/lib/", "StateDirectory"), ("etc/", "ConfigurationDirectory"))]
        for name in writable:
            (root / name).mkdir(parents=True, exist_ok=True)
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = root / "run" / "notify"
        path.unlink(missing_ok=True)
        self.manager.bind(str(path))
        self.manager.settimeout(30 * PATIENCE)
        options = dict(re.findall(r'^(SLUICED_OPTIONS)="(.*)"', (root / "etc/default/sluice").read_text(), re.M))
        words = [word for part in shlex.split(unit["ExecStart"])
                 for word in (shlex.split(options["SLUICED_OPTIONS"]) if part == "$SLUICED_OPTIONS" else [part])]
        kept = ",".join("+" + name.removeprefix("CAP_").lower() for name in unit["CapabilityBoundingSet"].split())
        environment = ["NOTIFY_SOCKET=/run/notify", "WATCHDOG_USEC=300000", "STATE_DIRECTORY=/var/lib/sluice",
                       "RUNTIME_DIRECTORY=/run/sluice"]
        self.log = root / "var/log/sluiced.log"
        with open(self.log, "w") as log:
            self.process = box.start("unshare", "--mount", "sh", "-ec", SANDBOX, "sandbox", root, *writable, "--",
                                     "chroot", root, "setpriv", "--no-new-privs", f"--bounding-set=-all,{kept}", "--egid=sluice",
                                     "--clear-groups", "env", *environment, *words, stdout=log, stderr=log)

    def told(self):
        try:
            return self.manager.recv(4096).decode()
        except TimeoutError:
            raise AssertionError(f"the service says nothing; its log:\n{self.log.read_text()}") from None

    def ctl(self, *lines):
        return run("chroot", self.root, "sluicectl", *(word for line in lines for word in ("-c", line)))

    def stop(self):
        # A manager reads all the time: what was said meanwhile must not leave the last word without room.
        self.manager.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self.manager.recv(4096)
        self.manager.settimeout(30 * PATIENCE)
        self.process.terminate()
        while self.told() != "STOPPING=1":
            pass
        return self.process.wait(timeout=30 * PATIENCE)


@pytest.fixture
def service(root, unit):
    """Between two hosts, configured by its own file."""
    (root / "etc/sluice/sluice.conf").write_text(
        'add port lan device "net_af_packet0,iface=lan0"\nadd port wan device "net_af_packet1,iface=wan0"\n'
        f"add address lan {LAN_ROUTER}/24\nadd address wan {WAN_ROUTER}/24\n"
        "set interface lan state up\nset interface wan state up\n")
    with Namespace("lan") as lan, Namespace("wan") as wan, Namespace("box") as box:
        join(lan, "eth0", box, "lan0")
        join(wan, "eth0", box, "wan0")
        set_up_host(lan, LAN, LAN_ROUTER)
        set_up_host(wan, WAN, WAN_ROUTER)
        made = Service(root, unit, box)
        made.lan = lan
        yield made


def test_the_service_runs_with_no_more_rights_than_its_unit_gives(service):
    assert service.told() == "READY=1"
    wait_until(lambda: ping(service.lan, WAN, wait=1).received == 1, 20, "ping through the installed router")
    assert service.told() == "WATCHDOG=1"
    assert "pg-input" in service.ctl("show plugin") and "x86-64-v" in service.ctl("show version")
    # What is committed and written is where the next start finds it, with what ran before.
    service.ctl('candidate edit "add route 198.51.100.0/24 blackhole"', "commit", "write")
    assert "add route 198.51.100.0/24 blackhole\n" in (service.root / "etc/sluice/sluice.conf").read_text()
    assert list((service.root / "etc/sluice/sluice.conf.revisions").iterdir())
    refused = subprocess.run(["chroot", service.root, "sluicectl", "-c", "add port x device net_af_xdp9,iface=lo"],
                             capture_output=True, text=True)
    assert refused.returncode == 1 and "needs CAP_SYS_ADMIN" in refused.stderr
    # And nowhere else.
    done = subprocess.run(["chroot", service.root, "sluicectl", "-c", "write /opt/elsewhere.conf"], capture_output=True, text=True)
    assert done.returncode == 1 and "Read-only file system" in done.stderr
    path = service.root / "run/sluice/api.sock"
    group = run("chroot", service.root, "getent", "group", "sluice").split(":")[2]
    assert path.stat().st_gid == int(group) and path.stat().st_mode & 0o777 == 0o660
    assert service.stop() == 0, service.log.read_text()


def test_the_example_plugin_is_built_and_loaded_from_the_packages(service):
    """Where only the packages are: no tree, no build directory."""
    assert service.told() == "READY=1"
    jobs = os.environ.get("SLUICE_JOBS", os.cpu_count())
    told = run("chroot", service.root, "sh", "-ec",
               "cd /root && rm -rf ttl-guard && cp -r /usr/share/sluice/example-plugin ttl-guard && "
               f"cmake -S ttl-guard -B ttl-guard/build && cmake --build ttl-guard/build --parallel {jobs} && "
               "ctest --test-dir ttl-guard/build --output-on-failure && cmake --build ttl-guard/build --target api-accept && "
               "cmake --build ttl-guard/build && cmake --install ttl-guard/build --prefix /usr")
    assert "+ message sluice.ttl_guard.Guard" in told
    wait_until(lambda: ping(service.lan, WAN, wait=1).received == 1, 20, "ping through the installed router")
    service.ctl("load plugin ttl-guard", "set ttl-guard lan floor 64")
    assert ping(service.lan, WAN, count=3).received == 3
    service.ctl("set ttl-guard lan floor 65")
    assert ping(service.lan, WAN, count=2, wait=1).received == 0
    assert "ttl-under-floor" in service.ctl("show errors")
    assert "set ttl-guard lan floor 65\n" in service.ctl("show running-config")
    service.ctl("unload plugin ttl-guard")
    assert ping(service.lan, WAN, count=3).received == 3
    assert service.stop() == 0, service.log.read_text()
    (service.root / "usr/lib/sluice/plugins/ttl-guard.so").unlink()


def test_the_tools_of_plugin_authors_are_on_the_path(root):
    run("chroot", root, "sh", "-ec", "cd /root && rm -rf hop-limit && sluice-new-plugin hop-limit && test -f hop-limit/hop_limit.proto")
    assert "accept" in run("chroot", root, "sluice-api-check", "--help")


@pytest.fixture
def booted(root):
    if unified_cgroup() is None:
        pytest.skip("systemd wants a cgroup of version 2 that may be written to")
    with Booted(root) as machine:
        yield machine


def test_systemd_runs_the_service_in_its_sandbox(booted):
    wait_until(booted.answers, 20, booted.journal)
    # All that the filter of system calls, the mounts and the capabilities must let through.
    booted.ctl("add tap guest host-interface guest0", "capture start /var/lib/sluice/all.pcap", "capture stop",
               'candidate edit "add route 198.51.100.0/24 blackhole"', "commit", "write", "show doctor")
    assert "CAP_SYS_ADMIN" in booted.attempt("sluicectl", "-c", "add port x device net_af_xdp0,iface=lo").stdout
    assert "Read-only file system" in booted.attempt("sluicectl", "-c", "write /opt/elsewhere.conf").stdout
    first = booted.state("MainPID")
    # What was written stands again in the next process, which a crash leads to; with a report of it.
    booted.run("kill", "-SEGV", first)
    wait_until(lambda: booted.state("MainPID") not in ("0", first) and booted.state("ActiveState") == "active", 30, booted.journal)
    assert "198.51.100.0/24" in booted.ctl("show route")
    assert re.search(r"sluiced\[\d+\]: sluiced ready", booted.run("journalctl", "--unit", "sluiced", "--priority", "info"))
    assert "sluiced ready" not in booted.run("journalctl", "--unit", "sluiced", "--priority", "warning")
    assert "dies of SIGSEGV" in booted.run("sh", "-c", "cat /var/lib/sluice/crash-*.txt")
    booted.run("systemctl", "stop", "sluiced")
    assert booted.state("Result") == "success"


def test_systemd_replaces_a_service_that_does_not_turn(booted):
    booted.run("mkdir", "-p", "/etc/systemd/system/sluiced.service.d")
    booted.run("sh", "-c", "printf '[Service]\nWatchdogSec=1\nTimeoutAbortSec=1\n' > /etc/systemd/system/sluiced.service.d/watch.conf")
    booted.run("systemctl", "daemon-reload")
    booted.run("systemctl", "restart", "sluiced")
    first = booted.state("MainPID")
    times = set()
    wait_until(lambda: times.add(booted.state("WatchdogTimestampMonotonic")) or len(times) > 5, 20, booted.journal)
    assert booted.state("MainPID") == first
    booted.run("kill", "-STOP", first)
    wait_until(lambda: booted.state("MainPID") not in ("0", first) and booted.state("ActiveState") == "active", 30, booted.journal)
    wait_until(booted.answers, 20, booted.journal)


def test_a_port_of_af_xdp_by_the_file_that_gives_the_right(booted):
    booted.run("install", "-D", "-m", "644", "/usr/share/sluice/systemd/af-xdp.conf", "/etc/systemd/system/sluiced.service.d/af-xdp.conf")
    booted.run("sed", "-i", "s/net_af_packet/net_af_xdp/", "/etc/sluice/sluice.conf")
    booted.run("systemctl", "daemon-reload")
    booted.run("systemctl", "restart", "sluiced")
    wait_until(booted.answers, 20, booted.journal)


def test_packages_come_and_go_under_systemd(booted, root, debs):
    """The last one: the packages are gone behind it."""
    booted.run("systemctl", "enable", "sluiced")
    first = booted.state("MainPID")
    booted.run("sh", "-c", "dpkg --install --force-confold /debs/*.deb")
    assert booted.state("ActiveState") == "active" and booted.state("MainPID") != first
    booted.run("dpkg", "--purge", *sorted(PACKAGES | set(debs), reverse=True))
    assert booted.state("ActiveState") == "inactive"
    left = [path for name in ("etc/sluice", "etc/default/sluice", "etc/sysctl.d/60-sluice.conf", "usr/lib/sluice",
                              "usr/share/sluice", "usr/include/sluice", "var/lib/sluice", "usr/sbin/sluiced",
                              "etc/systemd/system/multi-user.target.wants/sluiced.service")
            if os.path.lexists(path := root / name)]
    assert left == []
    assert booted.attempt("getent", "group", "sluice").returncode != 0
