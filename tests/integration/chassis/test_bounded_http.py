"""Heads that never end, in bytes or in time, end their connection; everybody else is served."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from chassis.bounded_http import MOST_HEAD_BYTES, BoundedHttpProtocol


class _Impatient(BoundedHttpProtocol):
    head_seconds = 0.05


async def _app(scope: Any, receive: Any, send: Any) -> None:
    while scope["path"] != "/slow" and (await receive()).get("more_body", False):
        continue
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    if scope["path"] == "/slow":
        await asyncio.sleep(0.2)
    await send({"type": "http.response.body", "body": b"ok"})


@asynccontextmanager
async def _served(protocol: type[BoundedHttpProtocol]) -> AsyncGenerator[int]:
    server = uvicorn.Server(uvicorn.Config(_app, http=protocol, ws="none", lifespan="off", log_config=None, port=0))
    serving = asyncio.create_task(server.serve())
    try:
        while not server.started:  # noqa: ASYNC110 -- uvicorn has no event for it
            await asyncio.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await serving


async def _answer(port: int, *parts: bytes) -> bytes:
    """All that comes back until the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        return await asyncio.wait_for(reader.read(), 10)
    except ConnectionError:
        return b""
    finally:
        writer.close()


_CLOSING = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"


async def test_a_usual_request_and_a_long_head_within_the_bound_are_served() -> None:
    async with _served(BoundedHttpProtocol) as port:
        assert (await _answer(port, _CLOSING)).endswith(b"ok")
        long = _CLOSING[:-2] + b"x: " + b"a" * (MOST_HEAD_BYTES // 2) + b"\r\n\r\n"
        assert (await _answer(port, long[:1000], long[1000:])).endswith(b"ok")


async def test_a_body_does_not_count_as_a_head() -> None:
    async with _served(BoundedHttpProtocol) as port:
        size = MOST_HEAD_BYTES * 4
        head = b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % size
        assert b"200 OK" in await _answer(port, head, b"b" * size)


@pytest.mark.parametrize("start", [b"GET / HTTP/1.1\r\nhost: x\r\nx: ", b"GET /"])
async def test_a_head_without_end_is_refused_before_it_fills_the_memory(start: bytes) -> None:
    async with _served(BoundedHttpProtocol) as port:
        reply = await _answer(port, start, *[b"a" * MOST_HEAD_BYTES] * 40)
        assert reply == b"" or b" 431 " in reply or b" 400 " in reply
        assert (await _answer(port, _CLOSING)).endswith(b"ok")


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nhost: x\r\n"])
async def test_a_connection_that_never_finishes_its_head_is_closed(said: bytes) -> None:
    async with _served(_Impatient) as port:
        assert await _answer(port, said) == b""


async def test_a_second_head_that_never_ends_is_closed_after_the_first_reply() -> None:
    async with _served(_Impatient) as port:
        reply = await _answer(port, b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\nGET / HT")
        assert reply.endswith(b"ok")
