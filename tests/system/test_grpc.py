# SPDX-License-Identifier: Apache-2.0
"""The binary API, driven by gRPC's own Python client."""

import os
import random
import socket

import grpc
import pytest

from lib.api import Api, compile_messages
from lib.clients import ping
from lib.lab import WAN
from lib.wait import wait_until


@pytest.fixture(scope="module")
def messages(tmp_path_factory):
    compile_messages(tmp_path_factory.mktemp("messages"))
    from api.proto import describe_pb2, types_pb2
    from vnet.proto import interface_pb2, ip_pb2, trace_pb2
    import reflection_pb2

    class Messages:
        describe, types, interface, ip, trace = describe_pb2, types_pb2, interface_pb2, ip_pb2, trace_pb2
        reflection = reflection_pb2

    return Messages


@pytest.fixture
def api(shared_lab):
    with Api(shared_lab.daemon.socket) as made:
        yield made


def number(text):
    return int.from_bytes(socket.inet_aton(text), "big")


def prefix(messages, text):
    address, length = text.split("/")
    return messages.types.IpPrefix(ip4=number(address), length=int(length))


def route(messages, text, next_hop=WAN):
    return messages.ip.ConfiguredRoute(prefix=prefix(messages, text),
                                        next_hop=messages.types.IpAddress(ip4=number(next_hop)))


def test_interfaces_are_listed(api, messages):
    listed = api.list("Interfaces.List", messages.interface.ListInterfacesRequest(), messages.interface.Interface)
    assert [(i.name, i.kind, i.state) for i in listed] == [("lan", "port", 1), ("wan", "port", 1)]
    assert listed[0].addresses[0].ip4 == number("10.0.1.1")


def test_a_route_is_added_and_deleted(api, messages, shared_lab):
    api.unary("Routes.Add", route(messages, "10.50.0.0/16"), messages.types.Empty)
    assert shared_lab.daemon.ctl_json("show route 10.50.0.0/16")[0]["next_hop"] == WAN
    request = messages.ip.DeleteRouteRequest(prefix=prefix(messages, "10.50.0.0/16"))
    api.unary("Routes.Delete", request, messages.types.Empty)
    with pytest.raises(grpc.RpcError) as refused:
        api.unary("Routes.Delete", request, messages.types.Empty)
    assert refused.value.code() == grpc.StatusCode.NOT_FOUND and "10.50.0.0/16" in refused.value.details()


def test_routes_are_loaded_by_stream(api, messages, shared_lab):
    prefixes = [f"10.{60 + n // 250}.{n % 250}.0/24" for n in range(1000)]
    batches = [messages.ip.RouteBatch(add=[route(messages, text) for text in prefixes[i:i + 100]])
               for i in range(0, 1000, 100)]
    assert api.sink("Routes.Load", batches, messages.ip.LoadRoutesReply).added == 1000
    assert shared_lab.daemon.ctl("show route | match ^10.6 | count").strip() == "1000"
    deletion = messages.ip.RouteBatch(delete=[prefix(messages, text) for text in prefixes])
    assert api.sink("Routes.Load", [deletion], messages.ip.LoadRoutesReply).deleted == 1000
    assert shared_lab.daemon.ctl("show route | match ^10.6 | count").strip() == "0"


def test_a_stream_ends_at_what_is_refused_and_keeps_what_was_before(api, messages, shared_lab):
    bad = messages.ip.RouteBatch(add=[route(messages, "10.70.0.0/24"), route(messages, "10.71.0.1/24"),
                                       route(messages, "10.72.0.0/24")])
    with pytest.raises(grpc.RpcError) as refused:
        api.sink("Routes.Load", [bad], messages.ip.LoadRoutesReply)
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT and "10.71.0.1/24" in refused.value.details()
    listed = [entry["prefix"] for entry in shared_lab.daemon.ctl_json("show route")]
    assert "10.70.0.0/24" in listed and "10.72.0.0/24" not in listed
    # It is the controller's: no part of the configuration, and not the operator's to delete.
    assert "10.70.0.0/24" not in shared_lab.daemon.ctl("show running-config")
    assert "loaded by a controller" in shared_lab.daemon.refused("delete route 10.70.0.0/24")
    gone = messages.ip.RouteBatch(delete=[bad.add[0].prefix])
    assert api.sink("Routes.Load", [gone], messages.ip.LoadRoutesReply).deleted == 1


