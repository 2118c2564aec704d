"""What is reserved for a call is the most that its vendor can charge for it, whatever the request looks like."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from fakes.call_door import Bench, a_bench, a_key, a_route
from fakes.dataplane_ports import FakeResponse, FakeUpstream, SentRequest, json_answer
from fixtures.real_inputs import real_input

from dataplane.control_plane.routes_client import route_of
from dataplane.records import LimitedScope, Route
from marketplace.publishing.v1 import listing_catalogue_pb2

CONTEXT = 100


def _bench(folder: Path, used: tuple[int, int], quota: int, route: Route) -> Bench:
    """A vendor that reports so many tokens for each call, and a key that may use so many of them."""
    usage = {"prompt_tokens": used[0], "completion_tokens": used[1]}
    answer = json_answer(msgspec.json.encode({"id": "c1", "choices": [], "usage": usage}))
    key = a_key(scopes=(LimitedScope("key-tokens", "key", "tokens", quota),))
    return a_bench(folder, FakeUpstream(answer), key, route)


@pytest.mark.parametrize("item", ["x" * 500, [1000] * 100])
@pytest.mark.parametrize(
    ("path", "name", "output"), [("/v1/embeddings", "input", 0), ("/v1/completions", "prompt", 10)]
)
async def test_a_quota_for_so_many_batches_admits_exactly_so_many(
    tmp_path: Path, path: str, name: str, output: int, item: Any
) -> None:
    prompts = 50
    used = prompts * CONTEXT, prompts * output
    body = msgspec.json.encode({"model": "acme/echo", name: [item] * prompts, "max_tokens": output})
    bench = _bench(tmp_path, used, 3 * sum(used), a_route(context_length=CONTEXT))
    assert [(await bench.ask(path, body)).status for _ in range(5)] == [200] * 3 + [429] * 2
    await bench.settled()
    account = bench.spend.accounts["key-tokens"]
    assert (account.settled, account.overdraft) == (3 * sum(used), 0)
    bench.spend.check()


async def test_a_vendor_that_knows_one_name_of_the_bound_alone_is_told_by_that(tmp_path: Path) -> None:
    bench = _bench(tmp_path, (10, 1), 10_000, a_route())
    for written in (b'"max_completion_tokens": 1', b'"max_completion_tokens": 1, "max_tokens": null'):
        body = b'{"model": "acme/echo", "messages": [], ' + written + b"}"
        assert (await bench.ask("/v1/chat/completions", body)).status == 200
        sent = msgspec.json.decode(bench.upstream.sent[-1].body)
        assert sent == {"model": "vendor-echo", "messages": [], "max_tokens": 1}


@pytest.mark.parametrize("bound", [b"", b', "max_tokens": 7', b', "max_completion_tokens": 7'])
async def test_a_reasoning_model_of_openai_never_sees_the_field_that_it_refuses(tmp_path: Path, bound: bytes) -> None:
    refusal = real_input("wire/openai/reasoning-model-legacy-parameter-error.json").read_bytes()

    def answer(request: SentRequest) -> FakeResponse:
        refused = "max_tokens" in msgspec.json.decode(request.body)
        return json_answer(refusal, 400) if refused else json_answer(b'{"id":"c1","choices":[]}')

    read = route_of(listing_catalogue_pb2.Route(endpoint_url="https://api.openai.com/v1"), None)
    route = a_route(endpoint_url=read.endpoint_url, credential=None, max_tokens_field=read.max_tokens_field)
    bench = a_bench(tmp_path, FakeUpstream(answer), route=route)
    reply = await bench.ask("/v1/chat/completions", b'{"model": "acme/echo", "messages": []' + bound + b"}")
    assert reply.status == 200
    sent = msgspec.json.decode(bench.upstream.sent[0].body)
    assert sent["max_completion_tokens"] == (7 if bound else 100)


@pytest.mark.parametrize(
    ("path", "asked", "named"),
    [
        ("/v1/chat/completions", {"max_tokens": 1 << 31, "n": 2}, ["max_tokens", "n"]),
        ("/v1/chat/completions", {"max_completion_tokens": 10**9, "n": 100}, ["max_completion_tokens", "n"]),
        (
            "/v1/completions",
            {"max_tokens": 10**8, "best_of": 10, "prompt": ["a"] * 3},
            ["max_tokens", "best_of", "prompt"],
        ),
        # The bound that is the route's own counts as well.
        ("/v1/completions", {"n": 1024, "prompt": ["a"] * 21_000}, ["n", "prompt"]),
        ("/v1/embeddings", {"input": [{"image_url": "u"}] * 21_475}, ["input"]),
    ],
)
async def test_more_tokens_than_any_call_has_are_refused_by_the_fields_that_ask_for_them(
    tmp_path: Path, path: str, asked: dict[str, object], named: list[str]
) -> None:
    bench = _bench(tmp_path, (1, 1), 10**15, a_route(context_length=100_000))
    reply = await bench.ask(path, msgspec.json.encode({"model": "acme/echo", **asked}))
    assert reply.status == 400
    error = msgspec.json.decode(reply.body)["error"]
    assert error["param"] == named[0]
    assert " and ".join(f"'{name}'" for name in named) in error["message"]
    assert not bench.upstream.sent
    assert bench.tokens_left() is None


async def test_the_most_tokens_that_a_call_may_have_pass(tmp_path: Path) -> None:
    bench = _bench(tmp_path, (1, 1), 10**15, a_route())
    body = b'{"model": "acme/echo", "messages": [], "max_tokens": 1073741824, "n": 2}'
    assert (await bench.ask("/v1/chat/completions", body)).status == 200
