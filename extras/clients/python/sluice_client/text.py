# SPDX-License-Identifier: Apache-2.0
"""Between the API's addresses and their text forms."""

from __future__ import annotations

import ipaddress

from . import generated  # noqa: F401
from api.proto import types_pb2


def address_of(text: str) -> types_pb2.IpAddress:
    return types_pb2.IpAddress(**_family(ipaddress.ip_address(text)))


def prefix_of(text: str) -> types_pb2.IpPrefix:
    network = ipaddress.ip_network(text)
    return types_pb2.IpPrefix(**_family(network.network_address), length=network.prefixlen)


def text_of(value: types_pb2.IpAddress | types_pb2.IpPrefix | types_pb2.MacAddress) -> str:
    if isinstance(value, types_pb2.MacAddress):
        return value.value.to_bytes(6, "big").hex(":")
    address = str(ipaddress.IPv6Address(value.ip6) if value.HasField("ip6") else ipaddress.IPv4Address(value.ip4))
    return f"{address}/{value.length}" if isinstance(value, types_pb2.IpPrefix) else address


def _family(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> dict[str, int | bytes]:
    return {"ip4": int(address)} if address.version == 4 else {"ip6": address.packed}
