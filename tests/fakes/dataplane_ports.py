"""Keys, routes and a vendor for the call path's tests."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from dataplane.ports import Headers, UpstreamRequest
from dataplane.records import KeyRecord, Route


@dataclass
class FakeKeys:
    """KeyRecords from a dictionary."""

    records: dict[bytes, KeyRecord]

    async def by_digest(self, digest: bytes) -> KeyRecord | None:
        return self.records.get(digest)


@dataclass
class FakeRoutes:
    """Routes by full name or listing id, the same for everybody."""

    routes: list[Route]

    async def resolve(self, key: KeyRecord, model: str, version: str = "") -> Route | None:
        for route in self.routes:
            if model in (route.full_name, route.listing_id) and version in ("", route.version):
                return route
        return None

    async def visible(self, key: KeyRecord) -> Sequence[Route]:
        return self.routes


@dataclass
class FakeResponse:
    """A vendor's answer in chunks; an exception among them is raised, an event waited for."""

    status: int
    headers: Headers
    parts: Sequence[bytes | Exception | asyncio.Event]
    closed: bool = False

    async def chunks(self) -> AsyncIterator[bytes]:
        for part in self.parts:
            if isinstance(part, Exception):
                raise part
            if isinstance(part, asyncio.Event):
                await part.wait()
            else:
                yield part

    async def close(self) -> None:
        self.closed = True


Answer = FakeResponse | Exception | Callable[[UpstreamRequest], FakeResponse]


@dataclass
class FakeUpstream:
    """Gives the same answer to every request and remembers what it was sent."""

    answer: Answer
    delay: asyncio.Event | None = None
    sent: list[UpstreamRequest] = field(default_factory=list[UpstreamRequest])
    cancelled: bool = False

    async def send(self, request: UpstreamRequest) -> FakeResponse:
        self.sent.append(request)
        if self.delay is not None:
            try:
                await self.delay.wait()
            except asyncio.CancelledError:
                self.cancelled = True
                raise
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer if isinstance(self.answer, FakeResponse) else self.answer(request)


def json_answer(body: bytes, status: int = 200, *headers: tuple[bytes, bytes]) -> FakeResponse:
    """A plain answer."""
    return FakeResponse(status, [(b"content-type", b"application/json"), *headers], [body])


def stream_answer(*parts: bytes | Exception | asyncio.Event) -> FakeResponse:
    """A streamed answer."""
    return FakeResponse(200, [(b"content-type", b"text/event-stream")], parts)
