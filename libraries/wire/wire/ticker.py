"""Deadlines of many connections by one timer: a timer of its own for each would cost more than the deadline saves."""

import asyncio
from collections.abc import Callable
from email.utils import formatdate
from typing import Protocol

from wire.outbox import Outbox

TICK_SECONDS = 0.25
NEVER = float("inf")


class Timed(Protocol):
    """Something with a deadline in the loop's time; NEVER where nothing is awaited."""

    deadline: float

    def late(self) -> None:
        """The deadline has passed."""
        ...


class Ticker:
    """Looks at every deadline four times a second: one is noticed late by at most that.

    Also keeps the Date header, and the outbox of the loop's connections.
    """

    def __init__(self) -> None:
        self.outbox = Outbox()
        self._watched: set[Timed] = set()
        # Look at this one too; and not any more. The set's own, for each call is watched and forgotten.
        self.watch: Callable[[Timed], None] = self._watched.add
        self.forget: Callable[[Timed], None] = self._watched.discard
        self._timer: asyncio.TimerHandle | None = None
        self.date = _date()

    def start(self) -> None:
        """Begin; needs a running loop."""
        if self._timer is None:
            self._tick()

    def stop(self) -> None:
        """Look at nothing any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(TICK_SECONDS, self._tick)
        self.date = _date()
        now = loop.time()
        for timed in [timed for timed in self._watched if timed.deadline <= now]:
            timed.deadline = NEVER
            timed.late()


def _date() -> bytes:
    return b"date: " + formatdate(usegmt=True).encode("ascii") + b"\r\n"
