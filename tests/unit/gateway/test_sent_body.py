"""Bodies on their way to services: small ones first whole, large ones few at a time, slow ones refused."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from gateway.routes.errors import BodyTooLarge, BodyTooSlow, ServiceUnavailable
from gateway.routes.sent_body import MAX_BODY_BYTES, SMALL_BYTES, LargeBodies, SentBody


def _sending(parts: Sequence[bytes], *, stalls: bool = False) -> Any:
    """An ASGI receive that gives these parts, and then either the end or nothing at all."""
    waiting = list(parts)

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.Event().wait()
        part = waiting.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(waiting) or stalls}

    return receive


async def test_a_small_body_is_taken_whole() -> None:
    assert await SentBody(_sending([b"a", b"", b"b"])).if_small() == b"ab"


async def test_a_large_body_comes_in_parts_and_loses_nothing() -> None:
    parts = [bytes([number]) * SMALL_BYTES for number in range(4)]
    body = SentBody(_sending(parts))
    assert await body.if_small() is None
    assert b"".join([chunk async for chunk in body.chunks()]) == b"".join(parts)


async def test_a_body_that_stalls_is_refused_while_small_and_while_large() -> None:
    with pytest.raises(BodyTooSlow):
        await SentBody(_sending([b"{"], stalls=True), small_seconds=0.01).if_small()
    body = SentBody(_sending([b"x" * SMALL_BYTES * 2], stalls=True), whole_seconds=0.01)
    assert await body.if_small() is None
    with pytest.raises(BodyTooSlow):
        _ = [chunk async for chunk in body.chunks()]


async def test_a_body_beyond_the_bound_is_refused() -> None:
    body = SentBody(_sending([b"x" * (MAX_BODY_BYTES // 2)] * 3))
    assert await body.if_small() is None
    with pytest.raises(BodyTooLarge):
        _ = [chunk async for chunk in body.chunks()]


async def test_large_bodies_beyond_the_most_wait_and_are_refused_in_the_end() -> None:
    large = LargeBodies(wait_seconds=0.01, slots=asyncio.Semaphore(1))
    async with large.place():
        with pytest.raises(ServiceUnavailable):
            async with large.place():
                pass
    async with large.place():
        pass
