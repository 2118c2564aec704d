"""What callers hear, and what is settled, when a process is told to end under their calls."""

import asyncio
from pathlib import Path

import pytest
from fakes.call_door import a_bench
from fakes.dataplane_ports import FakeUpstream, json_answer, stream_answer

from dataplane.call_records import Outcome, Settled
from dataplane.ending_calls import end_calls

CHAT = "/v1/chat/completions"
BODY = b'{"model": "acme/echo", "messages": [{"role": "user", "content": "hi"}]}'
STREAMED = BODY.replace(b'"messages"', b'"stream": true, "messages"')
REPLY = b'{"choices":[{"message":{"content":"hello"}}],"usage":{"prompt_tokens":10,"completion_tokens":5}}'
ROLE = b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}],"usage":null}\n\n'
HELLO = b'data: {"choices":[{"index":0,"delta":{"content":"hello"}}],"usage":null}\n\n'
DONE = b"data: [DONE]\n\n"
_SOON = 0.05
_LONG = 10.0


async def _until_sent(upstream: FakeUpstream) -> None:
    async with asyncio.timeout(_LONG):
        while not upstream.sent:  # noqa: ASYNC110 -- the fake sets no event
            await asyncio.sleep(0.001)
    await asyncio.sleep(0.01)


@pytest.mark.parametrize(("came", "tokens"), [((), 0), ((ROLE, HELLO), 2), ((ROLE, HELLO, HELLO[:9]), 2)])
async def test_a_stream_that_lasts_longer_than_the_process_hears_so_and_pays_for_what_came(
    tmp_path: Path, came: tuple[bytes, ...], tokens: int
) -> None:
    upstream = FakeUpstream(stream_answer(*came, asyncio.Event()))
    bench = a_bench(tmp_path, upstream)
    asking = asyncio.create_task(bench.ask(CHAT, STREAMED))
    await _until_sent(upstream)
    await end_calls(bench.door, bench.journal, _SOON)
    reply = await asyncio.wait_for(asking, _LONG)
    before, _, end = reply.body.partition(b'data: {"error"')
    assert before == b"".join(came[:2])
    assert b'"code":"draining"' in end
    assert end.count(b"\n: ") == 1
    assert end.endswith(b"data: [DONE]\n\n")
    await bench.settled()
    (row,) = bench.spend.usage.values()
    assert isinstance(row, Settled)
    assert (row.outcome, row.status, row.is_estimated) == (Outcome.CUT, 503, True)
    assert row.usage.completion_tokens == tokens


async def test_a_reply_that_is_not_there_in_time_is_a_503_and_its_prompt_is_paid(tmp_path: Path) -> None:
    upstream = FakeUpstream(json_answer(REPLY), delay=asyncio.Event())
    bench = a_bench(tmp_path, upstream)
    asking = asyncio.create_task(bench.ask(CHAT, BODY))
    await _until_sent(upstream)
    await end_calls(bench.door, bench.journal, _SOON)
    reply = await asyncio.wait_for(asking, _LONG)
    assert reply.status == 503
    assert b'"code":"draining"' in reply.body
    await bench.settled()
    (row,) = bench.spend.usage.values()
    assert isinstance(row, Settled)
    assert (row.outcome, row.usage.completion_tokens) == (Outcome.CUT, 0)
    assert row.usage.prompt_tokens > 0


async def test_a_stream_that_ends_in_time_ends_whole(tmp_path: Path) -> None:
    go_on = asyncio.Event()
    upstream = FakeUpstream(stream_answer(ROLE, HELLO, go_on, HELLO, DONE))
    bench = a_bench(tmp_path, upstream)
    asking = asyncio.create_task(bench.ask(CHAT, STREAMED))
    await _until_sent(upstream)
    ending = asyncio.create_task(end_calls(bench.door, bench.journal, _LONG))
    await asyncio.sleep(_SOON)
    refused = await bench.ask(CHAT, BODY)
    go_on.set()
    await asyncio.wait_for(ending, _LONG)
    reply = await asyncio.wait_for(asking, _LONG)
    assert refused.status == 503
    assert reply.body.count(HELLO) == 2
    assert b"error" not in reply.body
    await bench.settled()
    (row,) = bench.spend.usage.values()
    assert isinstance(row, Settled)
    assert row.outcome is Outcome.COMPLETED
