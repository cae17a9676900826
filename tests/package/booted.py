# SPDX-License-Identifier: Apache-2.0
"""The installed system, booted: systemd and the service, in namespaces of their own and with nothing else."""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess

from lib.wait import PATIENCE, wait_until

# $1 is the root. What a container manager does: devices and processes of its own, the kernel's settings to look at only.
BOOT = """
mount --make-rprivate /
mount --bind "$1" "$1" && cd "$1"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t tmpfs -o mode=755 tmpfs dev
for node in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 dev/${node%:*} c 1 ${node#*:}; done
mknod -m 600 dev/console c 1 3
mkdir dev/net dev/pts dev/shm dev/hugepages
mknod -m 666 dev/net/tun c 10 200
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs tmpfs tmp
mount -t cgroup2 none sys/fs/cgroup
mount --bind proc/sys proc/sys
for path in sys proc/sys; do mount -o remount,bind,ro "$path"; done
ip link set lo up
ip link add lan0 type veth peer name lan1
ip link set lan0 up
ip link set lan1 up
ip address add 10.0.1.2/24 dev lan1
mkdir -p mnt/host
pivot_root . mnt/host
umount -l /mnt/host
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=test setpriv --bounding-set=-sys_time,-sys_module,-sys_rawio \
    /lib/systemd/systemd --system --unit=only-sluice.target --log-target=journal --show-status=no
"""
TARGET = "[Unit]\nWants=sluiced.service\nAfter=sluiced.service\n"


def unified_cgroup():
    """Where cgroups of version 2 are, or None."""
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        _, folder, kind, options = line.split()[:4]
        if kind == "cgroup2" and "rw" in options.split(","):
            return pathlib.Path(folder)
    return None


class Booted:
    """Boots a root that the packages are installed in, until the service has said that it is ready. Its port `lan` is 10.0.1.1, and
    10.0.1.2 is at the other end."""

    def __init__(self, root):
        self.cgroup = unified_cgroup() / f"sluice-test-{os.getpid()}"
        (root / "etc/systemd/system/only-sluice.target").write_text(TARGET)
        # Else the day's work of all that is installed on this machine begins.
        (root / "etc/systemd/system/timers.target").unlink(missing_ok=True)
        (root / "etc/systemd/system/timers.target").symlink_to("/dev/null")
        # Images for containers keep packages from touching services by this.
        (root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)
        shutil.rmtree(root / "etc/systemd/system/sluiced.service.d", ignore_errors=True)
        (root / "etc/sluice/sluice.conf").write_text(
            'add port lan device "net_af_packet0,iface=lan0"\nadd address lan 10.0.1.1/24\nset interface lan state up\n')
        self.cgroup.mkdir()
        self.log = open(root / "boot.log", "w+")
        self._manager = subprocess.Popen(
            ["sh", "-c", 'echo $$ > "$1"/cgroup.procs; shift; exec "$@"', "boot", self.cgroup,
             "unshare", "--mount", "--pid", "--uts", "--ipc", "--cgroup", "--net", "--fork", "--kill-child",
             "sh", "-ec", BOOT, "boot", root], stdout=self.log, stderr=self.log)
        try:
            wait_until(lambda: self.state("ActiveState") == "active", 60, self.journal)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._manager.send_signal(signal.SIGKILL)
        self._manager.wait()
        self.log.close()
        wait_until(self._remove_cgroups, 20, "the machine's processes are gone", every=0.1)

    def _remove_cgroups(self):
        with contextlib.suppress(OSError):
            for folder, _, _ in os.walk(self.cgroup, topdown=False):
                os.rmdir(folder)
        return not self.cgroup.exists()

    def attempt(self, *words):
        """Runs a program in it; its output is in .stdout."""
        pid = self._manager.pid
        first = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return subprocess.run(["nsenter", "-a", "-t", first[0] if first else "-", *map(str, words)], text=True, timeout=120 * PATIENCE,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def run(self, *words):
        """Runs a program that must succeed; its output."""
        done = self.attempt(*words)
        assert done.returncode == 0, f"{words} ended with {done.returncode}: {done.stdout}\n{self.journal()}"
        return done.stdout

    def ctl(self, *lines):
        return self.run("sluicectl", *(word for line in lines for word in ("-c", line)))

    def state(self, name):
        """A property of the service, as systemd knows it."""
        return self.attempt("systemctl", "show", "sluiced", "--property", name, "--value").stdout.strip()

    def journal(self):
        self.log.seek(0)
        return self.log.read() + self.attempt("journalctl", "--unit", "sluiced", "--no-pager", "--lines", "100").stdout

    def answers(self):
        return self.attempt("ping", "-c", 1, "-W", 1, "10.0.1.1").returncode == 0
