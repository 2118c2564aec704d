"""Calls at the same time: what a process holds of a key's slots follows the most that there were, not a moment's."""

import asyncio

from fakes.call_door import START, a_key, a_route
from fakes.rate_buckets import RateBuckets
from fakes.rate_process import moment, rate_process
from fakes.virtual_time import run_virtually

from dataplane.admission import asking
from dataplane.lease_keeper import LeaseKeeper
from dataplane.limits import RateBook
from dataplane.rate_asks import RateAnswer, SlotGrant
from dataplane.records import RateLimits

_KEY = a_key(limits=RateLimits(max_concurrency=100), scopes=())


async def _at_once(keeper: LeaseKeeper, calls: int) -> None:
    admitted = [await keeper.admit(asking(_KEY, a_route(), 1, 0)) for _ in range(calls)]
    for one in admitted:
        keeper.state.rates.finish(one.rates, one.tokens)


def test_a_handful_of_calls_that_came_before_waits_for_nobody_when_it_comes_again() -> None:
    async def run() -> None:
        keeper, leaser = rate_process(RateBuckets(), "p")
        running = asyncio.create_task(leaser.run())
        await _at_once(keeper, 12)
        # Asked for while no call is under way, as it comes for other reasons some times a second.
        leaser.book.ask_for(leaser.book.rates_of(_KEY, moment()))
        await asyncio.sleep(0.05)
        asked = leaser.exchanges
        await _at_once(keeper, 12)
        assert leaser.exchanges == asked
        running.cancel()

    run_virtually(run())


def test_what_was_once_in_use_is_let_go_where_it_is_not_used_again() -> None:
    async def run() -> None:
        (busy, leaser), (other, others) = (rate_process(buckets := RateBuckets(), "p"), rate_process(buckets, "q"))
        running = [asyncio.create_task(one.run()) for one in (leaser, others)]
        await _at_once(busy, 60)
        for _ in range(2):
            leaser.book.ask_for(leaser.book.rates_of(_KEY, moment()))
            await asyncio.sleep(0.05)
        # Nearly all of a hundred, and the first process was asked for none of them.
        await _at_once(other, 90)
        for task in running:
            task.cancel()

    run_virtually(run())


def test_what_is_spare_where_somebody_else_was_refused_goes_back_at_once() -> None:
    book = RateBook(leased=True)
    rates = book.rates_of(_KEY, START)
    rates.in_flight = 3
    ask = rates.ask(START, idle=False)
    for held, short, asks in ((10, True, True), (3, True, False), (10, False, False)):
        book.due.clear()
        rates.due = False
        book.answered(rates, ask, RateAnswer(None, None, SlotGrant(held, left=40, short=short)), (START, START + 1))
        assert (book.due == [rates]) is asks
