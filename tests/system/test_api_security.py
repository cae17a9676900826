# SPDX-License-Identifier: Apache-2.0
"""Who may speak to the daemon, and what is said to who may not."""

import grp
import os
import pathlib
import pwd
import shutil
import ssl
import subprocess
import tempfile

import pytest

from lib.certificates import Certificates
from lib.daemon import SLUICECTL, Daemon, sentence_of, try_to_start
from lib.netns import Namespace
from lib.wait import PATIENCE, wait_until

ADDRESS = "127.0.0.1:9443"
NOBODY = pwd.getpwnam("nobody")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    made = Certificates(tmp_path_factory.mktemp("certificates"))
    for name in ("reader", "stranger"):
        made.issue(name)
    made.issue("late", expired=True)
    made.roles.write_text("controller.example write\nreader read\nlate write\n")
    return made


@pytest.fixture(scope="module")
def served(certificates, tmp_path_factory):
    """A daemon with a socket of each role and a TCP port."""
    with Namespace("box") as box:
        folder = tmp_path_factory.mktemp("served")
        with Daemon(box, folder, "--read-socket", folder / "read.sock", *certificates.daemon_options(ADDRESS)) as daemon:
            daemon.read_socket = folder / "read.sock"
            daemon.box = box
            yield daemon


