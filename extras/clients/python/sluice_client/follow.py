# SPDX-License-Identifier: Apache-2.0
"""Following the events of a daemon across lost connections and restarts."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator

import grpc

from . import generated  # noqa: F401 (makes the modules that are imported next)
from .connection import Connection
from vnet.proto import events_pb2, events_pb2_grpc

# The daemon is gone or goes, or this client was too slow: worth another try. All else is an error of ours.
PASSING = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)


@dataclasses.dataclass(frozen=True)
class Following:
    """The daemon answers, and events follow from here."""


@dataclasses.dataclass(frozen=True)
class Interrupted:
    """The connection is lost; another is tried."""

    reason: str


@dataclasses.dataclass(frozen=True)
class StateLost:
    """What is known by now may be wrong: forget it, the state follows."""


@dataclasses.dataclass(frozen=True)
class Events:
    """Some events, in order. `state_complete`: with them the state is told in full."""

    events: list[events_pb2.Event]
    state_complete: bool


def follow(connection: Connection, topics: list[int] = (), with_state: bool = True,
           pause: float = 0.2) -> Iterator[Following | Interrupted | StateLost | Events]:
    """All that happens from now on, each change once and in order, for ever.

    With `with_state`, the state comes first; it comes again, behind a StateLost, whenever something was missed that the
    daemon knows no longer. Raises grpc.RpcError where the daemon refuses.
    """
    position = None
    while True:
        try:
            with connection.open() as channel:
                request = events_pb2.WatchEventsRequest(topics=topics, after=position, with_state=with_state)
                first = True
                for batch in events_pb2_grpc.EventsStub(channel).Watch(request):
                    if first:
                        yield Following()
                        if batch.lost:
                            yield StateLost()
                        first = False
                    if batch.events or batch.state_complete:
                        yield Events(list(batch.events), batch.state_complete)
                    # Only now: what was handed on is dealt with when the caller asks for more.
                    if batch.HasField("position"):
                        position = batch.position
        except grpc.RpcError as error:
            if error.code() not in PASSING:
                raise
            yield Interrupted(error.details())
        time.sleep(pause)
