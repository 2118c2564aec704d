"""Calls over real sockets: the official client through our door to a vendor, and callers who hang up."""

import asyncio
import json
import os
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from fakes.call_door import KEY, Bench, a_bench, a_key, a_route
from fakes.dataplane_ports import FakeUpstream, json_answer
from fakes.loopback_server import served
from fakes.memory_caller import a_refusal

from dataplane.call_limits import CallLimits
from dataplane.call_records import Outcome, Settled
from dataplane.journal import Journal
from dataplane.records import Credential, LimitedScope
from dataplane.surroundings import Surroundings
from dataplane.vetted_addresses import VettedAddresses
from wire.client import Client
from wire.server import Server
from wire.ticker import Ticker

_WORDS = ["Hel", "lo ", "there"]


@dataclass
class _Vendor:
    """Answers as OpenAI does, slowly where asked, and notes when a caller hangs up on it."""

    pause: float = 0.0
    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    headers: list[dict[bytes, bytes]] = field(default_factory=list[dict[bytes, bytes]])
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while (message := await receive()).get("more_body"):
            body += message["body"]
        request = json.loads(body + message["body"])
        self.asked.append(request)
        self.headers.append(dict(scope["headers"]))
        watch = asyncio.create_task(self._watch(receive))
        if request.get("stream"):
            await self._stream(request, send)
        else:
            await self._pause()
            reply = {"id": "c", "object": "chat.completion", "created": 1, "model": "vendor-echo", "usage": _usage()}
            message = {"role": "assistant", "content": "".join(_WORDS)}
            reply["choices"] = [{"index": 0, "finish_reason": "stop", "message": message}]
            await send(
                {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]}
            )
            await send({"type": "http.response.body", "body": json.dumps(reply).encode()})
        watch.cancel()

    async def _stream(self, request: dict[str, Any], send: Any) -> None:
        head = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        for word in _WORDS:
            await self._event(send, [{"index": 0, "delta": {"content": word}, "finish_reason": None}], None)
            await self._pause()
        if request.get("stream_options", {}).get("include_usage"):
            await self._event(send, [], _usage())
        await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})

    @staticmethod
    async def _event(send: Any, choices: list[Any], usage: Any) -> None:
        chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices}
        data = json.dumps({**chunk, "usage": usage})
        await send({"type": "http.response.body", "body": f"data: {data}\n\n".encode(), "more_body": True})

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.hung_up.wait(), self.pause)

    async def _watch(self, receive: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            continue
        self.hung_up.set()


def _usage() -> dict[str, int]:
    return {"prompt_tokens": 10, "completion_tokens": 3, "total_tokens": 13}


@asynccontextmanager
async def _door(folder: Path, vendor: Any, **key: Any) -> AsyncGenerator[tuple[str, Bench]]:
    ticker = Ticker()
    async with served(vendor) as vendor_url:
        credential = Credential("127.0.0.1", "Authorization", "Bearer vendor-secret")
        route = a_route(endpoint_url=f"{vendor_url}/v1", credential=credential)
        bench = a_bench(folder, FakeUpstream(json_answer(b"")), a_key(**key), route, ticker=ticker)
        bench.door.parts.around = Surroundings(bench.door.parts.ledger, _now, CallLimits(), ticker)
        vendors = bench.door.parts.vendors = Client(
            VettedAddresses(frozenset({vendor_url.removeprefix("http://")})), ticker
        )
        server = Server(bench.door.accept, a_refusal, "127.0.0.1", 0, ticker)
        await server.open()
        try:
            yield f"http://127.0.0.1:{server.port}", bench
        finally:
            await server.close(2)
            vendors.close()
            ticker.stop()
            await asyncio.sleep(0.01)


def _now() -> int:
    return time.time_ns() // 1000


def _client(url: str) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=KEY.decode(), max_retries=0)


async def test_the_official_client_works_plain_and_streamed_and_the_bill_agrees(tmp_path: Path) -> None:
    vendor = _Vendor()
    async with _door(tmp_path, vendor) as (url, bench), _client(url) as client:
        messages: Any = [{"role": "user", "content": "hi"}]
        plain = await client.chat.completions.create(model="acme/echo", messages=messages)
        assert plain.choices[0].message.content == "Hello there"
        assert plain.usage is not None
        stream = await client.chat.completions.create(model="acme/echo", messages=messages, stream=True)
        chunks = [chunk async for chunk in stream]
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Hello there"
        assert all(chunk.usage is None for chunk in chunks)
        asking: Any = {"include_usage": True}
        stream = await client.chat.completions.create(
            model="acme/echo", messages=messages, stream=True, stream_options=asking
        )
        last = [chunk async for chunk in stream][-1]
        assert last.usage is not None
        assert last.usage.total_tokens == 13
        assert [model.id async for model in client.models.list()] == ["acme/echo"]
        assert (await client.models.retrieve("acme/echo")).owned_by == "acme"
        await bench.settled()
        rows = [row for row in bench.spend.usage.values() if isinstance(row, Settled)]
        assert [row.usage.total_tokens for row in rows] == [13, 13, 13]
        assert len({row.cost for row in rows}) == 1
        assert all(headers[b"authorization"] == b"Bearer vendor-secret" for headers in vendor.headers)


