"""Rates while nobody can be asked: each process counts its share, no call fails of it, and it ends by itself."""

import asyncio
from collections.abc import Sequence

from fakes.call_door import START, a_key, a_route
from fakes.rate_buckets import BucketsOf, RateBuckets
from fakes.rate_process import moment, rate_process
from fakes.virtual_time import run_virtually

from dataplane.admission import AdmissionState, Admitted, Refused, admit, asking
from dataplane.lease_keeper import LeaseKeeper
from dataplane.rate_asks import RateAnswer, RateAsk
from dataplane.rate_leaser import PARKED_SECONDS
from dataplane.records import KeyRecord, RateLimits
from dataplane.refusals import RateLimited

LIMITS = RateLimits(requests_per_second=40, burst=80)


def _key(key_id: str = "key_1") -> KeyRecord:
    return a_key(key_id=key_id, limits=LIMITS, scopes=())


class _Silent(BucketsOf):
    """A server that takes the ask and never answers."""

    async def exchange(self, *_: object) -> None:  # type: ignore[override]
        await asyncio.sleep(1e9)

    async def processes(self) -> int:
        await asyncio.sleep(1e9)
        return 0


class _Slow(BucketsOf):
    async def exchange(self, asks: Sequence[RateAsk]) -> Sequence[RateAnswer | None]:
        await asyncio.sleep(0.01)
        return await super().exchange(asks)


async def _let_in(keeper: LeaseKeeper, key: KeyRecord, tries: int) -> int:
    """How many of so many calls at once may go."""
    request = asking(key, a_route(), 1, 0)
    tried = await asyncio.gather(*(keeper.admit(request) for _ in range(tries)), return_exceptions=True)
    assert all(isinstance(outcome, Admitted | RateLimited) for outcome in tried)
    return sum(isinstance(outcome, Admitted) for outcome in tried)


def test_a_process_counts_its_share_while_the_server_is_away_and_leases_again_after() -> None:
    async def story() -> None:
        buckets, key = RateBuckets(now=START), _key()
        keeper, leaser = rate_process(buckets)
        running = asyncio.create_task(leaser.run())
        assert await _let_in(keeper, key, 200) == 80
        assert leaser.degraded is None
        buckets.away = True
        await asyncio.sleep(1.0)
        assert await _let_in(keeper, key, 200) in range(9, 21)
        assert leaser.degraded is not None
        assert "1/4" in leaser.degraded
        await asyncio.sleep(10.0)
        assert await _let_in(keeper, key, 200) == 20
        other = _key("key_2")
        assert await _let_in(keeper, other, 200) == 20
        buckets.away, buckets.now = False, moment()
        await asyncio.sleep(1.5)
        assert leaser.degraded is None
        assert not keeper.state.rates.alone
        buckets.now = moment()
        assert await _let_in(keeper, key, 200) in range(50, 81)
        running.cancel()

    run_virtually(story())


def test_what_went_while_counting_alone_is_owned_up_to() -> None:
    async def story() -> None:
        buckets, key = RateBuckets(now=START), _key()
        keeper, leaser = rate_process(buckets)
        leaser.book.share = 1.0
        running = asyncio.create_task(leaser.run())
        buckets.away = True
        await asyncio.sleep(0)
        assert await _let_in(keeper, key, 200) == 80
        buckets.away = False
        await asyncio.sleep(0.6)
        assert buckets.buckets["team_1:key_1"].levels["requests"] < 80 - 50
        running.cancel()

    run_virtually(story())


def test_a_server_that_hangs_delays_one_call_of_a_key_by_a_tenth_of_a_second_and_no_more() -> None:
    async def story() -> None:
        keeper, leaser = rate_process(RateBuckets(now=START), source=_Silent)
        running = asyncio.create_task(leaser.run())
        loop = asyncio.get_running_loop()
        begun = loop.time()
        assert await _let_in(keeper, _key(), 5) == 5
        assert loop.time() - begun <= PARKED_SECONDS + 0.03
        begun = loop.time()
        assert await _let_in(keeper, _key(), 5) == 5
        assert await _let_in(keeper, _key("key_2"), 5) == 5
        assert loop.time() == begun
        running.cancel()

    run_virtually(story())


