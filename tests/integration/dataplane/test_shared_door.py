"""One port for calls and pages: each request goes where it belongs, and pages are served as by any other server."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from fakes.memory_caller import Reply
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from fixtures.wire_line import HOST, Line, get, post
from prometheus_client import CollectorRegistry

from chassis.errors import NotFound
from chassis.health import Readiness
from chassis.web.access import PUBLIC, requires
from chassis.web.application import Application, provided
from dataplane.call_signals import CallSignals
from dataplane.shared_door import SharedDoor
from wire.exchange import Exchange
from wire.ticker import Ticker

PROBLEM = "application/problem+json"


def json_of(reply: Reply) -> Any:
    return json.loads(reply.body)


@dataclass
class Call:
    """A call, answered at once."""

    exchange: Exchange
    most_body: int = 1000

    def arrived(self, data: bytes) -> None: ...

    def complete(self, body: bytes) -> None:
        self.exchange.reply(299, b"", b"call")

    def gone(self) -> None: ...

    def room(self, has_room: bool) -> None: ...

    def refusal(self, status: int, reason: str) -> None: ...


@dataclass
class Pages:
    """An application as services have it, and what happened to it."""

    left: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: bool = False

    def router(self) -> APIRouter:
        routes = APIRouter(dependencies=[requires(PUBLIC)])

        @routes.post("/echo")
        async def echo(request: Request) -> dict[str, Any]:
            client = request.client
            return {
                "body": (await request.body()).decode(),
                "state": provided("word")(request),
                "client": client.host if client else None,
                "path": request.url.path,
                "query": request.url.query,
                "length": request.headers.get("content-length"),
            }

        @routes.get("/broken")
        async def broken() -> None:
            raise ZeroDivisionError

        @routes.get("/missing")
        async def missing() -> None:
            raise NotFound("It is not here.")

        @routes.get("/slow")
        async def slow() -> str:
            self.begun.set()
            try:
                await self.go_on.wait()
            except asyncio.CancelledError:
                self.cancelled = True
                raise
            return "whole"

        @routes.get("/endless")
        async def endless() -> StreamingResponse:
            return StreamingResponse(self._parts(), media_type="text/plain")

        return routes

    async def _parts(self) -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"more "
                await asyncio.sleep(0.01)
        finally:
            self.left.set()


@pytest.fixture
async def pages() -> Pages:
    return Pages()


@pytest.fixture
async def door(pages: Pages) -> AsyncIterator[SharedDoor]:
    async with opened(pages) as door:
        yield door


@asynccontextmanager
async def opened(pages: Pages) -> AsyncGenerator[SharedDoor]:
    registry, ticker = CollectorRegistry(), Ticker()
    application = Application(
        "shop", "A shop.", [pages.router()], {"word": "kept"}, Readiness(), registry, lambda: "req_1"
    ).build()
    door = SharedDoor(application, Call, CallSignals(registry), ticker, "127.0.0.1", 0)
    await door.open()
    try:
        yield door
    finally:
        await door.close(0.2)
        ticker.stop()


@asynccontextmanager
async def line_to(door: SharedDoor) -> AsyncGenerator[Line]:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    line = Line(reader, writer)
    try:
        yield line
    finally:
        line.leave()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (post("/v1/chat/completions", b"{}"), 299),
        (post("/api/v1/consume/demo/assistant", b"{}"), 299),
        (get("/api/v1/models"), 299),
        (get("/v1/%6dodels"), 299),
        (post("/echo", b"{}"), 200),
        (post("/v1/chat/completions/", b"{}"), 404),
        (get("/v1/keys"), 404),
    ],
    ids=lambda value: str(value)[:36],
)
async def test_calls_stay_on_the_engine_and_all_else_is_the_applications(
    door: SharedDoor, request_: bytes, status: int
) -> None:
    async with line_to(door) as line:
        assert (await line.asks(request_)).status == status


async def test_calls_are_counted_and_pages_are_not(door: SharedDoor) -> None:
    async with line_to(door) as line:
        for request in (post("/v1/completions", b"{}"), get("/v1/models"), get("/health")):
            await line.asks(request)
        told = (await line.asks(get("/metrics"))).body.decode()
    assert 'marketplace_data_plane_requests_total{path_kind="call"} 1.0' in told
    assert 'marketplace_data_plane_requests_total{path_kind="models"} 1.0' in told
    assert 'route="/health",service="shop",status="200"} 1.0' in told


async def test_a_page_gets_the_applications_state_and_believes_no_header_about_its_caller(door: SharedDoor) -> None:
    forwarded = b"x-forwarded-for: 203.0.113.9\r\nforwarded: for=203.0.113.9\r\nx-forwarded-proto: https\r\n"
    async with line_to(door) as line:
        reply = await line.asks(post("/echo?a=%20b", b"hello", forwarded))
    assert json_of(reply) == {
        "body": "hello",
        "state": "kept",
        "client": "127.0.0.1",
        "path": "/echo",
        "query": "a=%20b",
        "length": "5",
    }
    assert (reply.headers["x-request-id"], reply.headers["x-content-type-options"]) == ("req_1", "nosniff")
    assert "date" in reply.headers


async def test_a_page_hears_the_length_of_each_body_that_comes_after_the_same_head(door: SharedDoor) -> None:
    async with line_to(door) as line:
        bodies = [b"one", b"the second", b""]
        heard = [json_of(await line.asks(post("/echo", body))) for body in bodies]
    assert [(one["body"].encode(), one["length"]) for one in heard] == [(body, str(len(body))) for body in bodies]


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (get("/missing"), 404, "not_found"),
        (get("/nowhere"), 404, "not_found"),
        (get("/echo"), 405, "method_not_allowed"),
        (get("/broken"), 500, "internal"),
        (post("/echo", b"x" * (1 << 20) + b"x"), 413, "too_large"),
        (get("/health?" + "a" * 9000), 414, "target_too_long"),
        (get("/health", b"x-long: " + b"a" * 70_000 + b"\r\n"), 431, "head_too_large"),
        (get("/health", b"".join(b"x-%d: a\r\n" % number for number in range(100))), 431, "head_too_large"),
        (get("/health", HOST), 400, "malformed_request"),
        (b"GET /health HTTP/9.9\r\n\r\n", 400, "malformed_request"),
    ],
    ids=lambda value: str(value)[:36],
)
async def test_every_refusal_of_a_page_is_a_problem_document(
    door: SharedDoor, request_: bytes, status: int, code: str
) -> None:
    async with line_to(door) as line:
        reply = await line.asks(request_)
    assert (reply.status, json_of(reply)["code"], reply.headers["content-type"]) == (status, code, PROBLEM)
    async with line_to(door) as line:
        assert json_of(await line.asks(post("/echo", b"next")))["body"] == "next"


async def test_a_page_whose_caller_leaves_stops(door: SharedDoor, pages: Pages) -> None:
    async with line_to(door) as line:
        line.send(get("/endless"))
        assert await line.reader.readuntil(b"more ")
    async with asyncio.timeout(5):
        await pages.left.wait()


async def test_a_page_under_way_is_finished_before_the_door_closes(pages: Pages) -> None:
    async with opened(pages) as door, line_to(door) as line:
        line.send(get("/slow"))
        await pages.begun.wait()
        closing = asyncio.create_task(door.close(5))
        await asyncio.sleep(0)
        pages.go_on.set()
        assert json_of(await line.reply()) == "whole"
        await closing


async def test_a_page_that_does_not_end_is_ended_with_its_door(pages: Pages) -> None:
    async with opened(pages) as door, line_to(door) as line:
        line.send(get("/slow"))
        await pages.begun.wait()
        await door.close(0.05)
        assert pages.cancelled
        assert await line.rest() == b""


async def test_a_port_that_is_taken_is_named(pages: Pages) -> None:
    async with opened(pages) as door:
        second = SharedDoor(door.application, Call, door.signals, door.ticker, "127.0.0.1", door.port)
        with pytest.raises(OSError, match=f"port {door.port} on 127.0.0.1"):
            await second.open()
        await second.close(0.1)


async def test_a_door_that_never_opened_closes_without_a_word(pages: Pages) -> None:
    application = Application("shop", "", [pages.router()], {}, Readiness(), CollectorRegistry(), str).build()
    door = SharedDoor(application, Call, CallSignals(CollectorRegistry()), Ticker(), "127.0.0.1", 0)
    await door.close(0.1)