@pytest.fixture
def open_folder():
    """A folder that every user may look into, unlike pytest's."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def ctl(*options, line, namespace=None, user=None):
    words = [SLUICECTL, *map(str, options), "-c", line]
    if namespace:
        words = namespace.command(*words)
    return subprocess.run(words, capture_output=True, text=True, timeout=30 * PATIENCE, user=user, group=user,
                          extra_groups=None if user is None else [])


def remote(served, certificates, name, line, **options):
    return ctl(*certificates.client_options(ADDRESS, name, **options), line=line, namespace=served.box)


# ---- TCP ----

def test_the_readmes_commands_make_a_router_that_a_controller_changes(served, certificates):
    done = remote(served, certificates, "controller", "add null far")
    assert done.returncode == 0, done.stderr
    assert "far" in remote(served, certificates, "reader", "show interface").stdout
    assert remote(served, certificates, "controller", "delete interface far").returncode == 0


def test_a_reader_may_not_write(served, certificates):
    done = remote(served, certificates, "reader", "add null far")
    assert done.returncode == 1
    assert sentence_of(done.stderr) == (
        "sluice.Interfaces.AddNull changes something, and the certificate 'reader' may only read: give it the role "
        f"write in {certificates.roles} of the daemon's machine")
    assert "far" not in served.ctl("show interface")


def test_who_is_not_in_the_roles_file_is_told_its_name_and_what_to_do(served, certificates):
    done = remote(served, certificates, "stranger", "show version")
    assert done.returncode == 1
    assert sentence_of(done.stderr) == (
        "the certificate 'stranger' has no role here: add a line with that name and read or write to "
        f"{certificates.roles} of the daemon's machine")


def test_the_roles_file_is_read_anew(served, certificates):
    before = certificates.roles.read_text()
    certificates.roles.write_text(before + "stranger read\n")
    assert remote(served, certificates, "stranger", "show version").returncode == 0
    certificates.roles.write_text("nonsense\n")
    assert remote(served, certificates, "stranger", "show version").returncode == 0
    assert f"{certificates.roles}:1: 'nonsense' gives nobody a role" in served.log()
    certificates.roles.write_text(before)
    assert remote(served, certificates, "stranger", "show version").returncode == 1


def test_a_client_of_another_authority_gets_no_further(served, certificates, tmp_path):
    other = Certificates(tmp_path / "other")
    done = remote(served, other, "controller", "show version", ca=certificates.folder / "ca.pem")
    assert done.returncode == 3 and "does not let this client in" in sentence_of(done.stderr)
    done = remote(served, certificates, "controller", "show version", ca=other.folder / "ca.pem")
    assert done.returncode == 3 and f"is not by an authority in {other.folder}/ca.pem" in sentence_of(done.stderr)


def test_a_certificate_that_has_expired_is_refused_at_both_ends(served, certificates):
    done = remote(served, certificates, "late", "show version")
    assert "late.pem expired on 20" in sentence_of(done.stderr)
    assert not handshakes(served, certificates, "late")


def handshakes(served, certificates, name=None, protocol=ssl.PROTOCOL_TLS_CLIENT):
    """Whether the daemon goes on with a client that uses nothing of ours."""
    context = ssl.SSLContext(protocol)
    context.check_hostname = False
    context.load_verify_locations(certificates.folder / "ca.pem")
    context.set_alpn_protocols(["h2"])
    if name:
        context.load_cert_chain(certificates.folder / f"{name}.pem", certificates.folder / f"{name}.key")
    connection = served.box.open_socket()
    connection.settimeout(20 * PATIENCE)
    connection.connect(("127.0.0.1", 9443))
    try:
        with context.wrap_socket(connection) as secure:
            secure.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
            return secure.recv(9) != b""
    except OSError:
        return False


def test_no_certificate_no_service(served, certificates):
    assert handshakes(served, certificates, "controller")
    assert not handshakes(served, certificates)


def test_another_name_must_be_given(served, certificates):
    done = ctl(*certificates.client_options("localhost:9443", "reader"), line="show version", namespace=served.box)
    assert "give the name that it has with --tls-name" in sentence_of(done.stderr)
    done = ctl(*certificates.client_options("localhost:9443", "reader"), "--tls-name", "router.example",
               line="show version", namespace=served.box)
    assert done.returncode == 0, done.stderr


def test_nobody_is_there(served, certificates):
    done = ctl(*certificates.client_options("127.0.0.1:9444", "reader"), line="show version", namespace=served.box)
    assert done.returncode == 3
    assert sentence_of(done.stderr) == "no daemon answers at 127.0.0.1:9444: is sluiced running, with --listen?"


def test_certificates_are_replaced_while_it_runs(box, tmp_path):
    own = Certificates(tmp_path / "own")
    other = Certificates(tmp_path / "other")
    with Daemon(box, tmp_path, *own.daemon_options(ADDRESS)) as daemon:
        def gets_in(client):
            return ctl(*client.client_options(ADDRESS, "controller"), line="show version", namespace=box).returncode == 0

        assert gets_in(own) and not gets_in(other)
        for name in ("router.key", "router.pem", "ca.pem"):
            shutil.copy(other.folder / name, own.folder / f"{name}.new")
        (own.folder / "router.pem").write_text("")
        wait_until(lambda: "before still serve" in daemon.log(), 20, "a file that is bad is told of", 0.2)
        assert daemon.alive() and not gets_in(other)
        for name in ("router.key", "router.pem", "ca.pem"):
            (own.folder / f"{name}.new").rename(own.folder / name)
        wait_until(lambda: gets_in(other), 20, lambda: f"the new ones are taken up: {daemon.log()}", 0.2)


# ---- Unix sockets ----

def test_the_read_socket_lets_read(served):
    assert ctl("--socket", served.read_socket, line="show version").returncode == 0
    done = ctl("--socket", served.read_socket, line="add null far")
    assert done.returncode == 1
    assert sentence_of(done.stderr) == ("sluice.Interfaces.AddNull changes something, and this socket only lets read: "
                                        "use the socket of the role write")


def test_mode_and_group_decide_who_may_open_it(box, open_folder):
    group = grp.getgrgid(NOBODY.pw_gid).gr_name
    with Daemon(box, open_folder, "--socket-group", group, "--socket-mode", "0600", "--read-socket",
                open_folder / "read.sock", "--read-socket-mode", "0660") as daemon:
        assert [os.stat(path).st_mode & 0o777 for path in (daemon.socket, open_folder / "read.sock")] == [0o600, 0o660]
        assert os.stat(daemon.socket).st_gid == NOBODY.pw_gid
        done = ctl("--socket", open_folder / "read.sock", line="show version", user=NOBODY.pw_uid)
        assert done.returncode == 0, done.stderr
        done = ctl("--socket", daemon.socket, line="show version", user=NOBODY.pw_uid)
        assert done.returncode == 3
        assert sentence_of(done.stderr) == (f"you may not open {daemon.socket}: ask to be in the socket's group, or "
                                            "become root")


def test_who_changes_something_is_written_down(served, certificates):
    served.ctl("add null near", "show interface", "delete interface near")
    remote(served, certificates, "controller", "clear counters")
    ctl("--socket", served.read_socket, line="clear counters")
    audit = [line.split("audit: ")[1] for line in served.log().splitlines() if "audit: " in line]
    calls = [line.split(" ", 4)[4] for line in audit if line.startswith("uid 0, process ")]
    assert "calls sluice.Interfaces.AddNull" in calls and "calls sluice.Interfaces.Delete" in calls
    assert not any("Interfaces.List" in line for line in audit)
    assert any(line.startswith("'controller.example', 'controller' at 127.0.0.1:") and
               line.endswith(" calls sluice.Graph.ClearCounters") for line in audit)
    assert "may not call sluice.Graph.ClearCounters" in calls


# ---- start ----

def refusal(box, socket, *options):
    done = try_to_start(box, socket, *options)
    assert done.returncode == 1, done.stderr
    return done.stderr.splitlines()[-1]


def test_a_start_that_cannot_be_gets_a_sentence(box, certificates, tmp_path, open_folder):
    socket = tmp_path / "api.sock"
    tls = certificates.daemon_options(ADDRESS)

    def without(option, *instead):
        at = tls.index(option)
        return tls[:at] + list(instead) + tls[at + 2:]

    taken = open_folder / "taken.sock"
    with box.open_socket() as held:
        held.bind(("127.0.0.1", 9443))
        held.listen()
        assert "another program listens at 127.0.0.1:9443 already" in refusal(box, socket, *tls)
    for options, wanted in (
            (["--socket-mode", "rw"], "'rw' is no mode for a socket: give an octal one of 0600 to 0777"),
            (["--socket-group", "no-such-group"], "this machine has no group 'no-such-group'"),
            (["--listen", ADDRESS], "TCP is only served with mutual TLS"),
            (without("--tls-key"), "without --tls-key"),
            (without("--tls-key", "--tls-key", "/nowhere/router.key"), "cannot read the key /nowhere/router.key"),
            (without("--tls-key", "--tls-key", certificates.folder / "reader.key"), "does not belong to the certificate"),
            (without("--tls-roles", "--tls-roles", "/nowhere/roles"), "cannot read the roles file /nowhere/roles"),
            (without("--listen", "--listen", "9443"), "give ADDRESS:PORT"),
            (without("--listen", "--listen", "192.0.2.1:9443"), "this machine has no address 192.0.2.1"),
            (["--tls-certificate", certificates.folder / "late.pem", "--tls-key", certificates.folder / "late.key",
              *tls[:2], *tls[6:]], "late.pem expired on 20")):
        assert wanted in refusal(box, socket, *options)
        assert not socket.exists()
    assert "the folder /no-such-folder of the socket does not exist: make it" in refusal(box, "/no-such-folder/a.sock")
    assert not pathlib.Path("/no-such-folder").exists()
    subprocess.run(["/usr/bin/python3", "-c", "import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])", taken],
                   check=True)
    os.chown(taken, NOBODY.pw_uid, NOBODY.pw_gid)
    assert f"{taken} is a socket of user nobody ({NOBODY.pw_uid})" in refusal(box, taken)
    assert taken.exists()