async def test_the_official_client_understands_our_refusals(tmp_path: Path) -> None:
    scopes = (LimitedScope("key-tokens", "key", "tokens", 5),)
    async with _door(tmp_path, _Vendor(), scopes=scopes) as (url, _), _client(url) as client:
        messages: Any = [{"role": "user", "content": "hi"}]
        with pytest.raises(openai.RateLimitError) as limited:
            await client.chat.completions.create(model="acme/echo", messages=messages)
        assert limited.value.code == "insufficient_quota"
        with pytest.raises(openai.NotFoundError) as missing:
            await client.chat.completions.create(model="acme/none", messages=messages)
        assert (missing.value.code, missing.value.param) == ("model_not_found", "model")
        with pytest.raises(openai.AuthenticationError):
            await client.with_options(api_key="wrong").models.list()


@pytest.mark.parametrize(("stream", "read"), [(False, 0), (True, 0), (True, 1)])
async def test_a_caller_who_hangs_up_stops_the_vendor_and_is_billed(tmp_path: Path, stream: bool, read: int) -> None:
    vendor = _Vendor(pause=30.0)
    async with _door(tmp_path, vendor) as (url, bench):
        async with httpx.AsyncClient() as caller:
            body = {"model": "acme/echo", "stream": stream, "messages": [{"role": "user", "content": "hi"}]}
            headers = {"authorization": f"Bearer {KEY.decode()}"}
            asking = asyncio.create_task(_read_a_little(caller, f"{url}/v1/chat/completions", headers, body, read))
            await asyncio.wait((asking,), timeout=0.3)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        await asyncio.wait_for(vendor.hung_up.wait(), 10)
        await bench.settled()
        (row,) = bench.spend.usage.values()
        assert isinstance(row, Settled)
        assert row.outcome is Outcome.CALLER_LEFT
        assert row.is_estimated
        assert row.cost
        bench.spend.check()


async def _read_a_little(caller: httpx.AsyncClient, url: str, headers: Any, body: Any, events: int) -> None:
    async with caller.stream("POST", url, headers=headers, json=body) as reply:
        seen = 0
        async for _ in reply.aiter_bytes():
            seen += 1
            if events and seen >= events:
                return


async def test_a_vendor_that_is_not_there_costs_nothing(tmp_path: Path) -> None:
    async with _door(tmp_path, _Vendor()) as (url, bench), _client(url) as client:
        bench.door.parts.passages.routes.routes[0] = a_route(endpoint_url="http://127.0.0.1:9/v1", credential=None)
        messages: Any = [{"role": "user", "content": "hi"}]
        with pytest.raises(openai.InternalServerError) as failed:
            await client.chat.completions.create(model="acme/echo", messages=messages)
        assert failed.value.code == "upstream_unreachable"
        await bench.settled()
        assert not bench.spend.usage


async def test_on_a_full_disk_no_request_leaves_and_nothing_is_charged_until_it_has_room(tmp_path: Path) -> None:
    vendor = _Vendor()
    async with _door(tmp_path, vendor) as (url, bench), httpx.AsyncClient(base_url=url) as client:

        async def call() -> httpx.Response:
            body = {"model": "acme/echo", "messages": []}
            return await client.post(
                "/v1/chat/completions", json=body, headers={"authorization": f"Bearer {KEY.decode()}"}
            )

        assert (await call()).status_code == 200
        left = bench.tokens_left()
        journal = bench.door.parts.ledger.journal
        assert isinstance(journal, Journal)
        file, journal._file = journal._file, os.open("/dev/full", os.O_WRONLY)
        refused = await asyncio.gather(*(call() for _ in range(8)))
        assert {reply.status_code for reply in refused} == {503}
        assert {reply.headers["retry-after"] for reply in refused} == {"5"}
        assert (len(vendor.asked), journal.calls_open, bench.tokens_left()) == (1, 0, left)
        full, journal._file = journal._file, file
        os.close(full)
        assert (await call()).status_code == 200
        assert len(vendor.asked) == 2
        await bench.settled()
        assert len(bench.spend.usage) == 2
        bench.spend.check()
