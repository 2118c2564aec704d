"""The door: who gets in, what goes to the vendor, what comes back, what is charged."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fakes.call_door import KEY, a_bench, a_key, a_route
from fakes.dataplane_ports import FakeUpstream, json_answer, stream_answer

from dataplane.call_limits import CallLimits
from dataplane.call_records import Outcome, Settled
from dataplane.ended_calls import CallEnd, Fault, fault_of
from dataplane.price import UnknownPrice
from dataplane.records import Credential, LimitedScope, RateLimits
from dataplane.refusals import UpstreamFailed, UpstreamUnreachable

CHAT = "/v1/chat/completions"
BODY = b'{"model": "acme/echo", "messages": [{"role": "user", "content": "hi"}]}'
STREAMED = b'{"model": "acme/echo", "stream": true, "messages": [{"role": "user", "content": "hi"}]}'
REPLY = b'{"id":"c1","choices":[{"message":{"content":"hello"}}],"usage":{"prompt_tokens":10,"completion_tokens":5}}'
ROLE = b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}],"usage":null}\n\n'
HELLO = b'data: {"choices":[{"index":0,"delta":{"content":"hello"}}],"usage":null}\n\n'
USAGE = b'data: {"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}\n\n'
DONE = b"data: [DONE]\n\n"


def _error(body: bytes) -> dict[str, object]:
    error = msgspec.json.decode(body)["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return error


async def test_a_plain_call_is_forwarded_metered_and_settled(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, FakeUpstream(json_answer(REPLY)))
    reply = await bench.ask(CHAT, BODY)
    assert (reply.status, reply.body) == (200, REPLY)
    assert reply.headers["x-marketplace-listing"] == "acme/echo"
    assert reply.headers["x-marketplace-version"] == "1.0.0"
    assert reply.headers["x-marketplace-cost-usd"] == "0.000020000"
    assert reply.headers["x-marketplace-prompt-tokens"] == "10"
    assert reply.headers["x-marketplace-quota-remaining-tokens"] == str(1_000_000 - 15)
    await bench.settled()
    row = bench.spend.usage[reply.headers["x-request-id"]]
    assert isinstance(row, Settled)
    assert (row.cost, row.usage.total_tokens, row.is_estimated) == (20_000, 15, False)
    assert bench.spend.accounts["team-money"].settled == 20_000
    assert bench.spend.accounts["key-tokens"].settled == 15
    bench.spend.check()


async def test_only_our_credential_and_listed_headers_reach_the_vendor(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, FakeUpstream(json_answer(REPLY)))
    await bench.ask(CHAT, BODY, headers=[(b"x-api-key", KEY), (b"cookie", b"c=1"), (b"x-forwarded-for", b"1.2.3.4")])
    sent = bench.upstream.sent[0]
    headers = dict(sent.headers)
    assert sent.url == "https://vendor.example/v1/chat/completions"
    assert headers[b"authorization"] == b"Bearer vendor-secret"
    assert set(headers) == {
        b"content-type",
        b"accept",
        b"accept-encoding",
        b"user-agent",
        b"x-request-id",
        b"authorization",
    }
    assert msgspec.json.decode(sent.body) == {
        "model": "vendor-echo",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": "hi"}],
    }


async def test_a_credential_is_never_sent_to_another_host(tmp_path: Path) -> None:
    route = a_route(credential=Credential("other.example", "Authorization", "Bearer vendor-secret"))
    bench = a_bench(tmp_path, FakeUpstream(json_answer(REPLY)), route=route)
    reply = await bench.ask(CHAT, BODY)
    assert reply.status == 502
    assert not bench.upstream.sent
    assert bench.tokens_left() is None
    assert "vendor-secret" not in repr(route)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ([], "missing_api_key"),
        ([(b"authorization", b"Bearer nobody")], "invalid_api_key"),
        ([(b"authorization", b"Basic abc")], "missing_api_key"),
        ([(b"x-goog-api-key", b"k" * 5000)], "invalid_api_key"),
    ],
)
async def test_strangers_are_turned_away_before_their_body_is_read(
    tmp_path: Path, headers: list[tuple[bytes, bytes]], code: str
) -> None:
    bench = a_bench(tmp_path, FakeUpstream(json_answer(REPLY)))
    reply = await bench.ask(CHAT, b"not json", headers=headers)
    assert reply.status == 401
    assert _error(reply.body)["code"] == code
    assert not bench.upstream.sent


async def test_revoked_expired_and_narrow_keys_are_refused(tmp_path: Path) -> None:
    cases = [
        (a_key(state="revoked"), 401),
        (a_key(expires_at=1), 401),
        (a_key(permissions=frozenset({"models"})), 403),
        (a_key(allowed_listings=frozenset({"lst_2"})), 404),
        (a_key(allowed_models=frozenset({"acme/other"})), 404),
        (a_key(allowed_models=frozenset({"acme/echo"})), 200),
    ]
    for number, (key, status) in enumerate(cases):
        bench = a_bench(tmp_path / str(number), FakeUpstream(json_answer(REPLY)), key=key)
        assert (await bench.ask(CHAT, BODY)).status == status


@pytest.mark.parametrize(
    ("path", "method", "body", "status"),
    [
        (CHAT, "POST", b"[]", 400),
        (CHAT, "POST", b'{"model": 1, "messages": []}', 400),
        (CHAT, "POST", b'{"messages": []}', 400),
        (CHAT, "POST", b'{"model": "a", "model": "b"}', 400),
        (CHAT, "POST", b'{"model": "acme/echo", "max_tokens": -1}', 400),
        (CHAT, "POST", b'{"model": "acme/echo", "messages": [], "Model": "other"}', 400),
        (CHAT, "POST", b'{"model": "acme/nothing"}', 404),
        (CHAT, "GET", b"", 405),
        ("/v1/models", "POST", b"", 405),
        ("/v1/nothing", "POST", b"", 404),
        ("/api/v1/consume/lst_1", "POST", b'{"temperature": 1}', 400),
        ("/api/v1/consume/lst_9", "POST", b'{"prompt": "x"}', 404),
    ],
)
async def test_bad_requests_get_an_error_in_openais_shape(
    tmp_path: Path, path: str, method: str, body: bytes, status: int
) -> None:
    bench = a_bench(tmp_path, FakeUpstream(json_answer(REPLY)))
    reply = await bench.ask(path, body, method)
    assert reply.status == status
    assert _error(reply.body)["type"] == "invalid_request_error"
    assert reply.headers["x-request-id"]
    assert ("allow" in reply.headers) == (status == 405)
    assert not bench.upstream.sent


async def test_a_name_longer_than_any_model_asks_and_keeps_nothing(tmp_path: Path) -> None:
    longest = "a" * 512
    bench = a_bench(tmp_path, FakeUpstream(json_answer(REPLY)), route=a_route(listing_id=longest))
    assert (await bench.ask(CHAT, msgspec.json.encode({"model": longest, "messages": []}))).status == 200
    bench = a_bench(tmp_path / "more", FakeUpstream(json_answer(REPLY)), route=a_route(listing_id=longest + "a"))
    reply = await bench.ask(CHAT, msgspec.json.encode({"model": longest + "a", "messages": []}))
    assert (reply.status, _error(reply.body)["code"]) == (404, "model_not_found")
    assert (await bench.ask(f"/v1/models/{longest}a", b"", "GET")).status == 404


async def test_bodies_have_a_largest_size(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, FakeUpstream(json_answer(REPLY)), limits=CallLimits(body_bytes=50))
    assert (await bench.ask(CHAT, BODY)).status == 413


@pytest.mark.parametrize("path", ["/api/v1/consume/lst_1", "/api/v1/consume/acme/echo@1.0.0"])
async def test_a_listing_is_called_by_its_path_whatever_the_body_names(tmp_path: Path, path: str) -> None:
    bench = a_bench(tmp_path, FakeUpstream(json_answer(REPLY)))
    reply = await bench.ask(path, b'{"prompt": "x", "max_tokens": 3}')
    assert reply.status == 200
    assert bench.upstream.sent[0].url.endswith("/v1/completions")
    assert msgspec.json.decode(bench.upstream.sent[0].body)["model"] == "vendor-echo"


async def test_models_are_listed_as_openai_lists_them(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, FakeUpstream(json_answer(REPLY)))
    listed = msgspec.json.decode((await bench.ask("/v1/models", method="GET")).body)
    one = msgspec.json.decode((await bench.ask("/api/v1/models/acme/echo", method="GET")).body)
    assert listed == {"object": "list", "data": [one]}
    assert (one["id"], one["object"], one["owned_by"]) == ("acme/echo", "model", "acme")
    assert (await bench.ask("/v1/models/acme/none", method="GET")).status == 404


async def test_a_stream_hides_the_usage_nobody_asked_for_and_ends_with_the_facts(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, FakeUpstream(stream_answer(ROLE + HELLO[:9], HELLO[9:] + USAGE, DONE)))
    reply = await bench.ask(CHAT, STREAMED)
    comment, rest = reply.body.removeprefix(ROLE + HELLO).split(b"\n\n", 1)
    assert rest == DONE
    facts = msgspec.json.decode(comment.removeprefix(b": marketplace "))
    assert (facts["cost_usd"], facts["completion_tokens"], facts["estimated"]) == ("0.000020000", 5, False)
    assert msgspec.json.decode(bench.upstream.sent[0].body)["stream_options"] == {"include_usage": True}
    await bench.settled()
    assert bench.spend.accounts["team-money"].settled == 20_000


async def test_a_stream_without_usage_is_estimated_and_flagged(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, FakeUpstream(stream_answer(ROLE, HELLO, HELLO, DONE)))
    reply = await bench.ask(CHAT, STREAMED)
    assert b'"estimated":true' in reply.body
    await bench.settled()
    (row,) = bench.spend.usage.values()
    assert isinstance(row, Settled)
    assert row.usage.completion_tokens == 3
    assert row.usage.prompt_tokens > 0


async def test_a_stream_past_its_reservation_is_cut_and_says_so(tmp_path: Path) -> None:
    bench = a_bench(
        tmp_path, FakeUpstream(stream_answer(ROLE, *[HELLO] * 20, DONE)), route=a_route(max_output_tokens=4)
    )
    reply = await bench.ask(CHAT, STREAMED)
    assert b"reservation_exceeded" in reply.body
    assert reply.body.count(HELLO) == 5
    await bench.settled()
    (row,) = bench.spend.usage.values()
    assert isinstance(row, Settled)
    assert row.outcome is Outcome.CUT


async def test_usage_beyond_the_reservation_is_charged_as_overdraft(tmp_path: Path) -> None:
    dear = b'{"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5000}}'
    bench = a_bench(tmp_path, FakeUpstream(json_answer(dear)))
    await bench.ask(CHAT, BODY)
    await bench.settled()
    (row,) = bench.spend.usage.values()
    assert isinstance(row, Settled)
    assert row.overdraft
    assert bench.spend.accounts["key-tokens"].settled == 5010
    assert bench.spend.accounts["key-tokens"].overdraft > 0
    bench.spend.check()


@pytest.mark.parametrize("window", ["before the first byte", "between", "just before the end"])
async def test_a_caller_who_leaves_pays_for_what_was_used(tmp_path: Path, window: str) -> None:
    never, leaves = asyncio.Event(), asyncio.Event()
    parts = {"before the first byte": (), "between": (ROLE, HELLO), "just before the end": (ROLE, HELLO, USAGE)}[window]
    answer = stream_answer(*parts, never)
    upstream = FakeUpstream(answer, delay=never if not parts else None)
    bench = a_bench(tmp_path, upstream)
    asking = asyncio.create_task(bench.ask(CHAT, STREAMED, leaves=leaves))
    for _ in range(1000):
        await asyncio.sleep(0 if upstream.sent else 0.001)
    assert upstream.sent
    leaves.set()
    await asyncio.wait_for(asking, 10)
    assert upstream.cancelled if not parts else answer.closed
    await bench.settled()
    (row,) = bench.spend.usage.values()
    assert isinstance(row, Settled)
    assert row.outcome is Outcome.CALLER_LEFT
    assert row.cost
    assert row.is_estimated == (window != "just before the end")
    assert bench.door.parts.ledger.journal.calls_open == 0


@pytest.mark.parametrize("headers", [None, [(b"authorization", b"Bearer mk_test"), (b"idempotency-key", b"once")]])
async def test_a_caller_who_leaves_before_its_request_left_has_made_no_call(
    tmp_path: Path, headers: list[tuple[bytes, bytes]] | None
) -> None:
    leaves, told = asyncio.Event(), list[CallEnd]()
    bench = a_bench(tmp_path, FakeUpstream(json_answer(REPLY)), told=told.append)
    outbox, ledger = bench.upstream.outbox, bench.door.parts.ledger
    assert outbox is not None
    # As in a turn of the loop in which much is to be done.
    outbox._is_due = True
    asking = asyncio.create_task(bench.ask(CHAT, BODY, headers=headers, leaves=leaves))
    for _ in range(1000):
        await asyncio.sleep(0 if ledger.journal.calls_open else 0.001)
    assert ledger.journal.calls_open == 1
    leaves.set()
    await asyncio.wait_for(asking, 10)
    outbox.empty()
    await bench.settled()
    assert (bench.upstream.sent, bench.upstream.given_back, bench.spend.usage) == ([], 1, {})
    assert (ledger.journal.calls_open, bench.tokens_left()) == (0, 1_000_000)
    ((released, sent_at),) = told
    assert (fault_of(released), sent_at) == (Fault.CALLER, 0)
    outbox._is_due = False
    assert (await bench.ask(CHAT, BODY, headers=headers)).status == 200


async def test_an_unreachable_vendor_costs_nothing(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, FakeUpstream(UpstreamUnreachable("No connection to the provider could be made.")))
    reply = await bench.ask(CHAT, BODY)
    assert (reply.status, _error(reply.body)["code"]) == (502, "upstream_unreachable")
    await bench.settled()
    assert not bench.spend.usage
    assert bench.tokens_left() == 1_000_000


async def test_a_stream_that_breaks_ends_with_an_error_event(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, FakeUpstream(stream_answer(ROLE, HELLO, UpstreamFailed("It broke."))))
    reply = await bench.ask(CHAT, STREAMED)
    assert reply.body.startswith(ROLE + HELLO + b'data: {"error":')
    assert reply.complete
    await bench.settled()
    (row,) = bench.spend.usage.values()
    assert isinstance(row, Settled)
    assert row.outcome is Outcome.UPSTREAM_BROKEN


async def test_a_stream_may_go_on_for_long_but_not_be_silent_for_long(tmp_path: Path) -> None:
    goes_on = [asyncio.Event(), asyncio.Event(), asyncio.Event()]
    answer = stream_answer(*(part for event in goes_on for part in (HELLO, event)))
    bench = a_bench(tmp_path, FakeUpstream(answer), limits=CallLimits(head_seconds=0.1, idle_seconds=0.6))
    ticker = bench.door.parts.around.ticker
    ticker.start()
    loop = asyncio.get_running_loop()
    began = loop.time()
    for turn, event in enumerate(goes_on[:2], 1):
        loop.call_later(0.4 * turn, event.set)
    reply = await bench.ask(CHAT, STREAMED)
    ticker.stop()
    assert 1.3 < loop.time() - began < 2.0
    assert reply.body.count(HELLO) == 3
    assert b"did not go on in time" in reply.body


@pytest.mark.parametrize(("vendor", "ours"), [(401, 502), (403, 502), (404, 502), (500, 502), (503, 503), (302, 502)])
async def test_a_vendors_trouble_with_us_is_not_the_callers(tmp_path: Path, vendor: int, ours: int) -> None:
    said = b'{"error": {"message": "bad key sk-123"}}'
    bench = a_bench(tmp_path, FakeUpstream(json_answer(said, vendor)))
    reply = await bench.ask(CHAT, BODY)
    assert reply.status == ours
    assert b"sk-123" not in reply.body
    assert _error(reply.body)["code"] == "upstream_error"
    await bench.settled()
    assert bench.spend.accounts["team-money"].settled == 0


async def test_a_vendors_refusal_of_the_request_keeps_its_words(tmp_path: Path) -> None:
    said = b'{"error": {"message": "too long", "type": "invalid_request_error", "param": "messages", "code": "long"}}'
    bench = a_bench(tmp_path, FakeUpstream(json_answer(said, 400)))
    reply = await bench.ask(CHAT, BODY)
    assert reply.status == 400
    assert _error(reply.body) == msgspec.json.decode(said)["error"]


async def test_a_vendors_refusal_that_is_not_utf8_is_one_without_words(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, FakeUpstream(json_answer(b'{"error": {"message": "\xff"}}', 400)))
    reply = await bench.ask(CHAT, BODY)
    assert (reply.status, _error(reply.body)["code"]) == (400, "upstream_refused")


async def test_a_quota_for_exactly_three_calls_admits_exactly_three(tmp_path: Path) -> None:
    body = b'{"model": "acme/echo", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]}'
    each = len(body) + 10
    reply = b'{"choices":[],"usage":{"prompt_tokens":%d,"completion_tokens":10}}' % len(body)
    key = a_key(scopes=(LimitedScope("key-tokens", "key", "tokens", 3 * each + 5),))
    bench = a_bench(tmp_path, FakeUpstream(lambda _: json_answer(reply)), key=key)
    replies = await asyncio.gather(*[bench.ask(CHAT, body) for _ in range(40)])
    assert sorted(reply.status for reply in replies) == [200] * 3 + [429] * 37
    refused = next(reply for reply in replies if reply.status == 429)
    assert _error(refused.body)["code"] == "insufficient_quota"
    assert refused.headers["x-should-retry"] == "false"
    await bench.settled()
    bench.spend.check()


async def test_an_empty_budget_is_a_402(tmp_path: Path) -> None:
    key = a_key(scopes=(LimitedScope("team-money", "team", "nanodollars", 5),))
    reply = await a_bench(tmp_path, FakeUpstream(json_answer(REPLY)), key=key).ask(CHAT, BODY)
    assert (reply.status, _error(reply.body)["code"]) == (402, "budget_exhausted")


async def test_a_key_that_calls_too_fast_is_told_when_to_come_back(tmp_path: Path) -> None:
    key = a_key(limits=RateLimits(requests_per_second=2, burst=1))
    bench = a_bench(tmp_path, FakeUpstream(lambda _: json_answer(REPLY)), key=key)
    assert (await bench.ask(CHAT, BODY)).status == 200
    reply = await bench.ask(CHAT, BODY)
    assert (reply.status, reply.headers["retry-after"]) == (429, "1")
    assert int(reply.headers["retry-after-ms"]) <= 500


async def test_an_unknown_price_is_denied_or_estimated_never_free(tmp_path: Path) -> None:
    denied = a_bench(tmp_path / "a", FakeUpstream(json_answer(REPLY)), route=a_route(price=None))
    reply = await denied.ask(CHAT, BODY)
    assert (reply.status, _error(reply.body)["code"]) == (403, "price_unknown")
    route = a_route(price=None, estimate_price=a_route().price, unknown_price=UnknownPrice.ESTIMATE)
    estimated = a_bench(tmp_path / "b", FakeUpstream(json_answer(REPLY)), route=route)
    reply = await estimated.ask(CHAT, BODY)
    assert reply.headers["x-marketplace-estimated"] == "true"
    assert reply.headers["x-marketplace-cost-usd"] == "0.000020000"


async def test_a_draining_door_takes_no_new_calls(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, FakeUpstream(json_answer(REPLY)))
    bench.door.draining = True
    assert (await bench.ask(CHAT, BODY)).status == 503


async def test_a_call_whose_body_came_after_all_was_sealed_is_refused_and_asks_no_vendor(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, FakeUpstream(json_answer(REPLY)))
    assert (await bench.ask(CHAT, BODY)).status == 200
    await bench.settled()
    journal: Any = bench.door.parts.ledger.journal
    left, asked = bench.tokens_left(), len(bench.upstream.sent)
    journal.take_no_more()
    reply = await bench.ask(CHAT, BODY)
    assert (reply.status, _error(reply.body)["code"], reply.headers["retry-after"]) == (503, "draining", "1")
    assert (bench.tokens_left(), len(bench.upstream.sent), journal.calls_open) == (left, asked, 0)
    assert bench.settlement.is_done(journal.end)


async def test_a_bug_of_ours_is_a_500_that_tells_nothing(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, FakeUpstream(RuntimeError("secret detail")))
    reply = await bench.ask(CHAT, BODY)
    assert reply.status == 500
    assert b"secret" not in reply.body
    assert bench.door.parts.ledger.journal.calls_open == 0
