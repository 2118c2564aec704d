"""What all connections of one server share."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from wire.exchange import Exchange, Receiver
from wire.known_heads import KnownRequests
from wire.limits import ServerLimits
from wire.ticker import Ticker

Accept = Callable[[Exchange], Receiver]
# How a refusal of ours looks: status and reason to header lines and body.
Refusal = Callable[[int, str], tuple[bytes, bytes]]


class Caller(Protocol):
    """A connection, as its server sees it."""

    deadline: float

    def late(self) -> None:
        """The deadline has passed."""
        ...

    def drain(self) -> None:
        """Take no further request."""
        ...

    def abort(self) -> None:
        """End at once."""
        ...


@dataclass(slots=True)
class ServerState:
    """Who takes requests, the bounds, and what is under way."""

    accept: Accept
    refusal: Refusal
    limits: ServerLimits
    ticker: Ticker
    known: KnownRequests = field(default_factory=KnownRequests)
    connections: set[Caller] = field(default_factory=set[Caller])
    in_flight: int = 0
    buffered: int = 0
    # Set, where somebody waits for it, once nothing is under way, and once nobody is connected.
    idle: asyncio.Event | None = None
    empty: asyncio.Event | None = None

    def began(self) -> None:
        """A request more is under way."""
        self.in_flight += 1

    def ended(self) -> None:
        """A request less is under way."""
        self.in_flight -= 1
        if self.idle is not None and not self.in_flight:
            self.idle.set()

    def left(self, caller: Caller) -> None:
        """A caller is gone."""
        self.connections.discard(caller)
        if self.empty is not None and not self.connections:
            self.empty.set()
