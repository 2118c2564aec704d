"""The official OpenAI client against the demo provider: answers, streams, vectors, refusals, and the ledger."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from fixtures.demo_provider import RunningProvider, running_demo_provider

TALK: Any = [{"role": "user", "content": "Count the words of this message"}]


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncGenerator[RunningProvider]:
    async with running_demo_provider(tmp_path) as running:
        yield running


@pytest.fixture
async def client(provider: RunningProvider) -> AsyncGenerator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{provider.url}/v1", api_key=provider.key, max_retries=0) as made:
        yield made


async def test_a_chat_is_answered_and_says_it_is_a_demo(client: openai.AsyncOpenAI, provider: RunningProvider) -> None:
    answer = await client.chat.completions.create(model="demo-chat", messages=TALK)
    assert answer.system_fingerprint == "demo-provider"
    assert "demo" in (answer.choices[0].message.content or "")
    (line,) = await provider.ledger_of(1)
    assert answer.usage is not None
    assert line["request_id"] in answer.id
    assert line["finished"] is True
    assert line["prompt_tokens"] == answer.usage.prompt_tokens
    assert line["completion_tokens"] == answer.usage.completion_tokens


async def test_a_stream_has_the_text_the_usage_and_the_ledger_line_of_the_whole(
    client: openai.AsyncOpenAI, provider: RunningProvider
) -> None:
    whole = await client.chat.completions.create(model="demo-chat", messages=TALK, n=2)
    texts, usage = {0: "", 1: ""}, None
    stream = await client.chat.completions.create(
        model="demo-chat", messages=TALK, n=2, stream=True, stream_options={"include_usage": True}
    )
    async for chunk in stream:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
    assert list(texts.values()) == [choice.message.content for choice in whole.choices]
    assert usage == whole.usage
    first, second = await provider.ledger_of(2)
    assert first["completion_tokens"] == second["completion_tokens"]


async def test_a_stream_without_include_usage_says_nothing_of_it(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(model="demo-chat", messages=TALK, stream=True)
    assert [chunk.usage async for chunk in stream if chunk.usage] == []


async def test_a_tool_is_called_the_same_way_streamed_and_plain(client: openai.AsyncOpenAI) -> None:
    tools: Any = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]
    plain = await client.chat.completions.create(model="demo-chat", messages=TALK, tools=tools, tool_choice="required")
    calls: Any = plain.choices[0].message.tool_calls
    assert calls[0].function.name == "weather"
    async with client.chat.completions.stream(
        model="demo-chat", messages=TALK, tools=tools, tool_choice="required"
    ) as stream:
        final: Any = (await stream.get_final_completion()).choices[0].message.tool_calls
    assert final[0].function.arguments == calls[0].function.arguments


async def test_a_text_is_completed_plain_and_streamed(client: openai.AsyncOpenAI) -> None:
    plain = await client.completions.create(model="demo-text", prompt=["one", "two"], max_tokens=20, echo=True)
    assert [choice.text[:3] for choice in plain.choices] == ["one", "two"]
    stream = await client.completions.create(model="demo-text", prompt="one", max_tokens=20, echo=True, stream=True)
    assert "".join([c.text async for chunk in stream for c in chunk.choices]) == plain.choices[0].text


async def test_vectors_come_as_the_client_asks_for_them(client: openai.AsyncOpenAI) -> None:
    packed = await client.embeddings.create(model="demo-embed", input=["one", "two words"], dimensions=32)
    plain = await client.embeddings.create(
        model="demo-embed", input=["one", "two words"], dimensions=32, encoding_format="float"
    )
    assert packed.data[1].embedding == pytest.approx(plain.data[1].embedding, abs=1e-6)
    assert packed.usage.prompt_tokens == 4


async def test_the_models_are_listed_and_found(client: openai.AsyncOpenAI) -> None:
    names = [model.id async for model in client.models.list()]
    assert names == ["demo-chat", "demo-text", "demo-embed"]
    assert (await client.models.retrieve("demo-chat")).owned_by == "demo-provider"


async def test_refusals_are_what_the_client_knows(client: openai.AsyncOpenAI, provider: RunningProvider) -> None:
    with pytest.raises(openai.NotFoundError) as unknown:
        await client.chat.completions.create(model="gpt-unknown", messages=TALK)
    assert unknown.value.body == {
        "message": "There is no model 'gpt-unknown' here; GET /v1/models lists them.",
        "type": "invalid_request_error",
        "param": "model",
        "code": "model_not_found",
    }
    with pytest.raises(openai.AuthenticationError):
        await client.with_options(api_key="another").models.list()
    with pytest.raises(openai.BadRequestError):
        await client.chat.completions.create(model="demo-chat", messages=TALK, n=100)
    assert provider.ledger() == []


def talk(content: bytes) -> bytes:
    return b'{"model":"demo-chat","messages":[{"role":"user","content":"' + content + b'"}]}'


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b"{", "application/json", 400),
        (talk(b"\\ud800"), "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (talk(b"a " * 140_000), "application/json", 400),
        (talk(b"plain"), "text/plain", 415),
        (b" " * (8 * 1024 * 1024 + 1), "application/json", 413),
    ],
    ids=["broken", "surrogate", "deep", "too-many-tokens", "not-json", "too-many-bytes"],
)
async def test_bad_bodies_are_refused_in_the_vendors_shape(
    provider: RunningProvider, body: bytes, media_type: str, status: int
) -> None:
    headers = {"content-type": media_type, "authorization": f"Bearer {provider.key}"}
    async with httpx.AsyncClient(base_url=provider.url) as plain:
        answer = await plain.post("/v1/chat/completions", content=body, headers=headers)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


async def test_what_the_operator_asks_is_answered(provider: RunningProvider) -> None:
    async with httpx.AsyncClient(base_url=provider.url) as plain:
        answers = {path: await plain.get(path) for path in ("/health", "/ready", "/docs", "/openapi.json", "/metrics")}
        styles = await plain.get("/docs/static/swagger-ui.css")
    assert {answer.status_code for answer in answers.values()} == {200}
    assert styles.status_code == 200
    assert answers["/ready"].json()["ready"] is True
    assert "marketplace_api_requests_total" in answers["/metrics"].text
