#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Loads many routes into a Sluice router by one stream of batches, and says how many a second.

    load_routes.py --next-hop 10.0.2.2                     100000 routes, 20.0.0.0/24 and up
    load_routes.py --delete                                takes them away
"""

import argparse
import ipaddress
import sys
import time

import grpc

from sluice_client import Connection, address_of
from api.proto import types_pb2
from vnet.proto import ip_pb2, ip_pb2_grpc

SUBNET = 256  # Addresses in a /24.


def batches(options):
    first = int(ipaddress.IPv4Address(options.first))
    next_hop = None if options.delete else address_of(options.next_hop)
    for begin in range(0, options.routes, options.batch):
        batch = ip_pb2.RouteBatch()
        for number in range(begin, min(begin + options.batch, options.routes)):
            prefix = types_pb2.IpPrefix(ip4=first + number * SUBNET, length=24)
            if options.delete:
                batch.delete.append(prefix)
            else:
                batch.add.add(prefix=prefix, next_hop=next_hop, interface=options.interface)
        yield batch


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    Connection.add_arguments(parser)
    parser.add_argument("--routes", type=int, default=100_000, metavar="N", help="how many (%(default)s)")
    parser.add_argument("--first", default="20.0.0.0", metavar="ADDRESS", help="of the first /24 (%(default)s)")
    parser.add_argument("--next-hop", metavar="ADDRESS", help="where they lead")
    parser.add_argument("--interface", help="to the next hop; found by the router where it is left out")
    parser.add_argument("--batch", type=int, default=1000, metavar="N", help="routes a message (%(default)s)")
    parser.add_argument("--delete", action="store_true", help="delete them instead")
    options = parser.parse_args()
    if not options.delete and not options.next_hop:
        parser.error("give --next-hop, or --delete")
    # Made before the clock runs: it is the router that is measured.
    made = list(batches(options))
    try:
        with Connection.of(options).open() as channel:
            begin = time.monotonic()
            reply = ip_pb2_grpc.RoutesStub(channel).Load(iter(made))
            seconds = time.monotonic() - begin
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    except grpc.RpcError as error:
        sys.exit(f"error: {error.details()}")
    print(f"{reply.added} added, {reply.deleted} deleted in {seconds:.3f} s, "
          f"{(reply.added + reply.deleted) / seconds:.0f} routes a second")


if __name__ == "__main__":
    main()
