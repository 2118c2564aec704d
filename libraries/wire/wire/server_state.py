"""What all connections of one server share."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from wire.exchange import Exchange, Receiver
from wire.known_heads import KnownHeads
from wire.limits import ServerLimits
from wire.request_head import RequestHead
from wire.ticker import Ticker

Accept = Callable[[Exchange], Receiver]
# How a refusal of ours looks: status and reason to header lines and body.
Refusal = Callable[[int, str], tuple[bytes, bytes]]


class Caller(Protocol):
    """A connection, as its server sees it."""

    deadline: float

    @property
    def is_busy(self) -> bool:
        """Whether a request is under way."""
        ...

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
    known: KnownHeads[RequestHead] = field(default_factory=KnownHeads[RequestHead])
    connections: set[Caller] = field(default_factory=set[Caller])
    buffered: int = 0
    # Set, where somebody waits for it, once nobody is connected.
    empty: asyncio.Event | None = None

    @property
    def in_flight(self) -> int:
        """Requests whose reply has not ended."""
        return sum(caller.is_busy for caller in self.connections)

    def left(self, caller: Caller) -> None:
        """A caller is gone."""
        self.connections.discard(caller)
        if self.empty is not None and not self.connections:
            self.empty.set()
