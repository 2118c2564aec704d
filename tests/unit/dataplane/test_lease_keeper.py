"""Waiting for leases: one refill for many callers, the same id until it is answered, refusal only by the full."""

import asyncio
import itertools
from collections.abc import Sequence

import pytest
from fakes.call_door import START, a_key, a_route
from fakes.spend_ledger import Account, SpendLedger

from chassis.errors import Unavailable
from dataplane.admission import AdmissionState, Admitted, CallRequest
from dataplane.lease_keeper import LeaseKeeper
from dataplane.leases import LeaseGrant, LeaseWish, Reservation, ScopeShort
from dataplane.ports import LeaseAnswer
from dataplane.records import LimitedScope
from dataplane.refusals import BudgetExhausted, LeasesUnavailable, QuotaExhausted

_TOKENS = a_key(scopes=(LimitedScope("key-tokens", "key", "tokens", 1000),))


class _Source(SpendLedger):
    """Answers after a turn of the loop; fails as often as told, after having granted."""

    def __init__(self, limit: int, failures: int = 0) -> None:
        super().__init__({"key-tokens": Account(limit)})
        self.failures = failures
        self.ids: list[str] = []

    async def acquire(self, holder: str, request_id: str, wishes: Sequence[LeaseWish]) -> LeaseAnswer:
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

    async def acquire(self, holder: str, request_id: str, wishes: Sequence[LeaseWish]) -> LeaseAnswer:
        return self.answers.pop(0)


def _keeper(source: SpendLedger | _Answers, returned: list[Reservation] | None = None) -> LeaseKeeper:
    numbers = itertools.count(1)
    ended = [] if returned is None else returned
    return LeaseKeeper(AdmissionState(), source, "h", lambda: START, lambda: f"req_{next(numbers)}", ended.extend)


def _call(tokens: int) -> CallRequest:
    return CallRequest(_TOKENS, a_route(), tokens, 0)


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


async def test_what_is_left_of_an_ended_period_is_returned() -> None:
    returned: list[Reservation] = []
    first = LeaseAnswer((LeaseGrant("key-tokens", 10, 0, period_ends_at=START),))
    second = LeaseAnswer((LeaseGrant("key-tokens", 10, 0, period_ends_at=START * 2),))
    await _keeper(_Answers(first, second), returned).admit(_call(10))
    assert returned == [Reservation("key-tokens", 10, period_ends_at=START)]


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
        await _keeper(_Answers(money)).admit(CallRequest(key, a_route(), 10, 0))
    assert budget.value.http_status == 402
    assert budget.value.retry_after is None
