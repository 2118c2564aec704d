"""A key's rate bounds whatever its requests have others do, also where no call comes of it."""

import asyncio
from pathlib import Path

import pytest
from fakes.call_door import START, Bench, a_bench, a_key, a_route
from fakes.dataplane_ports import FakeRoutes, FakeUpstream, json_answer

from dataplane.limits import KeyRates, RateBook
from dataplane.rate_asks import AmountGrant, RateAnswer
from dataplane.records import KeyRecord, RateLimits, Route

CHAT = "/v1/chat/completions"
BURST = 5


class CountedRoutes(FakeRoutes):
    """Routes that nobody has in memory, and how often they were asked for."""

    asked = 0

    async def resolve(self, key: KeyRecord, model: str, version: str = "") -> Route | None:
        self.asked += 1
        await asyncio.sleep(0)
        return await super().resolve(key, model, version)

    async def visible(self, key: KeyRecord) -> list[Route]:
        self.asked += 1
        return [*await super().visible(key)]


def _bench(folder: Path) -> tuple[Bench, CountedRoutes]:
    """A key with a burst of five, at a pace that refills nothing during a test."""
    key = a_key(limits=RateLimits(requests_per_second=0.01, burst=BURST))
    bench = a_bench(folder, FakeUpstream(json_answer(b'{"id":"c1","choices":[]}')), key)
    routes = CountedRoutes([a_route()])
    bench.door.parts.passages.routes = routes
    return bench, routes


def _asking(model: str) -> bytes:
    return b'{"model": "%b", "messages": []}' % model.encode()


@pytest.mark.parametrize("at_once", [False, True])
async def test_unknown_models_are_asked_for_within_the_rate(tmp_path: Path, at_once: bool) -> None:
    bench, routes = _bench(tmp_path)
    calls = [bench.ask(CHAT, _asking(f"acme/nothing-{number}")) for number in range(50)]
    replies = await asyncio.gather(*calls) if at_once else [await call for call in calls]
    assert sorted(reply.status for reply in replies) == [404] * BURST + [429] * 45
    assert all("retry-after" in reply.headers for reply in replies if reply.status == 429)
    assert routes.asked == BURST


@pytest.mark.parametrize("at_once", [False, True])
async def test_a_known_model_is_counted_once(tmp_path: Path, at_once: bool) -> None:
    bench, _ = _bench(tmp_path)
    calls = [bench.ask(CHAT, _asking("acme/echo")) for _ in range(BURST + 3)]
    replies = await asyncio.gather(*calls) if at_once else [await call for call in calls]
    assert sorted(reply.status for reply in replies) == [200] * BURST + [429] * 3


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/acme%2Fecho", "/v1/models/acme%2Fnothing"])
async def test_questions_about_models_count_as_requests(tmp_path: Path, path: str) -> None:
    bench, routes = _bench(tmp_path)
    replies = [await bench.ask(path, method="GET") for _ in range(BURST + 3)]
    assert [reply.status for reply in replies[BURST:]] == [429] * 3
    assert routes.asked == BURST
    assert (await bench.ask(CHAT, _asking("acme/echo"))).status == 429


@pytest.mark.parametrize("leased", [False, True])
def test_a_request_that_is_put_back_leaves_its_rate_as_it_was(leased: bool) -> None:
    book = RateBook(leased=leased)
    rates = book.rates_of(a_key(limits=RateLimits(requests_per_second=1, burst=BURST)), START)
    if leased:
        book.answered(rates, rates.ask(START, idle=False), _granted(), (START, START))
    before = _counts(rates)
    for _ in range(3):
        book.take(rates, 0)
        book.finish(rates, 0)
        book.put_back_request(rates)
    assert _counts(rates) == before


def _granted() -> RateAnswer:
    return RateAnswer(AmountGrant(BURST, 0.0), None, None)


def _counts(rates: KeyRates) -> object:
    return rates.left(START), rates.share.taken_requests, rates.lease and rates.lease.requests, rates.in_flight
