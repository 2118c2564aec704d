"""What a call costs in CPU, part by part: `python tests/performance/bench_admission.py`.

Medians of rounds in this process alone; the figures of the whole gateway are in bench_calls.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

import httpx
import uvloop

sys.path.insert(0, str(Path(__file__).parents[1]))

from fakes.call_door import KEY, START, Bench, a_bench, a_key, a_route
from fakes.collecting_taker import asked as asked_of
from fakes.dataplane_ports import FakeUpstream, json_answer
from scale import scaled
from tables import print_table

from dataplane.admission import AdmissionState, Admitted, admit, asking
from dataplane.call_ledger import Ending, facts_of
from dataplane.call_records import Outcome
from dataplane.key_check import key_digest
from dataplane.leases import LeaseGrant
from dataplane.limits import RateBook
from dataplane.rate_asks import AmountGrant, RateAnswer, SlotGrant
from dataplane.rate_headers import rate_lines
from dataplane.records import KeyRecord, LimitedScope, RateLimits
from dataplane.usage import Usage
from dataplane.vendor_request import origin_of
from dataplane.vetted_addresses import VettedAddresses
from dataplane.wire_formats.openai.replies import reply_usage
from dataplane.wire_formats.openai.requests import body_for, completion_bound, prompt_bound, read_request
from dataplane.wire_formats.openai.streams import StreamMeter
from wire.client import Client
from wire.ticker import Ticker

_ROUNDS = scaled(7, 1)
_BODY = b'{"model":"acme/echo","messages":[{"role":"user","content":"%s"}],"temperature":0.5}' % (b"word " * 30)
_STREAMED = _BODY[:-1] + b',"stream":true}'
_REPLY = b'{"id":"c","choices":[{"message":{"role":"assistant","content":"%s"}}],"usage":%s}' % (
    b"word " * 220,
    b'{"prompt_tokens":40,"completion_tokens":220,"total_tokens":260}',
)
_FRAME = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m",'
    b'"choices":[{"index":0,"delta":{"content":" word"},"logprobs":null,"finish_reason":null}],"usage":null}\n\n'
)


def _full_key() -> KeyRecord:
    kinds = ("platform", "team", "user", "key")
    money = [LimitedScope(f"{kind}-money", kind, "nanodollars", 10**15) for kind in kinds]
    return a_key(
        limits=RateLimits(1e9, 1e9, 10**12, 10_000),
        scopes=(*money, LimitedScope("team-tokens", "team", "tokens", 10**15)),
    )


def _bench(folder: Path) -> Bench:
    return a_bench(folder, FakeUpstream(lambda _: json_answer(_REPLY)), _full_key(), a_route(max_output_tokens=400))


def _rates_alone() -> dict[str, float]:
    """An admission and its giving back under 5 scopes held in plenty: without rates, counted alone, out of leases."""
    every, requests, none = RateLimits(1e9, 1e9, 10**12, 10_000), RateLimits(1e9, 1e9), RateLimits()
    return {
        "admit 5 scopes, no rates, alone": _admission(none, leased=False),
        "admit 5 scopes, 3 rates counted by this process": _admission(every, leased=False),
        "admit 5 scopes, 3 rates out of leases": _admission(every, leased=True),
        "admit 5 scopes, the rate of requests out of leases": _admission(requests, leased=True),
        "headers of 3 rates": _shown(every),
        "headers of the rate of requests": _shown(requests),
    }


def _held(limits: RateLimits, *, leased: bool) -> tuple[AdmissionState, KeyRecord]:
    key = replace(_full_key(), limits=limits)
    state = AdmissionState(rates=RateBook(leased=leased))
    state.leases.grant([LeaseGrant(scope.scope_id, 10**14, 0) for scope in key.scopes])
    rates = state.rates.rates_of(key, START)
    if leased:
        plenty = AmountGrant(10**13, 10**9)
        ask = rates.ask(START, idle=False)
        rates.answered(ask, RateAnswer(plenty, plenty, SlotGrant(10_000, 0, short=False)), START, START)
    return state, key


def _admission(limits: RateLimits, *, leased: bool) -> float:
    state, key = _held(limits, leased=leased)
    asked = asking(key, a_route(max_output_tokens=400), 40, 400)

    def once() -> None:
        admitted = admit(state, asked, START + 1)
        assert isinstance(admitted, Admitted)
        state.leases.credit(admitted.reservations)
        state.rates.finish(admitted.rates, admitted.tokens)

    return _per_call(once)


def _shown(limits: RateLimits) -> float:
    state, key = _held(limits, leased=True)
    return _per_call(lambda: rate_lines(state.rates.keys[key.key_id], state.rates.keys[key.key_id].left(START + 1)))


def _rates_of_many_keys() -> dict[str, float]:
    """The leaser's side: what an ask and its answer cost a key, many of them in one flight, the server left out."""
    state = AdmissionState(rates=RateBook(leased=True))
    keys = [a_key(key_id=f"key_{number}", limits=RateLimits(100, 200)) for number in range(256)]
    rates = [state.rates.rates_of(key, START) for key in keys]
    grant = RateAnswer(AmountGrant(10, 100.0), None, None)

    def ask_and_answer() -> None:
        for one in rates:
            state.rates.answered(one, one.ask(START, idle=False), grant, (START, START))

    return {"ask for one key's rates and take the answer": _per_call(ask_and_answer, 200) / len(keys)}


