#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints what changes in a Sluice router, as it happens; goes on where it was after a lost connection.

    watch_events.py                                  all topics, with what there is at first
    watch_events.py --topics interface,neighbor      some of them
    watch_events.py --topics route --state-only      what there is, and end
    watch_events.py --topics route --no-state --quiet --stop-after 100000
"""

import argparse
import collections
import sys
import time

import grpc

from sluice_client import Connection, Events, Following, Interrupted, StateLost, follow, text_of
from vnet.proto import events_pb2, interface_pb2

SIGNS = {events_pb2.EVENT_CHANGE_STATE: "=", events_pb2.EVENT_CHANGE_ADDED: "+",
         events_pb2.EVENT_CHANGE_CHANGED: "~", events_pb2.EVENT_CHANGE_REMOVED: "-"}
PREFIX = "EVENT_TOPIC_"
TOPICS = {name.removeprefix(PREFIX).lower().replace("_", "-"): number for name, number in
          events_pb2.EventTopic.items()}


def up(state):
    return "up" if state == interface_pb2.INTERFACE_STATE_UP else "down"


def words(event):
    """The body of an event in words."""
    kind = event.WhichOneof("body")
    if kind is None:
        return "something that this program does not know"
    body = getattr(event, kind)
    if kind == "interface":
        return f"interface {body.name} {up(body.state)}, link {up(body.link)}, MTU {body.mtu}"
    if kind == "address":
        return f"address {text_of(body.prefix)} on {body.interface}"
    if kind == "neighbor":
        return f"neighbor {text_of(body.address)} at {text_of(body.mac)} on {body.interface}"
    if kind == "route":
        to = f"via {text_of(body.next_hop)}" if body.HasField("next_hop") else body.leads_to
        return f"route {text_of(body.prefix)} {to} by {body.interface}{'' if body.used else ', not used'}"
    if kind == "next_hop":
        return f"next hop {text_of(body.address)} by {body.interface}"
    if kind == "resource":
        state = events_pb2.ResourceState.Name(body.state).removeprefix("RESOURCE_STATE_").lower()
        return f"{body.owner} {body.name} {body.what} {state}, {body.used} of {body.total} in use"
    return f"plugin {body.name}{': ' + body.reason if body.reason else ''}"


def read_topics(text):
    unknown = set(text.split(",")) - set(TOPICS)
    if unknown:
        raise argparse.ArgumentTypeError(f"no such topic: {', '.join(sorted(unknown))}; there are: {', '.join(TOPICS)}")
    return [TOPICS[name] for name in text.split(",")]


class Program:
    """Prints, and keeps count of changes."""

    def __init__(self, options):
        self.options = options
        self.changes = collections.Counter()
        self.began = None

    def say(self, text):
        if not self.options.quiet:
            print(text, flush=True)

    def take(self, update):
        """False when there were enough."""
        if isinstance(update, Following):
            self.say("! following")
        elif isinstance(update, Interrupted):
            self.say(f"! interrupted: {update.reason}")
        elif isinstance(update, StateLost):
            self.say("! lost: what was known may be wrong")
        elif isinstance(update, Events):
            return self.take_events(update)
        return True

    def take_events(self, update):
        for event in update.events:
            if event.change != events_pb2.EVENT_CHANGE_STATE:
                self.began = self.began or time.monotonic()
                self.changes[event.change] += 1
            if not self.options.quiet:
                print(SIGNS[event.change], words(event))
        if update.state_complete:
            self.say("! that is all there is")
        sys.stdout.flush()
        if update.state_complete and self.options.state_only:
            return False
        return not self.options.stop_after or sum(self.changes.values()) < self.options.stop_after

    def summary(self):
        seconds = max(time.monotonic() - self.began, 1e-6) if self.began else 0
        total = sum(self.changes.values())
        kinds = ", ".join(f"{self.changes[change]} {name}" for change, name in (
            (events_pb2.EVENT_CHANGE_ADDED, "added"), (events_pb2.EVENT_CHANGE_CHANGED, "changed"),
            (events_pb2.EVENT_CHANGE_REMOVED, "removed")))
        return f"{total} changes ({kinds}) in {seconds:.3f} s"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    Connection.add_arguments(parser)
    parser.add_argument("--topics", type=read_topics, default=[], metavar="A,B", help=f"of {', '.join(TOPICS)}; all")
    parser.add_argument("--no-state", action="store_true", help="changes only")
    parser.add_argument("--state-only", action="store_true", help="end when all that there is was told")
    parser.add_argument("--stop-after", type=int, default=0, metavar="N", help="end after so many changes")
    parser.add_argument("--quiet", action="store_true", help="print the summary only")
    options = parser.parse_args()
    program = Program(options)
    try:
        updates = follow(Connection.of(options), options.topics, with_state=not options.no_state)
        if options.quiet:
            # Whoever starts this in a script waits for a line.
            next(updates)
            print("! following", flush=True)
        for update in updates:
            if not program.take(update):
                break
    except KeyboardInterrupt:
        pass
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    except grpc.RpcError as error:
        sys.exit(f"error: {error.details()}")
    print(program.summary())


if __name__ == "__main__":
    main()
