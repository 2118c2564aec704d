"""Waiting for leases: one refill for many callers, the same id until it is answered, refusal only by the full."""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from fakes.call_door import START, a_key, a_route
from fakes.spend_ledger import Account, SpendLedger

from chassis.errors import Unavailable
from dataplane.admission import AdmissionState, Admitted, CallRequest, NeedsLease, asking
from dataplane.lease_keeper import LeaseKeeper
from dataplane.leases import LeaseGrant, LeaseWish, ScopeShort
from dataplane.ports import LeaseAnswer, LeaseSource
from dataplane.records import LimitedScope
from dataplane.refusals import BudgetExhausted, LeasesUnavailable, QuotaExhausted
from dataplane.reservation import Reservation

_TOKENS = a_key(scopes=(LimitedScope("key-tokens", "key", "tokens", 1000),))


class _Source(SpendLedger):
    """Answers after a turn of the loop; fails as often as told, after having granted."""

    def __init__(self, limit: int, failures: int = 0) -> None:
        super().__init__({"key-tokens": Account(limit)})
        self.failures = failures
        self.ids: list[str] = []

    async def acquire(
        self, holder: str, request_id: str, wishes: Sequence[LeaseWish], *, recall: bool = False, done_below: str = ""
    ) -> LeaseAnswer:
        await asyncio.sleep(0)
        self.ids.append(request_id)
        answer = self.grant(holder, request_id, wishes)
        if self.failures:
            self.failures -= 1
            raise Unavailable("The answer was lost.")
        return answer


class _Answers:
    """Gives these answers in turn."""

    def __init__(self, *answers: LeaseAnswer) -> None:
        self.answers = list(answers)

    async def acquire(
        self, holder: str, request_id: str, wishes: Sequence[LeaseWish], *, recall: bool = False, done_below: str = ""
    ) -> LeaseAnswer:
        return self.answers.pop(0)


@dataclass
class _Told(SpendLedger):
    """Grants one call at a time and remembers what it was told to forget."""

    accounts: dict[str, Account] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    async def acquire(
        self, holder: str, request_id: str, wishes: Sequence[LeaseWish], *, recall: bool = False, done_below: str = ""
    ) -> LeaseAnswer:
        self.told.append(done_below)
        return LeaseAnswer(tuple(LeaseGrant(wish.scope_id, wish.needed, 0) for wish in wishes))


def _keeper(source: LeaseSource, returned: list[Reservation] | None = None) -> LeaseKeeper:
    numbers = itertools.count(1)
    ended = [] if returned is None else returned
    return LeaseKeeper(AdmissionState(), source, "h", lambda: START, lambda: f"req_{next(numbers)}", ended.extend)


def _call(tokens: int) -> CallRequest:
    return asking(_TOKENS, a_route(), tokens, 0)


@dataclass
class _Slow(SpendLedger):
    """Loses the answer to its first request, and gives the others when told."""

    accounts: dict[str, Account] = field(default_factory=lambda: {"money": Account(10**9), "tokens": Account(10**6)})
    ids: list[str] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def acquire(
        self, holder: str, request_id: str, wishes: Sequence[LeaseWish], *, recall: bool = False, done_below: str = ""
    ) -> LeaseAnswer:
        self.ids.append(request_id)
        answer = self.grant(holder, request_id, wishes)
        if len(self.ids) == 1:
            raise Unavailable("The answer was lost.")
        if len(self.ids) < 4:
            await self.gate.wait()
        return answer


@dataclass
class _LosesFirst:
    """Loses the answer to the first request."""

    behind: SpendLedger
    asked: int = 0

    async def acquire(
        self, holder: str, request_id: str, wishes: Sequence[LeaseWish], *, recall: bool = False, done_below: str = ""
    ) -> LeaseAnswer:
        self.asked += 1
        answer = self.behind.grant(holder, request_id, wishes)
        if self.asked == 1:
            raise Unavailable("The answer was lost.")
        return answer


async def test_an_answer_that_comes_while_a_lost_one_is_asked_for_is_credited_once() -> None:
    source = _Slow()
    keeper = _keeper(source)
    both = a_key(scopes=(LimitedScope("money", "team", "nanodollars", 1), LimitedScope("tokens", "key", "tokens", 1)))
    one = a_key(scopes=(LimitedScope("tokens", "key", "tokens", 1),))
    with pytest.raises(LeasesUnavailable):
        await keeper.admit(asking(one, a_route(), 10, 0))
    under_way = asyncio.create_task(keeper.admit(asking(both, a_route(), 20, 0)))
    await asyncio.sleep(0)
    recalled = asyncio.create_task(keeper.ask_again("tokens"))
    await asyncio.sleep(0.01)
    source.gate.set()
    await asyncio.gather(recalled, under_way)
    assert sorted(source.ids) == ["req_1", "req_1", "req_2"]
    held = keeper.state.leases.leases
    assert held["tokens"].available == source.accounts["tokens"].leased["h"] - 20
    assert held["money"].available + (await under_way).reservations[0].amount == source.accounts["money"].leased["h"]


