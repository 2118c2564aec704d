"""Connections to one origin: the one used last is used next, and where several are in use one more is kept ready."""

import asyncio
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from wire.client_connection import ClientConnection
from wire.ticker import NEVER, Ticker


@dataclass(slots=True)
class Pool:
    """The connections to one origin. `now` is the time of the loop in seconds."""

    ticker: Ticker
    now: Callable[[], float]
    idle_seconds: float
    closed: bool = False
    idle: list[ClientConnection] = field(default_factory=list[ClientConnection])
    taken: int = 0
    # One that is being made ahead of need, and until when none is, because the last could not be made.
    ahead: "asyncio.Task[None] | None" = None
    not_before: float = -math.inf
    waiting: deque["asyncio.Future[None]"] = field(default_factory=deque["asyncio.Future[None]"])

    def take(self) -> ClientConnection | None:
        """An idle connection that is still fit, the one used last first."""
        idle = self.idle
        while idle:
            connection = idle.pop()
            connection.deadline = NEVER
            if not connection.is_closing():
                self.taken += 1
                return connection
            self.ticker.forget(connection)
        return None

    def released(self, connection: ClientConnection, reusable: bool) -> None:
        """Take a connection back, or note that its place is free."""
        if reusable and not self.closed:
            self._keep(connection)
        else:
            self.ticker.forget(connection)
            connection.drop()
        self.give_place()

    def lacks_one(self, most: int) -> bool:
        """Whether the next who needs a connection would wait for one to be made, as may well be where two are in use.

        One alone is used again and again, and `most` is the most that there may be.
        """
        in_use = not self.idle and 1 < self.taken < most
        return in_use and self.ahead is None and not self.closed and self.now() >= self.not_before

    def made_ahead(self, connection: ClientConnection, most: int) -> None:
        """Keep a connection that nobody has used yet, unless others have filled all `most` places meanwhile."""
        if self.taken < most:
            self.ticker.watch(connection)
            self._keep(connection)
        else:
            connection.drop()

    def stale(self, connection: ClientConnection) -> None:
        """Forget an idle connection."""
        self.ticker.forget(connection)
        if connection in self.idle:
            self.idle.remove(connection)

    def give_place(self) -> None:
        """One fewer is taken."""
        self.taken -= 1
        if self.waiting:
            self.wake_next()

    def wake_next(self) -> None:
        """Who waits longest may go."""
        while self.waiting:
            waiter = self.waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    def close(self) -> None:
        """Drop every idle connection; those in use are dropped when they are done."""
        self.closed = True
        while self.idle:
            connection = self.idle.pop()
            self.ticker.forget(connection)
            connection.drop()

    def _keep(self, connection: ClientConnection) -> None:
        connection.deadline = self.now() + self.idle_seconds
        self.idle.append(connection)
