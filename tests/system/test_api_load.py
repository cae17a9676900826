# SPDX-License-Identifier: Apache-2.0
"""Clients that are too many, too fast, or do not read: their cost is bounded, and everybody else goes on."""

import concurrent.futures
import contextlib
import random
import resource
import subprocess
import threading
import time

import grpc
import pytest

from lib.api import Api, compile_messages
from lib.certificates import Certificates
from lib.clients import read_ping
from lib.daemon import SLUICECTL
from lib.lab import WAN, Lab
from lib.raw_http2 import HalfRequests
from lib.wait import PATIENCE, wait_until

ADDRESS = "127.0.0.1:9443"
MESSAGES = 16 << 20


@pytest.fixture(scope="module")
def messages(tmp_path_factory):
    compile_messages(tmp_path_factory.mktemp("messages"))
    from api.proto import types_pb2
    from vnet.proto import interface_pb2, ip_pb2, system_pb2

    class Messages:
        types, interface, ip, system = types_pb2, interface_pb2, ip_pb2, system_pb2

    return Messages


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def router(certificates, tmp_path_factory):
    """A lab whose daemon also listens on TCP."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    with Lab(tmp_path_factory.mktemp("lab"), arguments=certificates.daemon_options(ADDRESS)) as lab:
        lab.assert_forwards()
        yield lab
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextlib.contextmanager
def traffic(lab):
    """Pings that must all come back, and an operator who must be answered."""
    pings = lab.lan.start("ping", "-n", "-q", "-i", 0.01, "-w", 600, "-W", 5, WAN, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    yield
    lab.daemon.ctl("show version")
    pings.send_signal(subprocess.signal.SIGINT)
    done = read_ping(pings.communicate(timeout=60 * PATIENCE)[0])
    # The last one may be on its way when the signal comes.
    assert done.received >= done.sent - 1 and done.sent > 2, f"{done.text} {lab.daemon.errors()}"
    assert lab.daemon.alive()


def resident_mb(daemon):
    with open(f"/proc/{daemon.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:")) / 1024


def private_channel(socket, *options):
    """A connection of its own."""
    return grpc.insecure_channel(f"unix:{socket}", options=[("grpc.use_local_subchannel_pool", 1), *options])


def version(channel, messages):
    return channel.unary_unary("/sluice.System/Version", messages.system.VersionRequest.SerializeToString,
                               messages.system.VersionReply.FromString)


def test_a_thousand_clients_at_once(router, messages):
    before = resident_mb(router.daemon)
    with traffic(router):
        channels = [private_channel(router.daemon.socket) for _ in range(1000)]
        calls = [version(channel, messages) for channel in channels]
        for _ in range(3):
            waiting = [call.future(messages.system.VersionRequest(), timeout=60 * PATIENCE) for call in calls]
            assert all(answer.result().version for answer in waiting)
        grown = resident_mb(router.daemon) - before
        for channel in channels:
            channel.close()
    print(f"a connection costs {grown * 1024 / 1000:.0f} KB")
    assert grown < 300


def test_a_flood_of_calls(router, messages):
    """Four clients with as many calls at once as they may have."""
    stop = threading.Event()
    counts = []

    def flood():
        with private_channel(router.daemon.socket) as channel:
            call = version(channel, messages)
            done = 0
            while not stop.is_set():
                for answer in [call.future(messages.system.VersionRequest()) for _ in range(64)]:
                    assert answer.result(timeout=60 * PATIENCE).version
                    done += 1
            counts.append(done)

    with traffic(router), concurrent.futures.ThreadPoolExecutor(4) as pool:
        floods = [pool.submit(flood) for _ in range(4)]
        for _ in range(20):
            router.daemon.ctl("show interface")
        stop.set()
        for each in floods:
            each.result(timeout=60 * PATIENCE)
    assert sum(counts) > 100


def test_clients_that_never_read(router, messages):
    """Lists of 50,000 routes for fifty clients that take none of it."""
    def batches(**kind):
        for start in range(0, 50_000, 1000):
            yield messages.ip.RouteBatch(**{name: [make(n) for n in range(start, start + 1000)]
                                             for name, make in kind.items()})

    def prefix(n):
        return messages.types.IpPrefix(ip4=(100 << 24) + (n << 8), length=24)

    def route(n):
        return messages.ip.ConfiguredRoute(prefix=prefix(n), next_hop=messages.types.IpAddress(ip4=(10 << 24) + 514))

    with Api(router.daemon.socket) as api:
        assert api.sink("Routes.Load", batches(add=route), messages.ip.LoadRoutesReply).added == 50_000
        before = resident_mb(router.daemon)
        with traffic(router), contextlib.ExitStack() as stack:
            lists = []
            for _ in range(50):
                channel = stack.enter_context(private_channel(router.daemon.socket))
                listing = channel.unary_stream("/sluice.Routes/List",
                                               messages.ip.ListRoutesRequest.SerializeToString,
                                               messages.ip.Route.FromString)
                lists.append(listing(messages.ip.ListRoutesRequest()))
                # It has begun, and is then left alone.
                next(lists[-1])
            assert router.daemon.ctl("show route | match ^100 | count").strip() == "50000"
            grown = resident_mb(router.daemon) - before
            for listing in lists:
                listing.cancel()
        print(f"a list that nobody reads costs {grown * 1024 / 50:.0f} KB")
        assert grown < 100
        assert api.sink("Routes.Load", batches(delete=prefix), messages.ip.LoadRoutesReply).deleted == 50_000


def test_a_message_of_one_byte_too_many(router):
    with Api(router.daemon.socket) as api:
        with pytest.raises(grpc.RpcError) as refused:
            api.raw("/sluice.Routes/Add", bytes(MESSAGES + 1))
        assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert f"{MESSAGES + 1}" in refused.value.details() and f"{MESSAGES}" in refused.value.details()
        with pytest.raises(grpc.RpcError) as refused:
            api.raw("/sluice.Routes/Add", bytes(MESSAGES))
        assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_long_messages_all_at_once(router):
    """Sixteen clients that each send sixteen of the longest messages: more than the daemon wants to hold."""
    before = resident_mb(router.daemon)
    highest = 0
    long = bytes(MESSAGES - 100)

    def send(channel):
        calls = [channel.unary_unary("/sluice.Routes/Add").future(long, timeout=120 * PATIENCE) for _ in range(16)]
        return [call.code() for call in calls]

    with traffic(router), contextlib.ExitStack() as stack, concurrent.futures.ThreadPoolExecutor(4) as pool:
        channels = [stack.enter_context(private_channel(router.daemon.socket)) for _ in range(16)]
        sent = [pool.submit(send, channel) for channel in channels]
        while not all(each.done() for each in sent):
            concurrent.futures.wait(sent, timeout=0.05)
            highest = max(highest, resident_mb(router.daemon))
        codes = {code for each in sent for code in each.result()}
    print(f"{highest - before:.0f} MB more at the most; answers: {codes}")
    assert codes <= {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE}
    assert highest - before < 1500


def test_half_a_request(router):
    """Four clients begin as many of the longest requests as they may, four gigabytes, and end none."""
    before = resident_mb(router.daemon)
    highest = 0
    with traffic(router):
        clients = [HalfRequests(router.daemon.socket, "/sluice.Routes/Add", MESSAGES, 64) for _ in range(4)]
        end = time.monotonic() + 20
        moved = time.monotonic()
        sent = 0
        # Until nothing goes any more.
        while time.monotonic() < min(end, moved + 2):
            for client in clients:
                client.step()
            if sum(client.sent for client in clients) > sent:
                sent = sum(client.sent for client in clients)
                moved = time.monotonic()
            highest = max(highest, resident_mb(router.daemon))
        for client in clients:
            client.close()
    print(f"{sent >> 20} MiB sent, {highest - before:.0f} MB more at the most")
    assert highest - before < 1000


def secure_version(router, certificates):
    return router.box.run(SLUICECTL, *certificates.client_options(ADDRESS, "controller"), "--timeout", 30, "-c",
                          "show version", check=False, timeout=60 * PATIENCE)


def test_half_open_tls(router, certificates):
    """Five hundred clients who connect and say nothing, some of them with the first bytes of a handshake."""
    with traffic(router):
        crowd = [router.box.open_socket() for _ in range(500)]
        for n, connection in enumerate(crowd):
            connection.settimeout(60 * PATIENCE)
            connection.connect(("127.0.0.1", 9443))
            if n % 2:
                connection.sendall(b"\x16\x03\x01\x02\x00\x01")
        router.daemon.ctl("show interface")
        done = secure_version(router, certificates)
        assert done.returncode == 0, done.stderr
        wait_until(lambda: "has 256 connections, which is the most" in router.daemon.log(), 10, "the log says so")
        for connection in crowd:
            with contextlib.suppress(ConnectionResetError):
                assert connection.recv(1) == b""
            connection.close()


def test_noise_on_the_tcp_port(router, certificates):
    chance = random.Random(7)
    with traffic(router):
        for turn in range(100):
            with router.box.open_socket() as noise, contextlib.suppress(OSError):
                noise.connect(("127.0.0.1", 9443))
                noise.sendall((b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" if turn % 2 else b"") +
                              chance.randbytes(chance.randrange(5000)))
        assert secure_version(router, certificates).returncode == 0
    # Every failed handshake is worth a line, up to a few in a second.
    assert 0 < router.daemon.log().count("gRPC: ") < 200