def _per_call(work: Callable[[], object], most: int = 5_000) -> float:
    count = scaled(most, 200)
    rounds: list[float] = []
    for _ in range(_ROUNDS):
        start = time.process_time()
        for _ in range(count):
            work()
        rounds.append((time.process_time() - start) / count * 1e6)
    return median(rounds)


async def _per_await(work: Callable[[], Awaitable[object]], most: int) -> float:
    count = scaled(most, 50)
    rounds: list[float] = []
    for _ in range(_ROUNDS):
        start = time.process_time()
        for _ in range(count):
            await work()
        rounds.append((time.process_time() - start) / count * 1e6)
    return median(rounds)


async def _pure_parts(bench: Bench) -> dict[str, float]:
    key, route = _full_key(), a_route(max_output_tokens=400)
    read = read_request("chat/completions", _BODY)
    asked = asking(key, route, prompt_bound(read, route), completion_bound(read, route))
    await bench.door.parts.keeper.admit(asked)
    for lease in bench.spend.accounts:
        bench.door.parts.ledger.state.leases.leases[lease].available = 10**14
    ledger = bench.door.parts.ledger

    def call() -> None:
        admitted = admit(ledger.state, asked, START)
        assert isinstance(admitted, Admitted)
        facts = facts_of("call_1", START, asked.terms, admitted)
        ledger.open(facts, admitted)
        ledger.settle(facts, admitted, Ending(Outcome.COMPLETED, 200, Usage(40, 220), START))

    def admitted_only() -> None:
        admitted = admit(ledger.state, asked, START)
        assert isinstance(admitted, Admitted)
        ledger.forget(facts_of("call_1", START, asked.terms, admitted), admitted)

    frames = _FRAME * 64

    def metered() -> None:
        StreamMeter(hide_usage=True, bound=10_000).feed(frames)

    return {
        "key digest (HMAC-SHA256)": _per_call(lambda: key_digest(b"pepper", KEY)),
        "request read, bounded and spliced, plain": _per_call(
            lambda: body_for(read_request("chat/completions", _BODY), route)
        ),
        "request read, bounded and spliced, streamed": _per_call(
            lambda: body_for(read_request("chat/completions", _STREAMED), route)
        ),
        "admit 5 scopes, 3 rates, and give back": _per_call(admitted_only),
        "admit + OPEN + cost + SETTLE + give back": _per_call(call),
        "usage of a 1.2 KB reply": _per_call(lambda: reply_usage(_REPLY)),
        "stream metered, per frame": _per_call(metered, 200) / 64,
    }


async def _through_the_door(bench: Bench) -> float:
    return await _per_await(lambda: bench.ask("/v1/chat/completions", _BODY), 1_000)


async def _vendor(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(_REPLY) + _REPLY
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or b"0")
            await reader.readexactly(length)
            writer.write(answer)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def _clients() -> dict[str, float]:
    server = await asyncio.start_server(_vendor, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    async with httpx.AsyncClient(trust_env=False) as client:
        over_httpx = await _per_await(lambda: client.post(url, content=_BODY), 300)
    own = Client(VettedAddresses(frozenset({f"127.0.0.1:{port}"})), Ticker())
    origin, target, host = origin_of(url)
    head = b"POST %b HTTP/1.1\r\nhost: %b\r\ncontent-length: %d\r\n\r\n" % (target, host, len(_BODY))
    by_engine = await _per_await(lambda: asked_of(own, origin, head + _BODY), 300)
    own.close()
    server.close()
    return {
        "a vendor call over httpx, its vendor in the same process": over_httpx,
        "the same on the engine": by_engine,
    }


async def measure() -> dict[str, float]:
    """Every figure of the table, in microseconds of CPU."""
    with tempfile.TemporaryDirectory() as folder:
        pure = await _pure_parts(_bench(Path(folder) / "pure"))
        door = await _through_the_door(_bench(Path(folder) / "door"))
    return {
        **pure,
        **_rates_alone(),
        **_rates_of_many_keys(),
        "a whole plain call through the door, caller and vendor faked": door,
        **await _clients(),
    }


def main() -> None:
    """Print the table."""
    figures = uvloop.run(measure())
    print_table("The parts of a call, in one process", ["part", "CPU us"], list(figures.items()))


if __name__ == "__main__":
    main()
