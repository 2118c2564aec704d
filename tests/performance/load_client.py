"""Calls over HTTP/1.1 from as few instructions as Python allows: kept connections, requests made once, no library."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import httptools


@dataclass(frozen=True)
class Target:
    """One request, as bytes, to one server; once for each key, because a key has a rate of its own."""

    host: str
    port: int
    requests: tuple[bytes, ...]


def post(port: int, path: str, body: bytes, keys: Sequence[str] = ("",), host: str = "127.0.0.1") -> Target:
    """A POST of JSON with bearer keys."""
    return Target(host, port, tuple(_post(f"{host}:{port}", path, body, key) for key in keys))


def _post(address: str, path: str, body: bytes, key: str) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        f"host: {address}",
        "content-type: application/json",
        "accept: */*",
        *([f"authorization: Bearer {key}"] if key else []),
        f"content-length: {len(body)}",
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class Load:
    """What came back: seconds of each good answer, how many were not, and the bodies' bytes."""

    took: list[float] = field(default_factory=list[float])
    refused: dict[int, int] = field(default_factory=dict[int, int])
    body_bytes: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return len(self.took) / self.seconds


class Connection(asyncio.Protocol):
    """Sends one request after the other, each when the answer before is whole."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._parser = httptools.HttpResponseParser(self)
        self._began = 0.0
        self._done: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is there."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Servers under test keep connections."""
        if self._done is not None and not self._done.done():
            self._done.set_exception(exc or ConnectionError("closed within an answer"))

    def data_received(self, data: bytes) -> None:
        """Bytes of an answer."""
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        """Part of a body."""
        self._load.body_bytes += len(body)

    def on_message_complete(self) -> None:
        """An answer is whole."""
        status = self._parser.get_status_code()
        if status == 200:
            self._load.took.append(time.perf_counter() - self._began)
        else:
            self._load.refused[status] = self._load.refused.get(status, 0) + 1
        if self._done is not None:
            self._done.set_result(None)

    async def ask(self, request: bytes) -> None:
        """One request and its whole answer."""
        assert self._transport is not None
        self._parser = httptools.HttpResponseParser(self)
        self._done = asyncio.get_running_loop().create_future()
        self._began = time.perf_counter()
        self._transport.write(request)
        await self._done

    def close(self) -> None:
        """Hang up."""
        assert self._transport is not None
        self._transport.close()


async def _connect(target: Target, load: Load) -> Connection:
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(lambda: Connection(load), target.host, target.port)
    return connection


async def for_a_while(target: Target, connections: int, seconds: float) -> Load:
    """So many connections that ask without pause until the time is over."""
    load = Load()
    opened = [await _connect(target, load) for _ in range(connections)]
    began = time.perf_counter()

    async def keep_asking(number: int, connection: Connection) -> None:
        request = target.requests[number % len(target.requests)]
        while time.perf_counter() - began < seconds:
            await connection.ask(request)

    await asyncio.gather(*(keep_asking(number, connection) for number, connection in enumerate(opened)))
    load.seconds = time.perf_counter() - began
    for connection in opened:
        connection.close()
    return load


async def in_turns(targets: list[Target], rounds: int, calls: int) -> list[Load]:
    """One connection to each; each round asks every target so many times, one after the other."""
    loads = [Load() for _ in targets]
    opened = [await _connect(target, load) for target, load in zip(targets, loads, strict=True)]
    for _ in range(rounds):
        for target, connection in zip(targets, opened, strict=True):
            for _ in range(calls):
                await connection.ask(target.requests[0])
    for connection in opened:
        connection.close()
    return loads
