"""What callers read about their limits, in the words of OpenAI and of the IETF's draft."""

import json
from pathlib import Path

from fakes.call_door import START, a_bench, a_key
from fakes.dataplane_ports import FakeUpstream, json_answer, stream_answer

from dataplane.limits import RateBook
from dataplane.rate_headers import rate_lines
from dataplane.records import RateLimits

REPLY = b'{"id":"1","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}'
ASKED = b'{"model":"acme/echo","max_tokens":10,"messages":[{"role":"user","content":"hi"}]}'
ALL = RateLimits(requests_per_second=10, burst=20, tokens_per_minute=60_000, max_concurrency=5)


def _shown(limits: RateLimits, taken: int, tokens: int, later: int = 0) -> dict[str, str]:
    book = RateBook()
    rates = book.rates_of(a_key(limits=limits), START)
    for _ in range(taken):
        book.take(rates, tokens)
    lines = rate_lines(rates, rates.left(START + later)).decode().splitlines()
    return dict(line.split(": ", 1) for line in lines)


def test_a_key_without_limits_shows_none() -> None:
    assert _shown(RateLimits(), 1, 1) == {}


def test_every_limit_says_how_high_it_is_what_is_left_and_when_it_is_whole_again() -> None:
    assert _shown(ALL, 3, 100) == {
        "x-ratelimit-limit-requests": "20",
        "x-ratelimit-remaining-requests": "17",
        "x-ratelimit-reset-requests": "300ms",
        "x-ratelimit-limit-tokens": "60000",
        "x-ratelimit-remaining-tokens": "59700",
        "x-ratelimit-reset-tokens": "300ms",
        "ratelimit-policy": '"requests";q=20;w=2;qu="requests", "tokens";q=60000;w=60;qu="tokens", '
        '"concurrency";q=5;qu="concurrent-requests"',
        "ratelimit": '"requests";r=17;t=1, "tokens";r=59700;t=1, "concurrency";r=2',
    }


def test_limits_refill_with_time_and_are_never_shown_below_nothing() -> None:
    assert (
        _shown(ALL, 3, 100, later=1_000_000)["ratelimit"]
        == '"requests";r=20;t=0, "tokens";r=60000;t=0, "concurrency";r=2'
    )
    indebted = _shown(RateLimits(tokens_per_minute=60), 2, 400)
    assert indebted["ratelimit"] == '"tokens";r=0;t=800'
    assert indebted["x-ratelimit-reset-tokens"] == "13m20s"


async def test_a_reply_shows_the_limits_after_its_own_call(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, FakeUpstream(json_answer(REPLY)), a_key(limits=ALL))
    reply = await bench.ask("/v1/chat/completions", ASKED)
    assert reply.status == 200
    assert reply.headers["x-ratelimit-limit-requests"] == "20"
    assert reply.headers["x-ratelimit-remaining-requests"] == "19"
    assert reply.headers["ratelimit"].startswith('"requests";r=19;t=1, "tokens";r=')


async def test_a_stream_shows_the_limits_in_its_head(tmp_path: Path) -> None:
    bench = a_bench(tmp_path, FakeUpstream(stream_answer(b"data: [DONE]\n\n")), a_key(limits=ALL))
    reply = await bench.ask("/v1/chat/completions", ASKED[:-1] + b',"stream":true}')
    assert reply.headers["ratelimit-policy"].startswith('"requests";q=20;w=2')
    assert reply.headers["x-ratelimit-remaining-requests"] == "19"


async def test_a_call_that_is_too_fast_is_told_which_limit_how_high_whose_and_when_to_come_again(
    tmp_path: Path,
) -> None:
    key = a_key(limits=RateLimits(requests_per_second=2, burst=1))
    bench = a_bench(tmp_path, FakeUpstream(json_answer(REPLY)), key)
    await bench.ask("/v1/chat/completions", ASKED)
    reply = await bench.ask("/v1/chat/completions", ASKED)
    assert reply.status == 429
    assert reply.headers["x-ratelimit-limit-requests"] == "1"
    assert reply.headers["x-ratelimit-remaining-requests"] == "0"
    assert reply.headers["x-marketplace-limit"] == "requests"
    assert reply.headers["x-marketplace-limit-value"] == "2 requests per second"
    assert reply.headers["x-marketplace-limit-scope"] == "key"
    assert reply.headers["retry-after"] == "1"
    assert 1 <= int(reply.headers["retry-after-ms"]) <= 500
    error = json.loads(reply.body)["error"]
    assert error["code"] == "rate_limit_exceeded"
    assert "its limit is 2 requests per second" in error["message"]
