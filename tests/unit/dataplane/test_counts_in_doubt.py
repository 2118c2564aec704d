"""Counts that a vendor cannot mean: nothing used beside text, or a count that came before the text did."""

import asyncio
from pathlib import Path

import pytest
from fakes.call_door import Bench, a_bench, a_route
from fakes.dataplane_ports import FakeUpstream, json_answer, stream_answer

from dataplane.call_records import Outcome, Settled
from dataplane.refusals import UpstreamFailed
from dataplane.usage import Usage
from dataplane.wire_formats.openai.streams import StreamMeter

COMPLETIONS = "/v1/completions"
STREAMED = b'{"model": "acme/echo", "stream": true, "prompt": "hi"}'
PLAIN = b'{"model": "acme/echo", "prompt": "hi"}'
# Ollama's /v1/completions says so in every chunk but the last.
ZERO = b'"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}'
OLLAMA = b'data: {"choices":[{"text":"hi","index":0,"finish_reason":null}],%b}\n\n' % ZERO
TEXT = b'data: {"choices":[{"text":"hi","index":0}]}\n\n'
EARLY = b'data: {"choices":[],"usage":{"prompt_tokens":90,"completion_tokens":1}}\n\n'
LAST = b'data: {"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}}\n\n'
FINISH = b'data: {"choices":[{"text":"","finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":5}}\n\n'
DONE = b"data: [DONE]\n\n"


async def _row(bench: Bench) -> Settled:
    await bench.settled()
    (row,) = bench.spend.usage.values()
    assert isinstance(row, Settled)
    bench.spend.check()
    return row


async def _streamed(folder: Path, *parts: bytes | Exception, bound: int = 100) -> Settled:
    bench = a_bench(folder, FakeUpstream(stream_answer(*parts)), route=a_route(max_output_tokens=bound))
    await bench.ask(COMPLETIONS, STREAMED)
    return await _row(bench)


async def _left(folder: Path, *parts: bytes) -> Settled:
    """The row of a caller who leaves after these parts."""
    never, leaves = asyncio.Event(), asyncio.Event()
    answer = stream_answer(*parts, never)
    bench = a_bench(folder, FakeUpstream(answer))
    asking = asyncio.create_task(bench.ask(COMPLETIONS, STREAMED, leaves=leaves))
    for _ in range(100):
        await asyncio.sleep(0)
    leaves.set()
    await asyncio.wait_for(asking, 10)
    assert answer.closed
    row = await _row(bench)
    assert row.outcome is Outcome.CALLER_LEFT
    return row


async def test_who_leaves_a_stream_whose_vendor_counts_nothing_yet_pays_for_what_came(tmp_path: Path) -> None:
    row = await _left(tmp_path, *[OLLAMA] * 20)
    assert (row.usage.completion_tokens, row.is_estimated) == (20, True)
    assert row.usage.prompt_tokens > 0
    assert row.cost


async def test_a_stream_whose_vendor_counts_nothing_yet_is_cut_at_its_bound(tmp_path: Path) -> None:
    row = await _streamed(tmp_path, *[OLLAMA] * 12, DONE, bound=4)
    assert (row.outcome, row.usage.completion_tokens, row.is_estimated) == (Outcome.CUT, 5, True)


async def test_a_last_count_is_what_is_charged_whatever_came_before(tmp_path: Path) -> None:
    whole = await _streamed(tmp_path / "whole", *[OLLAMA] * 20, LAST, DONE)
    left = await _left(tmp_path / "left", *[OLLAMA] * 20, LAST)
    for row in (whole, left):
        assert (row.usage.prompt_tokens, row.usage.completion_tokens, row.is_estimated) == (10, 5, False)


async def test_a_count_in_the_last_chunk_of_text_is_the_last_where_the_stream_ended(tmp_path: Path) -> None:
    row = await _streamed(tmp_path / "whole", *[TEXT] * 8, FINISH, DONE)
    assert (row.usage.prompt_tokens, row.usage.completion_tokens, row.is_estimated) == (9, 5, False)
    broken = await _streamed(tmp_path / "broken", *[TEXT] * 8, FINISH, UpstreamFailed("It broke."))
    assert (broken.usage.completion_tokens, broken.is_estimated) == (8, True)


