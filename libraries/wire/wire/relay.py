"""Hands requests on to servers and their responses back, both streamed, neither faster than the other side takes it."""

import asyncio
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Protocol

from wire.client import Client
from wire.origin import Origin
from wire.request_head import Headers
from wire.ticker import Ticker


@dataclass(frozen=True, slots=True)
class RelayLimits:
    """Bytes and seconds.

    A body of at most `small_bytes` is collected, within `small_seconds`, before a connection is taken; at most
    `large_bodies` longer ones, each within `large_seconds`, are on their way at once, and others wait `place_seconds`
    for theirs. `silence_seconds` is how long a server may say nothing.
    """

    body_bytes: int = 10 << 20
    small_bytes: int = 64 << 10
    small_seconds: float = 15.0
    large_seconds: float = 120.0
    large_bodies: int = 40
    place_seconds: float = 5.0
    silence_seconds: float = 30.0


class Passage(Protocol):
    """What the relay's owner says about one request."""

    origin: Origin
    # Whether `permit` must be asked, and which statuses `amended` changes.
    asks_first: bool
    amends: frozenset[int]

    async def permit(self) -> tuple[int, bytes, bytes] | None:
        """None where the request may go on, else the reply: status, header lines, body."""
        ...

    def request_headers(self, headers: Headers) -> Headers:
        """What the server is told."""
        ...

    async def amended(self, status: int, headers: Headers) -> Headers:
        """What the caller is told of a response with one of those statuses."""
        ...

    def answered(self, status: int) -> None:
        """The server's response has begun."""
        ...

    def words(self, status: int, reason: str) -> tuple[int, bytes, bytes]:
        """A refusal of ours: its status, header lines and body."""
        ...


class Relayable(Protocol):
    """A request on its way, as the relay sees it."""

    over: bool

    def go_on(self, has_place: bool = False) -> None:
        """Go as far as can be gone now."""
        ...

    def refuse(self, status: int, reason: str) -> None:
        """End with a refusal."""
        ...


@dataclass(slots=True)
class Relay:
    """What all relayed requests share. `name` is what Via calls this server (RFC 9110, 7.6.3)."""

    client: Client
    ticker: Ticker
    name: bytes
    limits: RelayLimits = field(default_factory=RelayLimits)
    large: int = 0
    waiting: deque[Relayable] = field(default_factory=deque[Relayable])
    tasks: set["asyncio.Task[None]"] = field(default_factory=set["asyncio.Task[None]"])

    def run(self, work: Coroutine[Any, Any, None], relayed: Relayable) -> "asyncio.Task[None]":
        """In a task of its own: what cannot be done at once. Its fault is the request's alone."""
        task = asyncio.get_running_loop().create_task(_guarded(work, relayed))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    def has_place(self, relayed: Relayable) -> bool:
        """Whether one more large body may be on its way; else it waits for `go_on`."""
        if self.large < self.limits.large_bodies:
            self.large += 1
            return True
        self.waiting.append(relayed)
        return False

    def give_place(self) -> None:
        """A large body is through: who waits longest is next."""
        self.large -= 1
        while self.waiting and self.large < self.limits.large_bodies:
            relayed = self.waiting.popleft()
            if not relayed.over:
                self.large += 1
                relayed.go_on(has_place=True)


async def _guarded(work: Coroutine[Any, Any, None], relayed: Relayable) -> None:
    try:
        await work
    except Exception as fault:  # Whatever it was, it is this request's alone.
        context = {"message": "a relayed request broke", "exception": fault}
        asyncio.get_running_loop().call_exception_handler(context)
        relayed.refuse(500, "Something of ours failed.")
