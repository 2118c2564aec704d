"""A body of which nothing comes any more is not waited for; a caller who stays is."""

import asyncio
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from chassis.web.body_wait import BodyWait

PART: Message = {"type": "http.request", "body": b"a", "more_body": True}
END: Message = {"type": "http.request", "body": b"", "more_body": False}


def sender(*messages: Message, then: float) -> Receive:
    left = list(messages)

    async def receive() -> Message:
        if left:
            return left.pop(0)
        await asyncio.sleep(then)
        return {"type": "http.disconnect"}

    return receive


async def read_after_the_end(_scope: Scope, receive: Receive, _send: Send) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


async def send(_message: Any) -> None:
    raise AssertionError("nothing is to be sent")


async def test_silence_within_a_body_ends_the_wait() -> None:
    with pytest.raises(HTTPException) as refusal:
        await BodyWait(read_after_the_end, seconds=0.01)({"type": "http"}, sender(PART, then=60), send)
    assert refusal.value.status_code == 408


async def test_silence_after_a_body_is_waited_out() -> None:
    await BodyWait(read_after_the_end, seconds=0.01)({"type": "http"}, sender(PART, END, then=0.1), send)
