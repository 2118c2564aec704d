"""A caller's body on its way to a service: bounded in size and time, so that slow callers hold no service up."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from gateway.routes.errors import BodyTooLarge, BodyTooSlow, ServiceUnavailable

# What ASGI gives to read a request with.
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
MAX_BODY_BYTES = 10 * 1024 * 1024
# What the server keeps of a body anyhow; a body of this size needs no connection to a service while it arrives.
SMALL_BYTES = 64 * 1024
# Far below the pool of connections to services: bodies that crawl leave room for everything else.
MOST_LARGE_BODIES = 40


class SentBody:
    """The body, whole where it is small, else in parts; afterwards, the news that the caller has gone."""

    def __init__(self, receive: Receive, small_seconds: float = 15.0, whole_seconds: float = 120.0) -> None:
        self._receive = receive
        self._small_seconds = small_seconds
        self._whole_seconds = whole_seconds
        self._parts: list[bytes] = []
        self._size = 0
        self._more = True

    async def if_small(self) -> bytes | None:
        """All of it, or None where it is longer than a small one. Raises BodyTooSlow."""
        try:
            async with asyncio.timeout(self._small_seconds):
                while self._more and self._size <= SMALL_BYTES:
                    self._parts.append(await self._part())
        except TimeoutError as error:
            raise _too_slow() from error
        return None if self._more else b"".join(self._parts)

    async def chunks(self) -> AsyncIterator[bytes]:
        """What was taken already, and the rest as it comes. Raises BodyTooLarge or BodyTooSlow."""
        deadline = asyncio.get_running_loop().time() + self._whole_seconds
        taken, self._parts = b"".join(self._parts), []
        yield taken
        while self._more:
            try:
                async with asyncio.timeout_at(deadline):
                    part = await self._part()
            except TimeoutError as error:
                raise _too_slow() from error
            yield part

    async def caller_gone(self) -> None:
        """Wait until the caller leaves."""
        while (await self._receive())["type"] != "http.disconnect":
            continue

    async def _part(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ServiceUnavailable("The caller left.")
        part: bytes = message.get("body", b"")
        self._more = message.get("more_body", False)
        self._size += len(part)
        if self._size > MAX_BODY_BYTES:
            raise BodyTooLarge(f"The body may have at most {MAX_BODY_BYTES} bytes.")
        return part


@dataclass(frozen=True)
class LargeBodies:
    """How many large bodies may be on their way at once."""

    wait_seconds: float = 5.0
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_LARGE_BODIES))

    @asynccontextmanager
    async def place(self) -> AsyncGenerator[None]:
        """Room for one more. Raises ServiceUnavailable."""
        try:
            async with asyncio.timeout(self.wait_seconds):
                await self.slots.acquire()
        except TimeoutError as error:
            raise ServiceUnavailable("Too many large bodies are on their way: try again.", retry_after=5) from error
        try:
            yield
        finally:
            self.slots.release()


def _too_slow() -> BodyTooSlow:
    return BodyTooSlow("The body did not arrive in time: send it faster.")
