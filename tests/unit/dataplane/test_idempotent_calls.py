"""Calls that come with an Idempotency-Key: one effect and one reply, whatever breaks between."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fakes.call_door import INCARNATION, KEY, Bench, a_bench, a_key, a_route
from fakes.call_facts import some_facts, some_settled
from fakes.dataplane_ports import FakeUpstream, json_answer, stream_answer
from fakes.journal_records import everything
from fakes.memory_caller import Reply

from chassis.errors import Unavailable
from dataplane.call_limits import CallLimits
from dataplane.call_records import Opened, Outcome, Settled, Unmade
from dataplane.claimed_call import ClaimedJournal
from dataplane.journal import open_journal
from dataplane.journal_reader import seal_the_dead
from dataplane.kept_reply import LARGEST_BODY, KeptReply
from dataplane.records import LimitedScope, RateLimits
from dataplane.refusals import JournalUnavailable, UpstreamFailed, UpstreamUnreachable
from dataplane.settlement import replay

CHAT = "/v1/chat/completions"
BODY = b'{"model": "acme/echo", "messages": [{"role": "user", "content": "hi"}]}'
STREAMED = b'{"model": "acme/echo", "stream": true, "messages": [{"role": "user", "content": "hi"}]}'
REPLY = b'{"id":"c1","choices":[{"message":{"content":"hello"}}],"usage":{"prompt_tokens":10,"completion_tokens":5}}'
HELLO = b'data: {"choices":[{"index":0,"delta":{"content":"hello"}}],"usage":null}\n\n'
USAGE = b'data: {"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}\n\n'
DONE = b"data: [DONE]\n\n"
# No retry waits here unless a test says so.
AT_ONCE = CallLimits(retry_pauses=())


def bench_of(folder: Path, upstream: FakeUpstream, **more: Any) -> Bench:
    return a_bench(folder, upstream, limits=more.pop("limits", AT_ONCE), **more)


async def ask(bench: Bench, body: bytes = BODY, key: bytes = b"k1", path: str = CHAT, **more: Any) -> Reply:
    headers = [(b"authorization", b"Bearer " + KEY), (b"idempotency-key", key)]
    return await bench.ask(path, body, headers=headers, **more)


async def soon(condition: Callable[[], object]) -> None:
    """Let others go on until it holds."""
    for _ in range(5000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came to be")


def code_of(reply: Reply) -> str:
    return msgspec.json.decode(reply.body)["error"]["code"]


def records(folder: Path) -> list[Any]:
    return list(everything(folder / f"{INCARNATION:016x}", INCARNATION))


async def test_the_same_key_and_body_give_one_effect_and_the_same_reply(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, FakeUpstream(lambda _: json_answer(REPLY)))
    first = await ask(bench)
    await bench.settled()
    again = await ask(bench)
    assert (first.status, first.body) == (again.status, again.body) == (200, REPLY)
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    same = ("x-request-id", "content-type", "x-marketplace-listing", "x-marketplace-cost-usd")
    assert [again.headers[name] for name in same] == [first.headers[name] for name in same]
    assert "x-marketplace-quota-remaining-tokens" not in again.headers
    assert len(bench.upstream.sent) == 1
    await bench.settled()
    assert bench.spend.accounts["team-money"].settled == 20_000
    assert len(bench.spend.usage) == 1


async def test_calls_without_the_header_ask_and_keep_nothing(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, FakeUpstream(lambda _: json_answer(REPLY)))
    for _ in range(2):
        assert (await bench.ask(CHAT, BODY)).status == 200
    await bench.settled()
    assert len(bench.upstream.sent) == 2
    assert bench.spend.replies.asked == 0
    assert [record.reply for record in records(tmp_path) if isinstance(record, Settled)] == [None, None]


async def test_another_body_path_or_api_key_is_another_call(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, FakeUpstream(lambda _: json_answer(REPLY)))
    await ask(bench)
    await bench.settled()
    refused = await ask(bench, BODY.replace(b"hi", b"ho"))
    assert (refused.status, code_of(refused)) == (409, "idempotency_key_reused")
    assert refused.headers["x-should-retry"] == "false"
    elsewhere = await ask(bench, BODY, path="/api/v1/consume/lst_1")
    assert (elsewhere.status, "idempotent-replayed" in elsewhere.headers) == (200, False)
    assert len(bench.upstream.sent) == 2


async def test_a_stream_is_kept_to_its_last_byte_and_replayed_as_a_stream(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, FakeUpstream(stream_answer(HELLO, USAGE, DONE)))
    first = await ask(bench, STREAMED)
    await bench.settled()
    again = await ask(bench, STREAMED)
    assert first.body == again.body
    assert again.body.endswith(DONE)
    assert b'"cost_usd":"0.000020000"' in again.body
    assert again.headers["content-type"].startswith("text/event-stream")
    assert again.headers["transfer-encoding"] == "chunked"
    assert again.headers["x-request-id"] == first.headers["x-request-id"]
    assert len(bench.upstream.sent) == 1


async def test_two_at_once_are_one_call_and_the_second_is_told_to_come_again(tmp_path: Path) -> None:
    vendor = asyncio.Event()
    bench = bench_of(tmp_path, FakeUpstream(lambda _: json_answer(REPLY), delay=vendor))
    first = asyncio.create_task(ask(bench))
    await soon(lambda: bench.upstream.sent)
    second = await ask(bench)
    assert (second.status, code_of(second)) == (409, "idempotency_call_in_progress")
    assert second.headers["retry-after"] == "1"
    assert "x-should-retry" not in second.headers
    vendor.set()
    assert (await first).status == 200
    assert len(bench.upstream.sent) == 1


async def test_a_retry_waits_a_moment_for_an_end_that_is_on_its_way_to_the_books(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, FakeUpstream(json_answer(REPLY)), limits=CallLimits(retry_pauses=(0.0, 0.02)))
    first = await ask(bench)
    again = asyncio.create_task(ask(bench))
    await soon(lambda: bench.spend.replies.asked >= 3)
    await bench.settled()
    assert (await again).headers["x-request-id"] == first.headers["x-request-id"]


async def test_the_settle_record_holds_the_reply_before_the_caller_has_it(tmp_path: Path) -> None:
    """The process dies with the end written and nothing sent: its successor settles call and reply together."""
    bench = bench_of(tmp_path, FakeUpstream(json_answer(REPLY)))
    await ask(bench)
    journal: Any = bench.door.parts.ledger.journal
    journal.close()
    [dead] = seal_the_dead(tmp_path)
    assert await replay(dead, bench.spend) == 0
    successor = bench_of(tmp_path / "next", FakeUpstream(json_answer(b"{}")))
    successor.door.replies = bench.spend.replies
    again = await ask(successor)
    assert (again.body, again.headers["idempotent-replayed"]) == (REPLY, "true")
    assert not successor.upstream.sent


async def test_a_call_whose_process_died_is_never_made_again_under_its_key(tmp_path: Path) -> None:
    never = asyncio.Event()
    bench = bench_of(tmp_path, FakeUpstream(json_answer(REPLY), delay=never))
    lost = asyncio.create_task(ask(bench))
    await soon(lambda: bench.upstream.sent)
    journal: Any = bench.door.parts.ledger.journal
    journal.close()
    [dead] = seal_the_dead(tmp_path)
    assert await replay(dead, bench.spend) == 1
    successor = bench_of(tmp_path / "next", FakeUpstream(json_answer(REPLY)))
    successor.door.replies = bench.spend.replies
    again = await ask(successor)
    assert (again.status, code_of(again)) == (409, "idempotency_outcome_unknown")
    assert "new key" in msgspec.json.decode(again.body)["error"]["message"]
    assert again.headers["x-should-retry"] == "false"
    assert not successor.upstream.sent
    assert (await ask(successor, key=b"k2")).status == 200
    lost.cancel()


@pytest.mark.parametrize(
    ("body", "status"), [(b'{"model": "acme/none", "messages": []}', 404), (b"[]", 400), (b'{"model": 1}', 400)]
)
async def test_a_call_that_we_refuse_frees_its_key(tmp_path: Path, body: bytes, status: int) -> None:
    bench = bench_of(tmp_path, FakeUpstream(json_answer(REPLY)))
    assert (await ask(bench, body)).status == status
    await bench.settled()
    assert not bench.spend.replies.kept
    assert (await ask(bench)).status == 200


async def test_a_call_without_quota_or_connection_runs_when_it_is_sent_again(tmp_path: Path) -> None:
    poor = a_key(scopes=(LimitedScope("key-tokens", "key", "tokens", 5),))
    bench = bench_of(tmp_path / "poor", FakeUpstream(json_answer(REPLY)), key=poor)
    assert (await ask(bench)).status == 429
    await bench.settled()
    bench.spend.accounts["key-tokens"].limit = 1_000_000
    assert (await ask(bench)).status == 200

    upstream = FakeUpstream(UpstreamUnreachable("No connection to the provider could be made."))
    bench = bench_of(tmp_path / "alone", upstream)
    assert (await ask(bench)).status == 502
    await bench.settled()
    upstream.answer = json_answer(REPLY)
    again = await ask(bench)
    assert (again.status, "idempotent-replayed" in again.headers) == (200, False)


@pytest.mark.parametrize(("vendor", "ours"), [(429, 429), (500, 502), (503, 503), (401, 502)])
async def test_a_vendor_that_failed_and_charged_nothing_is_asked_again(tmp_path: Path, vendor: int, ours: int) -> None:
    upstream = FakeUpstream(json_answer(b"{}", vendor))
    bench = bench_of(tmp_path, upstream)
    assert (await ask(bench)).status == ours
    await bench.settled()
    upstream.answer = json_answer(REPLY)
    again = await ask(bench)
    assert (again.status, "idempotent-replayed" in again.headers) == (200, False)
    assert len(upstream.sent) == 2


async def test_a_vendors_refusal_of_the_request_is_the_reply(tmp_path: Path) -> None:
    said = b'{"error": {"message": "too long", "type": "invalid_request_error", "param": "messages", "code": "long"}}'
    bench = bench_of(tmp_path, FakeUpstream(json_answer(said, 400)))
    first = await ask(bench)
    await bench.settled()
    again = await ask(bench)
    assert (first.status, first.body) == (again.status, again.body)
    assert again.headers["idempotent-replayed"] == "true"
    assert len(bench.upstream.sent) == 1


async def test_a_vendor_that_broke_was_charged_and_is_not_asked_again(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, FakeUpstream(stream_answer(HELLO, UpstreamFailed("It broke."))))
    first = await ask(bench, STREAMED)
    await bench.settled()
    again = await ask(bench, STREAMED)
    assert again.body == first.body
    assert b'data: {"error":' in again.body
    assert len(bench.upstream.sent) == 1


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_reply_too_large_to_keep_is_said_to_be_settled(tmp_path: Path, streamed: bool) -> None:
    if streamed:
        word = b'data: {"choices":[{"delta":{"content":"%b"}}]}\n\n' % (b"x" * 100_000)
        upstream, body = FakeUpstream(stream_answer(word, word, word, USAGE, DONE)), STREAMED
    else:
        large = REPLY[:-1] + b',"padding":"%b"}' % (b"x" * LARGEST_BODY)
        upstream, body = FakeUpstream(json_answer(large)), BODY
    bench = bench_of(tmp_path, upstream, route=a_route(max_output_tokens=2000))
    first = await ask(bench, body)
    await bench.settled()
    again = await ask(bench, body)
    assert (first.status, again.status, code_of(again)) == (200, 409, "idempotency_reply_not_kept")
    assert again.headers["x-marketplace-settled-request-id"] == first.headers["x-request-id"]
    assert again.headers["x-marketplace-cost-usd"] == "0.000020000"
    assert again.headers["x-should-retry"] == "false"
    assert len(bench.upstream.sent) == 1


async def test_a_caller_who_left_in_mid_reply_is_told_that_the_call_was_settled(tmp_path: Path) -> None:
    never, leaves = asyncio.Event(), asyncio.Event()
    bench = bench_of(tmp_path, FakeUpstream(stream_answer(HELLO, never)))
    asking = asyncio.create_task(ask(bench, STREAMED, leaves=leaves))
    await soon(lambda: bench.upstream.sent)
    for _ in range(5):
        await asyncio.sleep(0)
    leaves.set()
    await asking
    await bench.settled()
    [row] = bench.spend.usage.values()
    assert isinstance(row, Settled)
    assert row.outcome is Outcome.CALLER_LEFT
    again = await ask(bench, STREAMED)
    assert (again.status, code_of(again)) == (409, "idempotency_reply_not_kept")


async def test_a_caller_who_left_before_the_call_was_sent_has_made_none(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, FakeUpstream(json_answer(REPLY)))
    leaves = asyncio.Event()
    leaves.set()
    spend, grant = bench.spend, asyncio.Event()
    acquire = spend.acquire

    async def slowly(*asked: Any, **named: Any) -> Any:
        await grant.wait()
        return await acquire(*asked, **named)

    bench.door.parts.keeper.source = type("Slow", (), {"acquire": staticmethod(slowly)})()
    asking = asyncio.create_task(ask(bench, leaves=leaves))
    for _ in range(20):
        await asyncio.sleep(0)
    await asking
    grant.set()
    await asyncio.sleep(0.01)
    assert not bench.upstream.sent
    assert not any(isinstance(record, Opened) for record in records(tmp_path))
    await bench.settled()
    assert not spend.replies.kept
    assert (await ask(bench)).status == 200


async def test_where_nobody_can_tell_the_call_is_not_made_and_its_claim_is_given_up(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, FakeUpstream(json_answer(REPLY)))
    bench.spend.replies.error = Unavailable("consumption is down")
    refused = await ask(bench)
    assert (refused.status, code_of(refused)) == (503, "idempotency_unavailable")
    assert refused.headers["retry-after"] == "1"
    assert not bench.upstream.sent
    assert [type(record) for record in records(tmp_path)] == [Unmade]
    bench.spend.replies.error = None
    await bench.settled()
    assert (await ask(bench)).status == 200


async def test_a_door_that_keeps_no_replies_makes_no_call_under_a_key(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, FakeUpstream(json_answer(REPLY)))
    bench.door.replies = None
    assert (await ask(bench)).status == 503
    assert (await bench.ask(CHAT, BODY)).status == 200


async def test_replays_count_against_the_rate_and_against_no_quota(tmp_path: Path) -> None:
    key = a_key(limits=RateLimits(requests_per_second=0.001, burst=3), scopes=a_key().scopes)
    bench = bench_of(tmp_path, FakeUpstream(json_answer(REPLY)), key=key)
    statuses = [(await ask(bench)).status]
    await bench.settled()
    left = bench.tokens_left()
    for _ in range(3):
        statuses.append((await ask(bench)).status)
    assert statuses == [200, 200, 200, 429]
    assert bench.tokens_left() == left
    assert len(bench.upstream.sent) == 1


@pytest.mark.parametrize(
    ("change", "status"), [({"state": "revoked"}, 401), ({"permissions": frozenset({"models:read"})}, 403)]
)
async def test_a_key_that_may_not_call_reads_no_reply(tmp_path: Path, change: dict[str, Any], status: int) -> None:
    good = bench_of(tmp_path / "good", FakeUpstream(json_answer(REPLY)))
    await ask(good)
    await good.settled()
    ended = bench_of(tmp_path / "ended", FakeUpstream(json_answer(REPLY)), key=a_key(**change))
    ended.door.replies = good.spend.replies
    assert (await ask(ended)).status == status


@pytest.mark.parametrize("key", [b"", b"k" * 256, b"\xc3\xbc"])
async def test_a_malformed_key_is_a_400_and_nothing_is_called(tmp_path: Path, key: bytes) -> None:
    bench = bench_of(tmp_path, FakeUpstream(json_answer(REPLY)))
    refused = await ask(bench, key=key)
    assert (refused.status, code_of(refused)) == (400, "invalid_idempotency_key")
    assert not bench.upstream.sent


async def test_what_breaks_between_the_end_and_the_reply_leaves_the_call_settled(tmp_path: Path) -> None:
    journal, written = open_journal(tmp_path, INCARNATION), asyncio.Event()
    claimed = ClaimedJournal(journal, written.set, "call_1")
    claimed.asks("team_1")
    claimed.opened(some_facts(1))
    claimed.ended(some_settled(1))
    assert not any(isinstance(record, Settled) for record in records(tmp_path))
    await asyncio.sleep(0)
    [settled] = [record for record in records(tmp_path) if isinstance(record, Settled)]
    assert settled.reply == KeptReply("caller_left", 200)
    assert written.is_set()
    claimed.told(200, b"", b"too late")
    assert len(records(tmp_path)) == 2
    journal.close()


async def test_a_call_that_was_given_up_is_never_opened(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, INCARNATION)
    claimed = ClaimedJournal(journal, lambda: None, "call_1")
    claimed.asks("team_1")
    for _ in range(2):
        claimed.give_up()
    with pytest.raises(JournalUnavailable):
        claimed.opened(some_facts(1))
    assert records(tmp_path) == [Unmade("team_1", "call_1")]
    journal.close()
