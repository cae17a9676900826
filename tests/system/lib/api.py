# SPDX-License-Identifier: Apache-2.0
"""The binary API as a controller in Python sees it: messages compiled by protoc, gRPC on the daemon's socket."""

import pathlib
import subprocess
import sys

import grpc

from lib.daemon import ROOT
from lib.wait import PATIENCE

GRPC_PROTO = pathlib.Path("/usr/share/grpc-proto")


def compile_messages(directory):
    """Makes Python modules of all .proto files and puts them on the path."""
    protos = [str(path.relative_to(ROOT)) for folder in ("api/proto", "vnet/proto") for path in
              sorted((ROOT / folder).glob("*.proto"))]
    subprocess.run(["protoc", f"-I{ROOT}", f"--python_out={directory}", *protos], cwd=ROOT, check=True)
    reflection = "grpc/reflection/v1alpha/reflection.proto"
    # Not under "grpc/": that name is the library's.
    (directory / "reflection.proto").write_text((GRPC_PROTO / reflection).read_text())
    subprocess.run(["protoc", f"-I{directory}", f"--python_out={directory}", "reflection.proto"], check=True)
    sys.path.insert(0, str(directory))


class Api:
    """Calls by method name, "Routes.Add"."""

    def __init__(self, socket):
        self.channel = grpc.insecure_channel(f"unix:{socket}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()

    def unary(self, method, request, reply):
        call = self.channel.unary_unary(path(method), type(request).SerializeToString, reply.FromString)
        return call(request, timeout=20 * PATIENCE)

    def list(self, method, request, reply):
        call = self.channel.unary_stream(path(method), type(request).SerializeToString, reply.FromString)
        return list(call(request, timeout=20 * PATIENCE))

    def sink(self, method, requests, reply):
        call = self.channel.stream_unary(path(method), lambda request: request.SerializeToString(), reply.FromString)
        return call(iter(requests), timeout=60 * PATIENCE)

    def raw(self, method, request):
        """Bytes in, bytes out."""
        return self.channel.unary_unary(method, None, None)(request, timeout=20 * PATIENCE)


def path(method):
    service, name = method.rsplit(".", 1)
    return f"/sluice.{service}/{name}"
