"""How often a process asks for its rates while few calls come: about once a second, however many keys it has."""

import asyncio

from fakes.call_door import a_key, a_route
from fakes.rate_buckets import RateBuckets
from fakes.rate_process import rate_process
from fakes.virtual_time import run_virtually

from dataplane.admission import asking
from dataplane.lease_keeper import LeaseKeeper
from dataplane.records import KeyRecord, RateLimits

_LIMITS = RateLimits(requests_per_second=1000.0, burst=1000.0, tokens_per_minute=600_000, max_concurrency=64)


def _keys(count: int) -> list[KeyRecord]:
    return [a_key(key_id=f"key_{number}", limits=_LIMITS, scopes=()) for number in range(count)]


async def _called(keeper: LeaseKeeper, key: KeyRecord) -> None:
    admitted = await keeper.admit(asking(key, a_route(), 100, 0))
    keeper.state.rates.finish(admitted.rates, 0)


def test_leases_of_many_keys_are_renewed_together_whenever_each_was_taken() -> None:
    async def run() -> None:
        keeper, leaser = rate_process(RateBuckets())
        running = asyncio.create_task(leaser.run())
        for key in _keys(20):
            await _called(keeper, key)
            await asyncio.sleep(0.037)
        # From here on all are held, and none is called.
        await asyncio.sleep(1.5)
        asked = leaser.exchanges
        await asyncio.sleep(5.0)
        assert 4 <= leaser.exchanges - asked <= 5
        assert len(leaser.book.holding) == 20
        running.cancel()

    run_virtually(run())


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
