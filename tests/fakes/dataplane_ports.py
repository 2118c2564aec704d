"""Keys, routes and a vendor for the call path's tests."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from dataplane.ports import Headers
from dataplane.records import KeyRecord, Route
from dataplane.refusals import UpstreamFailed
from wire.errors import Broken
from wire.origin import Origin
from wire.outbox import Outbox
from wire.taker import Taker


@dataclass
class FakeKeys:
    """KeyRecords from a dictionary."""

    records: dict[bytes, KeyRecord]
    changes: int = 0

    def known(self, digest: bytes, prove: Callable[[], bytes]) -> KeyRecord | None:
        assert prove() not in {digest, b""}
        return self.records.get(digest)

    async def by_digest(self, digest: bytes, prove: Callable[[], bytes]) -> KeyRecord | None:
        assert prove() not in {digest, b""}
        return self.records.get(digest)


@dataclass
class FakeRoutes:
    """Routes by full name or listing id, the same for everybody."""

    routes: list[Route]

    def known(self, key: KeyRecord, model: str, version: str = "") -> Route | None:
        return None

    async def resolve(self, key: KeyRecord, model: str, version: str = "") -> Route | None:
        for route in self.routes:
            if model in (route.full_name, route.listing_id) and version in ("", route.version):
                return route
        return None

    async def visible(self, key: KeyRecord) -> Sequence[Route]:
        return self.routes


@dataclass(frozen=True)
class SentRequest:
    """What a vendor was sent; without the headers that frame it."""

    url: str
    headers: Headers
    body: bytes


@dataclass
class FakeResponse:
    """A vendor's answer in chunks; an exception among them breaks it, an event is waited for."""

    status: int
    headers: Headers
    parts: Sequence[bytes | Exception | asyncio.Event]
    closed: bool = False


Answer = FakeResponse | Exception | Callable[[SentRequest], FakeResponse]


@dataclass
class FakeConnection:
    """Carries one exchange with the fake vendor; where it has an outbox, also the transport that this writes to."""

    upstream: "FakeUpstream"
    origin: Origin
    answer: FakeResponse | None = None
    playing: "asyncio.Task[None] | None" = None
    taker: Taker | None = None

    def send(self, data: bytes, taker: Taker) -> None:
        self.taker = taker
        outbox = self.upstream.outbox
        if outbox is None:
            self.write(data)
        else:
            outbox.post(cast("asyncio.Transport", self), data)

    def write(self, data: bytes) -> None:
        assert self.taker is not None
        request = _sent(self.origin, data)
        self.upstream.sent.append(request)
        self.playing = asyncio.create_task(self._play(request, self.taker))

    def is_closing(self) -> bool:
        return False

    def drop(self) -> None:
        if self.upstream.outbox is not None:
            self.upstream.outbox.empty()
        if self.playing is not None and not self.playing.done():
            self.playing.cancel()
        if self.answer is not None:
            self.answer.closed = True

    def take_back(self) -> bool:
        outbox = self.upstream.outbox
        withdrawn = outbox is not None and outbox.withdraw(cast("asyncio.Transport", self))
        if withdrawn:
            self.unused()
        return withdrawn

    def unused(self) -> None:
        self.upstream.given_back += 1

    def hold(self, wait: bool) -> None:
        del wait

    async def _play(self, request: SentRequest, taker: Taker) -> None:
        upstream = self.upstream
        if upstream.delay is not None:
            try:
                await upstream.delay.wait()
            except asyncio.CancelledError:
                upstream.cancelled = True
                raise
        if isinstance(upstream.answer, UpstreamFailed):
            taker.broken(Broken(str(upstream.answer)))
            return
        assert not isinstance(upstream.answer, Exception)
        answer = self.answer = (
            upstream.answer if isinstance(upstream.answer, FakeResponse) else upstream.answer(request)
        )
        taker.head_came(answer.status, list(answer.headers))
        for part in answer.parts:
            if isinstance(part, Exception):
                taker.broken(Broken(str(part)))
                return
            if isinstance(part, asyncio.Event):
                await part.wait()
            else:
                taker.body_came(part)
        taker.ended()


@dataclass
class FakeUpstream:
    """Gives the same answer to every request and remembers what it was sent; an exception means no connection."""

    answer: Answer
    delay: asyncio.Event | None = None
    sent: list[SentRequest] = field(default_factory=list[SentRequest])
    cancelled: bool = False
    given_back: int = 0
    outbox: Outbox | None = None

    def idle(self, origin: Origin) -> Any:
        return None if isinstance(self.answer, Exception) else FakeConnection(self, origin)

    async def connection(self, origin: Origin) -> Any:
        if isinstance(self.answer, Exception) and not isinstance(self.answer, UpstreamFailed):
            raise self.answer
        return FakeConnection(self, origin)


def _sent(origin: Origin, data: bytes) -> SentRequest:
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    headers = [(name, value) for name, _, value in (line.partition(b": ") for line in lines)]
    host = dict(headers)[b"host"].decode()
    assert int(dict(headers)[b"content-length"]) == len(body)
    url = f"{'https' if origin.tls else 'http'}://{host}{first.split(b' ')[1].decode()}"
    return SentRequest(url, [pair for pair in headers if pair[0] not in (b"host", b"content-length")], body)


def json_answer(body: bytes, status: int = 200, *headers: tuple[bytes, bytes]) -> FakeResponse:
    """A plain answer."""
    return FakeResponse(status, [(b"content-type", b"application/json"), *headers], [body])


def stream_answer(*parts: bytes | Exception | asyncio.Event) -> FakeResponse:
    """A streamed answer."""
    return FakeResponse(200, [(b"content-type", b"text/event-stream")], parts)
