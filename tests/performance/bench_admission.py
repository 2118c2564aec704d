"""What a call costs in CPU, part by part: `python tests/performance/bench_admission.py`.

Medians of rounds in this process alone; the figures of the whole gateway are in bench_calls.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx
import uvloop

sys.path.insert(0, str(Path(__file__).parents[1]))

from fakes.call_door import KEY, START, Bench, a_bench, a_key, a_route
from fakes.dataplane_ports import FakeUpstream, json_answer
from scale import scaled
from tables import print_table

from dataplane.admission import Admitted, CallRequest, admit
from dataplane.call_ledger import Ending, facts_of
from dataplane.call_records import Outcome
from dataplane.key_check import key_digest
from dataplane.pooled_upstream import PooledUpstream
from dataplane.ports import Headers, Upstream, UpstreamRequest, UpstreamResponse
from dataplane.records import KeyRecord, LimitedScope, RateLimits
from dataplane.usage import Usage
from dataplane.vetted_addresses import VettedAddresses
from dataplane.wire_formats.openai.replies import reply_usage
from dataplane.wire_formats.openai.requests import body_for, completion_bound, prompt_bound, read_request
from dataplane.wire_formats.openai.streams import StreamMeter

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
    asked = CallRequest(key, route, prompt_bound(read, route), completion_bound(read, route))
    await bench.door.keeper.admit(asked)
    for lease in bench.spend.accounts:
        bench.door.ledger.state.leases.leases[lease].available = 10**14
    ledger = bench.door.ledger

    def call() -> None:
        admitted = admit(ledger.state, asked, START)
        assert isinstance(admitted, Admitted)
        facts = facts_of("call_1", START, key, route, admitted)
        ledger.open(facts, admitted)
        ledger.settle(facts, admitted, Ending(Outcome.COMPLETED, 200, Usage(40, 220), START))

    def admitted_only() -> None:
        admitted = admit(ledger.state, asked, START)
        assert isinstance(admitted, Admitted)
        ledger.forget(facts_of("call_1", START, key, route, admitted), admitted)

    frames = _FRAME * 64

    def metered() -> None:
        StreamMeter(hide_usage=True).feed(frames)

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


async def _client_cost(upstream: Upstream, url: str) -> float:
    headers = [(b"content-type", b"application/json"), (b"authorization", b"Bearer x"), (b"accept", b"*/*")]
    request = UpstreamRequest(f"{url}/v1/chat/completions", headers, _BODY)

    async def once() -> None:
        response = await upstream.send(request)
        _ = [chunk async for chunk in response.chunks()]
        await response.close()

    return await _per_await(once, 300)


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


@dataclass
class _OverHttpx:
    """The library most gateways use, for comparison."""

    client: httpx.AsyncClient
    response: httpx.Response | None = None

    async def send(self, request: UpstreamRequest) -> UpstreamResponse:
        outgoing = self.client.build_request("POST", request.url, headers=list(request.headers), content=request.body)
        return _OverHttpx(self.client, await self.client.send(outgoing, stream=True))

    @property
    def status(self) -> int:
        return 0 if self.response is None else self.response.status_code

    @property
    def headers(self) -> Headers:
        return () if self.response is None else self.response.headers.raw

    async def chunks(self) -> AsyncIterator[bytes]:
        if self.response is not None:
            async for chunk in self.response.aiter_raw():
                yield chunk

    async def close(self) -> None:
        if self.response is not None:
            await self.response.aclose()


async def _clients() -> dict[str, float]:
    server = await asyncio.start_server(_vendor, "127.0.0.1", 0)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    url = f"http://{address}"
    async with httpx.AsyncClient(trust_env=False) as client:
        cost = await _client_cost(_OverHttpx(client), url)
    own = PooledUpstream(vet=VettedAddresses(frozenset({address})))
    pooled = await _client_cost(own, url)
    await own.close()
    server.close()
    return {
        "a vendor call over httpx, its vendor in the same process": cost,
        "the same over our own connections": pooled,
    }


async def measure() -> dict[str, float]:
    """Every figure of the table, in microseconds of CPU."""
    with tempfile.TemporaryDirectory() as folder:
        pure = await _pure_parts(_bench(Path(folder) / "pure"))
        door = await _through_the_door(_bench(Path(folder) / "door"))
    return {**pure, "a whole plain call through the ASGI door, vendor faked": door, **await _clients()}


def main() -> None:
    """Print the table."""
    figures = uvloop.run(measure())
    print_table("The parts of a call, in one process", ["part", "CPU us"], list(figures.items()))


if __name__ == "__main__":
    main()
