# SPDX-License-Identifier: Apache-2.0
"""A small client of Sluice's binary API: how to connect, how to follow events, text forms of addresses."""

from . import generated
from .connection import Connection
from .follow import Events, Following, Interrupted, StateLost, follow
from .text import address_of, prefix_of, text_of

__all__ = ["Connection", "Events", "Following", "Interrupted", "StateLost", "address_of", "follow", "generated", "prefix_of",
           "text_of"]