async def test_what_a_lost_answer_granted_is_found_before_a_call_is_refused() -> None:
    source = SpendLedger({"money": Account(10**9), "tokens": Account(30)})
    both = a_key(scopes=(LimitedScope("money", "team", "nanodollars", 1), LimitedScope("tokens", "key", "tokens", 1)))
    one = a_key(scopes=(LimitedScope("tokens", "key", "tokens", 1),))
    lossy = _LosesFirst(source)
    keeper = _keeper(lossy)
    with pytest.raises(LeasesUnavailable):
        await keeper.admit(asking(both, a_route(), 20, 0))
    assert isinstance(await keeper.admit(asking(one, a_route(), 20, 0)), Admitted)
    assert source.accounts["tokens"].leased["h"] == 20
    with pytest.raises(QuotaExhausted):
        await keeper.admit(asking(one, a_route(), 20, 0))


async def test_many_callers_share_one_refill() -> None:
    source = _Source(100_000)
    keeper = _keeper(source)
    admitted = await asyncio.gather(*[keeper.admit(_call(10)) for _ in range(20)])
    assert all(isinstance(one, Admitted) for one in admitted)
    assert len(source.ids) == 1


async def test_exactly_as_many_calls_as_fit_are_admitted_down_to_the_last() -> None:
    keeper = _keeper(_Source(1000))
    results = await asyncio.gather(*[keeper.admit(_call(7)) for _ in range(500)], return_exceptions=True)
    assert sum(isinstance(result, Admitted) for result in results) == 1000 // 7
    assert all(isinstance(result, Admitted | QuotaExhausted) for result in results)


async def test_a_large_call_that_does_not_fit_does_not_refuse_the_small_one_beside_it() -> None:
    keeper = _keeper(_Source(50))
    large, small = await asyncio.gather(keeper.admit(_call(60)), keeper.admit(_call(5)), return_exceptions=True)
    assert isinstance(large, QuotaExhausted)
    assert isinstance(small, Admitted)


async def test_a_lost_answer_is_asked_for_again_by_the_same_id_and_credited_once() -> None:
    source = _Source(1000, failures=1)
    keeper = _keeper(source)
    with pytest.raises(LeasesUnavailable):
        await keeper.admit(_call(10))
    assert keeper.failures == 1
    await keeper.admit(_call(10))
    assert source.ids == ["req_1", "req_1"]
    held = keeper.state.leases.leases["key-tokens"].available
    assert held == source.accounts["key-tokens"].leased["h"] - 10


async def test_a_lease_that_runs_low_is_refilled_while_calls_go_on() -> None:
    source = _Source(100_000)
    keeper = _keeper(source)
    for _ in range(26):
        await keeper.admit(_call(10))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(source.ids) == 2


async def test_what_is_left_of_an_ended_period_is_returned_also_by_calls_that_end_later() -> None:
    returned: list[Reservation] = []
    first = LeaseAnswer((LeaseGrant("key-tokens", 30, 0, period_ends_at=START + 5),))
    second = LeaseAnswer((LeaseGrant("key-tokens", 10, 0, period_ends_at=START * 2),))
    keeper = _keeper(_Answers(first, second), returned)
    admitted = await keeper.admit(_call(10))
    keeper.now = lambda: START + 5
    await keeper.admit(_call(10))
    assert returned == [Reservation("key-tokens", 20, period_ends_at=START + 5)]
    assert keeper.state.leases.credit(admitted.reservations) == list(admitted.reservations)


async def test_a_clock_that_is_ahead_at_the_months_end_takes_what_consumption_says() -> None:
    source = _Answers(*[LeaseAnswer((LeaseGrant("key-tokens", 30, 0, period_ends_at=START - 5),))] * 2)
    keeper = _keeper(source)
    for _ in range(3):
        await keeper.admit(_call(10))
    assert len(source.answers) == 1
    keeper.now = lambda: START + 60_000_000
    await keeper.admit(_call(10))
    assert not source.answers


async def test_a_grant_of_a_month_that_is_over_goes_straight_back() -> None:
    returned: list[Reservation] = []
    keeper = _keeper(_Answers(), returned)
    keeper.state.leases.grant([LeaseGrant("key-tokens", 10, 0, START * 2)])
    late = keeper.state.leases.grant([LeaseGrant("key-tokens", 7, 0, START + 5)])
    assert late == [Reservation("key-tokens", 7, period_ends_at=START + 5)]
    assert keeper.state.leases.leases["key-tokens"].available == 10