def test_a_caller_who_leaves_while_waiting_takes_nothing() -> None:
    async def story() -> None:
        keeper, leaser = rate_process(RateBuckets(now=START), source=_Slow)
        running = asyncio.create_task(leaser.run())
        leaving = asyncio.create_task(_let_in(keeper, _key(), 1))
        await asyncio.sleep(0.005)
        leaving.cancel()
        await asyncio.sleep(0.05)
        assert keeper.state.rates.keys["key_1"].in_flight == 0
        assert await _let_in(keeper, _key(), 200) == 80
        running.cancel()

    run_virtually(story())


def test_a_process_that_ends_gives_back_what_it_holds() -> None:
    async def story() -> None:
        buckets, key = RateBuckets(now=START), _key()
        keeper, leaser = rate_process(buckets)
        running = asyncio.create_task(leaser.run())
        for _ in range(20):
            await _let_in(keeper, key, 2)
            await asyncio.sleep(0.01)
            buckets.now = moment()
        held = keeper.state.rates.keys["key_1"].lease
        assert held is not None
        assert held.requests is not None
        assert held.requests.held > 0
        await leaser.give_all_back()
        assert buckets.buckets["team_1:key_1"].holdings["p"].amounts == (0, 0, 0)
        running.cancel()

    run_virtually(story())


def test_tokens_that_a_long_call_did_not_use_go_back() -> None:
    async def story() -> None:
        buckets, key = RateBuckets(now=START), a_key(limits=RateLimits(tokens_per_minute=60), scopes=())
        keeper, leaser = rate_process(buckets)
        running = asyncio.create_task(leaser.run())
        admitted = await keeper.admit(asking(key, a_route(), 60, 0))
        await asyncio.sleep(10)
        keeper.state.rates.finish(admitted.rates, 40)
        await asyncio.sleep(5)
        assert buckets.buckets["team_1:key_1"].levels["tokens"] == 40
        assert not keeper.state.rates.holding
        running.cancel()

    run_virtually(story())


def test_a_clock_that_steps_back_stops_nobody() -> None:
    async def story() -> None:
        buckets, key = RateBuckets(now=START), _key()
        keeper, leaser = rate_process(buckets)
        running = asyncio.create_task(leaser.run())
        assert await _let_in(keeper, key, 40) == 40
        keeper.now = leaser.now = lambda: moment() - 3600 * 1_000_000
        for _ in range(20):
            # The buckets' own clock goes on.
            await asyncio.sleep(0.25)
            buckets.now = moment()
            assert await _let_in(keeper, key, 8) == 8
        assert not keeper.state.rates.alone
        # Nobody calls: what is held goes back all the same.
        for _ in range(3):
            await asyncio.sleep(5)
            buckets.now = moment()
        assert not keeper.state.rates.holding
        running.cancel()

    run_virtually(story())


def test_after_a_clock_stepped_back_a_server_that_answers_again_is_found() -> None:
    async def story() -> None:
        buckets, key = RateBuckets(now=START), _key()
        keeper, leaser = rate_process(buckets, source=_Silent)
        running = asyncio.create_task(leaser.run())
        await _let_in(keeper, key, 1)
        assert keeper.state.rates.alone
        leaser.source = BucketsOf(buckets, "p", 4)
        keeper.now = leaser.now = lambda: moment() - 3600 * 1_000_000
        await asyncio.sleep(2)
        buckets.now = moment()
        assert not keeper.state.rates.alone
        running.cancel()

    run_virtually(story())


def test_a_key_that_may_have_no_call_at_once_has_none() -> None:
    state = AdmissionState()
    key = a_key(limits=RateLimits(max_concurrency=0), scopes=())
    assert isinstance(admit(state, asking(key, a_route(), 1, 0), START), Refused)
