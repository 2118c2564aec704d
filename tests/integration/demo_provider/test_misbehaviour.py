"""The demo misbehaves on demand, and its ledger tells what was given when a stream was cut."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from fixtures.demo_provider import RunningProvider, running_demo_provider

BODY: dict[str, Any] = {"model": "demo-chat", "messages": [{"role": "user", "content": "Good morning"}]}
STREAM: dict[str, Any] = {**BODY, "stream": True, "stream_options": {"include_usage": True}}
CHAT = "/v1/chat/completions"


def client_of(provider: RunningProvider) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{provider.url}/v1", api_key=provider.key, max_retries=0)


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncGenerator[RunningProvider]:
    async with running_demo_provider(tmp_path) as running:
        yield running


@pytest.fixture
async def plain(provider: RunningProvider) -> AsyncGenerator[httpx.AsyncClient]:
    headers = {"authorization": f"Bearer {provider.key}"}
    async with httpx.AsyncClient(base_url=provider.url, headers=headers) as made:
        yield made


@pytest.mark.parametrize(("fault", "status"), [("error", 500), ("overloaded", 503), ("limited", 429)])
async def test_a_refusal_on_demand_is_given_and_costs_nothing(
    plain: httpx.AsyncClient, provider: RunningProvider, fault: str, status: int
) -> None:
    answer = await plain.post(CHAT, json=BODY, headers={"x-demo-fault": fault})
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
    assert ("retry-after" in answer.headers) == (status != 500)
    assert provider.ledger() == []


@pytest.mark.parametrize("body", [BODY, STREAM])
async def test_an_answer_cut_on_demand_breaks_off_and_is_charged_as_far_as_it_came(
    plain: httpx.AsyncClient, provider: RunningProvider, body: dict[str, Any]
) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await plain.post(CHAT, json=body, headers={"x-demo-fault": "cut"})
    (line,) = await provider.ledger_of(1)
    assert line["finished"] is False
    assert line["completion_tokens"] > 0


async def test_a_caller_who_leaves_a_stream_is_charged_for_what_was_sent(
    plain: httpx.AsyncClient, provider: RunningProvider
) -> None:
    paced = {"x-demo-pace-ms": "20", "x-demo-reply-tokens": "1000"}
    async with plain.stream("POST", CHAT, json=STREAM, headers=paced) as answer:
        lines = answer.aiter_lines()
        for _ in range(6):
            await anext(lines)
    (line,) = await provider.ledger_of(1)
    assert line["finished"] is False
    assert 1 <= line["completion_tokens"] < 1000


@pytest.mark.parametrize("fault", ["hang", "stall"])
async def test_a_vendor_that_hangs_is_left_by_the_callers_patience(
    plain: httpx.AsyncClient, provider: RunningProvider, fault: str
) -> None:
    with pytest.raises(httpx.ReadTimeout):
        await plain.post(CHAT, json=STREAM, headers={"x-demo-fault": fault}, timeout=0.3)
    (line,) = await provider.ledger_of(1)
    assert line["finished"] is False
    assert (line["completion_tokens"] == 0) == (fault == "hang")


async def test_usage_is_withheld_on_demand_but_not_from_the_ledger(
    plain: httpx.AsyncClient, provider: RunningProvider
) -> None:
    whole = await plain.post(CHAT, json=BODY, headers={"x-demo-fault": "no-usage"})
    stream = await plain.post(CHAT, json=STREAM, headers={"x-demo-fault": "no-usage"})
    assert "usage" not in whole.json()
    assert '"usage"' not in stream.text
    assert all(line["completion_tokens"] > 0 for line in await provider.ledger_of(2))


async def test_the_callers_own_request_id_stands_in_the_ledger(
    plain: httpx.AsyncClient, provider: RunningProvider
) -> None:
    answer = await plain.post(CHAT, json=BODY, headers={"x-client-request-id": "call-17"})
    (line,) = await provider.ledger_of(1)
    assert line["client_request_id"] == "call-17"
    assert line["request_id"] == answer.headers["x-request-id"]


async def test_headers_steer_nothing_where_the_settings_do_not_let_them(tmp_path: Path) -> None:
    async with running_demo_provider(tmp_path, steerable=False) as fixed, client_of(fixed) as client:
        answer = await client.chat.completions.create(**BODY, extra_headers={"x-demo-fault": "error"})
    assert answer.choices


async def test_the_settings_alone_can_make_every_call_fail(tmp_path: Path) -> None:
    async with (
        running_demo_provider(tmp_path, steerable=False, fault="limited") as limited,
        client_of(limited) as client,
    ):
        with pytest.raises(openai.RateLimitError):
            await client.chat.completions.create(**BODY)
