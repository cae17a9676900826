# SPDX-License-Identifier: Apache-2.0
"""Between the API's addresses and their text forms."""

from __future__ import annotations

import ipaddress

from . import generated  # noqa: F401
from api.proto import types_pb2


def address_of(text: str) -> types_pb2.Ip4Address:
    return types_pb2.Ip4Address(value=int(ipaddress.IPv4Address(text)))


def prefix_of(text: str) -> types_pb2.Ip4Prefix:
    network = ipaddress.IPv4Network(text)
    return types_pb2.Ip4Prefix(address=int(network.network_address), length=network.prefixlen)


def text_of(value: types_pb2.Ip4Address | types_pb2.Ip4Prefix | types_pb2.MacAddress) -> str:
    if isinstance(value, types_pb2.MacAddress):
        return value.value.to_bytes(6, "big").hex(":")
    if isinstance(value, types_pb2.Ip4Prefix):
        return f"{ipaddress.IPv4Address(value.address)}/{value.length}"
    return str(ipaddress.IPv4Address(value.value))