@pytest.mark.parametrize("early", [EARLY, FINISH.replace(b":5}", b":0}")])
async def test_a_count_that_text_follows_is_no_last_one(tmp_path: Path, early: bytes) -> None:
    whole = await _streamed(tmp_path / "whole", early, *[TEXT] * 30, DONE)
    broken = await _streamed(tmp_path / "broken", early, *[TEXT] * 30, UpstreamFailed("It broke."))
    left = await _left(tmp_path / "left", early, *[TEXT] * 30)
    for row in (whole, broken, left):
        assert (row.usage.completion_tokens, row.is_estimated) == (30, True)
        assert row.usage.prompt_tokens >= 9
    cut = await _streamed(tmp_path / "cut", early, *[TEXT] * 12, DONE, bound=4)
    assert (cut.outcome, cut.usage.completion_tokens) == (Outcome.CUT, 5)


async def test_a_running_count_above_what_was_seen_is_charged_as_it_is(tmp_path: Path) -> None:
    running = TEXT.replace(b"}]}", b'}],"usage":{"prompt_tokens":90,"completion_tokens":40}}')
    row = await _left(tmp_path, TEXT, running)
    assert (row.usage.prompt_tokens, row.usage.completion_tokens, row.is_estimated) == (90, 40, False)


async def test_a_plain_reply_said_to_have_used_nothing_is_estimated_and_flagged(tmp_path: Path) -> None:
    reply = b'{"choices":[{"text":"hello there"}],%b}' % ZERO
    bench = a_bench(tmp_path, FakeUpstream(json_answer(reply)))
    assert (await bench.ask(COMPLETIONS, PLAIN)).headers["x-marketplace-estimated"] == "true"
    row = await _row(bench)
    assert row.is_estimated
    assert row.usage.prompt_tokens > 0
    assert row.usage.completion_tokens > 0
    assert row.cost


async def test_a_count_of_nothing_that_nobody_asked_for_is_not_passed_on(tmp_path: Path) -> None:
    nothing = b'data: {"choices":[],%b}\n\n' % ZERO
    bench = a_bench(tmp_path, FakeUpstream(stream_answer(TEXT, nothing, DONE)))
    reply = await bench.ask(COMPLETIONS, STREAMED)
    assert nothing not in reply.body
    assert (await _row(bench)).is_estimated


@pytest.mark.parametrize("is_streamed", [False, True])
async def test_an_estimate_from_bytes_never_passes_what_was_reserved(tmp_path: Path, is_streamed: bool) -> None:
    text = b'{"choices":[{"text":"%b"}]}' % (b"x" * (1400 if is_streamed else 14_000))
    answer = stream_answer(b"data: %b\n\n" % text, DONE) if is_streamed else json_answer(text)
    bench = a_bench(tmp_path, FakeUpstream(answer), route=a_route(max_output_tokens=10))
    await bench.ask(COMPLETIONS, STREAMED if is_streamed else PLAIN)
    row = await _row(bench)
    assert (row.usage.completion_tokens, row.is_estimated, row.overdraft) == (10, True, False)


async def test_an_estimate_of_embeddings_has_no_completion(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, FakeUpstream(json_answer(b'{"data":[{"embedding":[0.5]}],%b}' % ZERO)))
    await bench.ask("/v1/embeddings", b'{"model": "acme/echo", "input": "hi"}')
    row = await _row(bench)
    assert (row.usage.completion_tokens, row.is_estimated) == (0, True)
    assert row.usage.prompt_tokens > 0


@pytest.mark.parametrize("total", [b'"\xff"', b'{"\xff":1}', b"9" * 5000, b"20.5", b"null"])
async def test_a_total_that_is_no_count_leaves_the_others_as_they_are(tmp_path: Path, total: bytes) -> None:
    usage = b'"usage":{"prompt_tokens":10,"completion_tokens":3,"total_tokens":%b}' % total
    bench = a_bench(tmp_path / "plain", FakeUpstream(json_answer(b'{"id":"1","choices":[],%b}' % usage)))
    await bench.ask(COMPLETIONS, PLAIN)
    plain = await _row(bench)
    streamed = await _streamed(tmp_path / "streamed", TEXT, b'data: {"choices":[],%b}\n\n' % usage, DONE)
    for row in (plain, streamed):
        assert (row.usage.prompt_tokens, row.usage.completion_tokens, row.is_estimated) == (10, 3, False)


def test_a_prompt_that_the_vendor_counted_is_not_raised_to_our_guess() -> None:
    meter = StreamMeter(hide_usage=False, bound=100)
    meter.feed(FINISH)
    meter.feed(TEXT * 8)
    assert meter.used(128_000, whole=False) == Usage(9, 8, estimated=True)


def test_an_error_is_told_with_whatever_usage_it_comes() -> None:
    meter = StreamMeter(hide_usage=True, bound=100)
    event = b'data: {"error":{"message":"overloaded"},%b}\n\n' % ZERO
    assert (meter.feed(event), meter.failed) == (event, True)