def test_values_beyond_their_range_are_refused(api, messages):
    request = route(messages, "10.50.0.0/16")
    request.prefix.length = 33
    cases = [("Routes.Add", request), ("Routes.Add", messages.ip.ConfiguredRoute()),
             ("Addresses.Add", messages.ip.InterfaceAddress(interface="lan")),
             ("Interfaces.Set", messages.interface.SetInterfaceRequest(name="lan")),
             ("Interfaces.Set", messages.interface.SetInterfaceRequest(name="lan", state=7)),
             ("Neighbors.Add", messages.ip.AddNeighborRequest(
                 interface="lan", address=messages.types.IpAddress(ip4=number("10.0.1.9")),
                 mac=messages.types.MacAddress(value=1 << 48 | 2)))]
    for method, wrong in cases:
        with pytest.raises(grpc.RpcError) as refused:
            api.unary(method, wrong, messages.types.Empty)
        assert refused.value.code() in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.OUT_OF_RANGE), method
        assert len(refused.value.details().split()) >= 4


def test_a_trace_as_data(api, messages, shared_lab):
    shared_lab.assert_forwards()
    shared_lab.daemon.ctl("clear trace", "trace add ethernet-input 1 protocol icmp")
    assert ping(shared_lab.lan, WAN).received == 1
    packet, = api.list("Trace.List", messages.trace.ListTraceRequest(), messages.trace.TracedPacket)
    assert [step.node for step in packet.steps][:2] == ["ethernet-input", "ip4-input"]
    assert packet.steps[-1].tx_interface == "wan" and not packet.steps[-1].HasField("drop")
    assert packet.steps[0].bytes.value[12:14] == b"\x08\x00"


def test_unknown_methods_are_unimplemented(api):
    for method in ("/sluice.Routes/Frobnicate", "/sluice.Nobody/Add", "/", "/x", "/sluice.Routes/"):
        with pytest.raises(grpc.RpcError) as refused:
            api.raw(method, b"")
        assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED, method


def test_bytes_that_are_no_message_are_refused(api):
    with pytest.raises(grpc.RpcError) as refused:
        api.raw("/sluice.Routes/Add", b"\xff\xff\xff\xff")
    assert refused.value.code() in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.INTERNAL)


def test_a_message_that_is_too_long_is_refused(api, shared_lab):
    with pytest.raises(grpc.RpcError) as refused:
        api.raw("/sluice.Routes/Add", bytes(64 << 20))
    assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert shared_lab.daemon.alive()


def test_noise_on_the_socket_harms_nobody(shared_lab):
    chance = random.Random(5)
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    for turn in range(60):
        with socket.socket(socket.AF_UNIX) as noise:
            noise.connect(str(shared_lab.daemon.socket))
            try:
                noise.sendall((preface if turn % 2 else b"") + chance.randbytes(chance.randrange(20000)))
            except OSError:
                pass  # The daemon may well hang up first.
    shared_lab.daemon.ctl("show version")
    shared_lab.assert_forwards()


def test_idle_connections_are_let_go(shared_lab):
    def descriptors():
        return len(os.listdir(f"/proc/{shared_lab.daemon.pid}/fd"))

    shared_lab.daemon.ctl("show version")
    before = descriptors()
    crowd = [socket.socket(socket.AF_UNIX) for _ in range(100)]
    for connection in crowd:
        connection.connect(str(shared_lab.daemon.socket))
    shared_lab.daemon.ctl("show version")
    for connection in crowd:
        connection.close()
    wait_until(lambda: descriptors() <= before + 2, 30, lambda: f"{before} descriptors again, not {descriptors()}", 0.2)


def test_the_daemon_describes_itself(api, messages):
    reply = api.unary("Describe.Get", messages.describe.DescribeRequest(), messages.describe.DescribeReply)
    assert {"sluice.Describe", "sluice.Interfaces", "sluice.Routes", "sluice.System"} <= set(reply.services)
    defined = {f"{file.package}.{service.name}" for file in reply.files.file for service in file.service}
    assert {name for name in reply.services if name.startswith("sluice.")} <= defined


def test_reflection_lists_the_services(api, messages):
    reflection_pb2 = messages.reflection
    call = api.channel.stream_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                                     reflection_pb2.ServerReflectionRequest.SerializeToString,
                                     reflection_pb2.ServerReflectionResponse.FromString)
    answers = list(call(iter([reflection_pb2.ServerReflectionRequest(list_services="")]), timeout=20))
    names = {service.name for service in answers[0].list_services_response.service}
    assert {"sluice.Interfaces", "sluice.Routes"} <= names
