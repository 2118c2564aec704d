"""How often a process asks for its rates while few calls come: about once a second, however many keys it has."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from fakes.call_door import a_key, a_route
from fakes.rate_buckets import BucketsOf, RateBuckets
from fakes.rate_process import rate_process
from fakes.virtual_time import run_virtually

from dataplane.admission import asking
from dataplane.lease_keeper import LeaseKeeper
from dataplane.rate_asks import RateAnswer, RateAsk
from dataplane.rate_leaser import RateLeaser
from dataplane.records import KeyRecord, RateLimits

_LIMITS = RateLimits(requests_per_second=1000.0, burst=1000.0, tokens_per_minute=600_000, max_concurrency=64)


def _keys(count: int) -> list[KeyRecord]:
    return [a_key(key_id=f"key_{number}", limits=_LIMITS, scopes=()) for number in range(count)]


async def _called(keeper: LeaseKeeper, key: KeyRecord) -> None:
    admitted = await keeper.admit(asking(key, a_route(), 100, 0))
    keeper.state.rates.finish(admitted.rates, 0)


@dataclass
class Noting(BucketsOf):
    """Notes the keys of each ask."""

    asked: list[list[str]] = field(default_factory=list[list[str]])

    async def exchange(self, asks: Sequence[RateAsk]) -> Sequence[RateAnswer | None]:
        self.asked.append([ask.key_id for ask in asks])
        return await super().exchange(asks)


def _noting(leaser: RateLeaser) -> list[list[str]]:
    assert isinstance(leaser.source, Noting)
    return leaser.source.asked


def _asked_for_in_five_seconds(keys: int) -> list[int]:
    """For how many keys each ask was while all are held and none is called, once each was taken at another moment."""

    async def run() -> list[int]:
        keeper, leaser = rate_process(RateBuckets(), source=Noting)
        running = asyncio.create_task(leaser.run())
        for key in _keys(keys):
            await _called(keeper, key)
            await asyncio.sleep(0.74 / keys)
        await asyncio.sleep(1.5)
        _noting(leaser).clear()
        await asyncio.sleep(5.0)
        assert len(leaser.book.holding) == keys
        running.cancel()
        return [len(asked) for asked in _noting(leaser)]

    return run_virtually(run())


def test_leases_of_some_keys_are_renewed_together_whenever_each_was_taken() -> None:
    assert _asked_for_in_five_seconds(20) in ([20] * 4, [20] * 5)


def test_leases_of_many_keys_are_not_all_renewed_at_once() -> None:
    asked = _asked_for_in_five_seconds(200)
    assert max(asked) <= 40
    assert len(asked) <= 40


def test_a_key_that_is_called_now_and_then_asks_for_no_more_at_each_call() -> None:
    async def run() -> None:
        keeper, leaser = rate_process(RateBuckets())
        running = asyncio.create_task(leaser.run())
        [key] = _keys(1)
        await _called(keeper, key)
        await asyncio.sleep(2.0)
        asked = leaser.exchanges
        for _ in range(20):
            await asyncio.sleep(0.6)
            await _called(keeper, key)
        assert leaser.exchanges - asked <= 12
        running.cancel()

    run_virtually(run())


def test_a_key_that_a_call_waits_for_goes_before_many_that_are_renewed() -> None:
    async def run() -> None:
        keeper, leaser = rate_process(RateBuckets(), source=Noting)
        running = asyncio.create_task(leaser.run())
        *held, waited = _keys(300)
        for key in held:
            await _called(keeper, key)
        _noting(leaser).clear()
        for rates in leaser.book.holding.values():
            leaser.book.ask_for(rates, at_once=False)
        await _called(keeper, waited)
        assert waited.key_id in _noting(leaser)[0]
        await asyncio.sleep(0.05)
        assert sorted(key for asked in _noting(leaser) for key in asked) == sorted(
            key.key_id for key in [*held, waited]
        )
        running.cancel()

    run_virtually(run())