async def test_a_decision_that_needs_no_lease_waits_for_nothing_and_refills_ahead() -> None:
    source = _Source(100_000)
    keeper = _keeper(source)
    assert isinstance(keeper.try_admit(_call(10)), NeedsLease)
    assert not source.ids
    await keeper.admit(_call(10))
    decisions = [keeper.try_admit(_call(10)) for _ in range(31)]
    assert all(isinstance(decision, Admitted) for decision in decisions)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(source.ids) == 2


async def test_a_scope_that_others_hold_without_answering_is_no_refusal_for_good() -> None:
    silent = ScopeShort("key-tokens", 1000, 3, unanswered=7)
    with pytest.raises(LeasesUnavailable) as unavailable:
        await _keeper(_Answers(LeaseAnswer(short=(silent,)))).admit(_call(10))
    assert unavailable.value.retry_after == 1
    with pytest.raises(QuotaExhausted):
        await _keeper(_Answers(LeaseAnswer(short=(silent,)))).admit(_call(11))


async def test_consumption_is_told_now_and_then_which_answers_it_may_forget() -> None:
    source = _Told()
    keeper = _keeper(source)
    for _ in range(200):
        await keeper.admit(_call(10))
    told = [(number, below) for number, below in enumerate(source.told, 1) if below]
    assert told == [(64, "req_64"), (128, "req_128"), (192, "req_192")]


async def test_an_answer_that_says_nothing_is_no_reason_to_let_anybody_in() -> None:
    with pytest.raises(LeasesUnavailable):
        await _keeper(_Answers(LeaseAnswer())).admit(_call(10))


async def test_a_full_scope_says_which_and_when_it_resets() -> None:
    short = ScopeShort("key-tokens", 1000, 3, resets_at=START + 60_000_000)
    with pytest.raises(QuotaExhausted) as quota:
        await _keeper(_Answers(LeaseAnswer(short=(short,)))).admit(_call(10))
    assert quota.value.retry_after == 60
    assert quota.value.details == {"limit": 1000, "remaining": 3, "scope": "key"}
    key = a_key(scopes=(LimitedScope("team-money", "team", "nanodollars", 5),))
    money = LeaseAnswer(short=(ScopeShort("team-money", 5, 5),))
    with pytest.raises(BudgetExhausted) as budget:
        await _keeper(_Answers(money)).admit(asking(key, a_route(), 10, 0))
    assert budget.value.http_status == 402
    assert budget.value.retry_after is None


class _Late:
    """Says that the scope is full, once `goes` is set."""

    def __init__(self, then: LeaseAnswer) -> None:
        self.goes = asyncio.Event()
        self.answers = [LeaseAnswer(short=(ScopeShort("key-tokens", 1000, 5),)), then]

    async def acquire(
        self, holder: str, request_id: str, wishes: Sequence[LeaseWish], *, recall: bool = False, done_below: str = ""
    ) -> LeaseAnswer:
        await self.goes.wait()
        return self.answers.pop(0)


async def test_what_came_otherwise_while_a_short_answer_was_on_its_way_lets_the_call_in() -> None:
    source = _Late(LeaseAnswer())
    keeper = _keeper(source)
    waiting = asyncio.create_task(keeper.admit(_call(100)))
    await asyncio.sleep(0)
    keeper.state.leases.grant([LeaseGrant("key-tokens", 100, 0)])
    source.goes.set()
    assert isinstance(await waiting, Admitted)
    assert len(source.answers) == 1


async def test_what_goes_back_while_a_short_answer_is_on_its_way_is_asked_for_again() -> None:
    source = _Late(LeaseAnswer((LeaseGrant("key-tokens", 100, 0),)))
    keeper = _keeper(source)
    waiting = asyncio.create_task(keeper.admit(_call(100)))
    await asyncio.sleep(0)
    with keeper.giving_back(["key-tokens"]):
        source.goes.set()
        await asyncio.sleep(0.01)
        assert not waiting.done()
    assert isinstance(await waiting, Admitted)


async def test_a_short_answer_refuses_a_call_that_nothing_came_for() -> None:
    source = _Late(LeaseAnswer())
    keeper = _keeper(source)
    waiting = asyncio.create_task(keeper.admit(_call(100)))
    await asyncio.sleep(0)
    keeper.state.leases.grant([LeaseGrant("key-tokens", 94, 0)])
    source.goes.set()
    with pytest.raises(QuotaExhausted):
        await waiting
