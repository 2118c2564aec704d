"""Recalled amounts go back once, under one id, and never before it is known what was granted."""

import asyncio
import itertools
from collections.abc import Sequence

import pytest
from fakes.call_door import START, a_key, a_route
from fakes.spend_ledger import Account, SpendLedger

from chassis.errors import Conflict, Unavailable
from dataplane.admission import AdmissionState, asking
from dataplane.lease_keeper import LeaseKeeper
from dataplane.leases import LeaseGrant, LeaseWish
from dataplane.ports import GivenBack, LeaseAnswer
from dataplane.recall_answers import Recall, RecallAnswers
from dataplane.records import LimitedScope
from dataplane.refusals import LeasesUnavailable

_SCOPE = "key-tokens"


class _Consumption(SpendLedger):
    """Takes back, and fails as told: `lost` answers get lost, `refuse` is raised instead."""

    def __init__(self) -> None:
        super().__init__({_SCOPE: Account(1000)})
        self.given: list[tuple[str, Sequence[GivenBack]]] = []
        self.lost = self.lost_grants = 0
        self.refuse: Exception | None = None
        self.asked = 0
        self.on_the_way = asyncio.Event()
        self.on_the_way.set()
        self.answers_come = asyncio.Event()
        self.answers_come.set()

    async def acquire(
        self, holder: str, request_id: str, wishes: Sequence[LeaseWish], *, recall: bool = False, done_below: str = ""
    ) -> LeaseAnswer:
        self.asked += 1
        answer = self.grant(holder, request_id, wishes)
        await self.answers_come.wait()
        if self.lost_grants:
            self.lost_grants -= 1
            raise Unavailable("The answer was lost.")
        return answer

    async def give_back(self, holder: str, return_id: str, given: Sequence[GivenBack]) -> None:
        if self.refuse is not None:
            raise self.refuse
        await self.on_the_way.wait()
        self.given.append((return_id, given))
        if self.lost:
            self.lost -= 1
            raise Unavailable("The acknowledgement was lost.")


async def _no_wait(seconds: float) -> None:
    await asyncio.sleep(0)


def _answers(consumption: _Consumption) -> RecallAnswers:
    numbers = itertools.count(1)
    state = AdmissionState()
    keeper = LeaseKeeper(state, consumption, "h", lambda: START, lambda: f"req_{next(numbers)}", lambda _: None)
    return RecallAnswers(keeper, consumption, lambda: f"ret_{next(numbers)}", lambda: True, _no_wait)


async def _until_answered(answers: RecallAnswers, *recalls: Recall) -> None:
    running = asyncio.create_task(answers.run())
    for recall in recalls:
        answers.hear(recall)
    for _ in range(50):
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_what_is_idle_goes_back_and_calls_under_way_keep_theirs() -> None:
    consumption = _Consumption()
    answers = _answers(consumption)
    answers.keeper.state.leases.grant([LeaseGrant(_SCOPE, 30, 0, number=7)])
    await _until_answered(answers, Recall(_SCOPE, None, 8), Recall(_SCOPE, None, 9))
    assert consumption.given == [("ret_1", [GivenBack(_SCOPE, 30, None, 9, 7)])]
    assert answers.keeper.state.leases.leases[_SCOPE].available == 0


async def test_nothing_goes_back_before_the_journal_has_the_ends_that_it_came_from() -> None:
    consumption = _Consumption()
    answers = _answers(consumption)
    answers.keeper.state.leases.grant([LeaseGrant(_SCOPE, 30, 0, number=7)])
    answers.is_written = lambda: False
    await _until_answered(answers, Recall(_SCOPE, None, 8))
    assert consumption.given == []
    assert answers.keeper.state.leases.leases[_SCOPE].available == 30
    answers.is_written = lambda: True
    await _until_answered(answers)
    assert consumption.given == []
    await _until_answered(answers, Recall(_SCOPE, None, 9))
    assert consumption.given == [("ret_1", [GivenBack(_SCOPE, 30, None, 9, 7)])]


async def test_nobody_asks_for_a_scope_while_some_of_it_is_on_its_way_back() -> None:
    consumption = _Consumption()
    answers = _answers(consumption)
    answers.keeper.state.leases.grant([LeaseGrant(_SCOPE, 30, 0, number=7)])
    consumption.on_the_way.clear()
    running = asyncio.create_task(answers.run())
    answers.hear(Recall(_SCOPE, None, 8))
    await asyncio.sleep(0)
    # Consumption would count the 30 as held here, and say that it is full.
    scope = LimitedScope(_SCOPE, "key", "tokens", 1000)
    calls = [asking(a_key(scopes=(scope,)), a_route(), 10, 0) for _ in range(3)]
    admitted = [asyncio.create_task(answers.keeper.admit(call)) for call in calls]
    for _ in range(50):
        await asyncio.sleep(0)
    assert (consumption.given, consumption.asked) == ([], 0)
    consumption.on_the_way.set()
    await asyncio.gather(*admitted)
    assert len(consumption.given) == 1
    assert consumption.asked > 0
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_having_nothing_idle_is_an_answer_too() -> None:
    consumption = _Consumption()
    await _until_answered(_answers(consumption), Recall("nobody-knows", 5, 8))
    assert consumption.given == [("ret_1", [GivenBack("nobody-knows", 0, 5, 8, 0)])]


async def test_a_lost_acknowledgement_is_asked_for_by_the_same_id_and_takes_nothing_more() -> None:
    consumption = _Consumption()
    consumption.lost = 2
    answers = _answers(consumption)
    answers.keeper.state.leases.grant([LeaseGrant(_SCOPE, 30, 0, number=7)])
    await _until_answered(answers, Recall(_SCOPE, None, 8))
    assert consumption.given == [("ret_1", [GivenBack(_SCOPE, 30, None, 8, 7)])] * 3


async def test_another_months_lease_is_not_what_was_recalled() -> None:
    consumption = _Consumption()
    answers = _answers(consumption)
    answers.keeper.state.leases.grant([LeaseGrant(_SCOPE, 30, 0, START + 5, 7)])
    await _until_answered(answers, Recall(_SCOPE, START, 8))
    assert consumption.given == [("ret_1", [GivenBack(_SCOPE, 0, START, 8, 7)])]
    assert answers.keeper.state.leases.leases[_SCOPE].available == 30


async def test_a_grant_whose_answer_was_lost_is_learnt_of_and_given_back() -> None:
    consumption = _Consumption()
    consumption.lost_grants = 3
    answers = _answers(consumption)
    key = a_key(scopes=(LimitedScope(_SCOPE, "key", "tokens", 1000),))
    with pytest.raises(LeasesUnavailable):
        await answers.keeper.admit(asking(key, a_route(), 10, 0))
    granted = consumption.accounts[_SCOPE].leased["h"]
    await _until_answered(answers, Recall(_SCOPE, None, 8))
    [(_, [given])] = consumption.given
    assert given.amount == granted > 0


async def test_a_grant_that_a_call_asks_for_again_is_learnt_of_before_anything_goes_back() -> None:
    consumption = _Consumption()
    consumption.lost_grants = 1
    answers = _answers(consumption)
    key = a_key(scopes=(LimitedScope(_SCOPE, "key", "tokens", 1000),))
    with pytest.raises(LeasesUnavailable):
        await answers.keeper.admit(asking(key, a_route(), 10, 0))
    granted = consumption.accounts[_SCOPE].leased["h"]
    consumption.answers_come.clear()
    admitted = asyncio.create_task(answers.keeper.admit(asking(key, a_route(), 10, 0)))
    await asyncio.sleep(0)
    running = asyncio.create_task(answers.run())
    answers.hear(Recall(_SCOPE, None, 8))
    for _ in range(50):
        await asyncio.sleep(0)
    assert not consumption.given
    consumption.answers_come.set()
    await admitted
    for _ in range(50):
        await asyncio.sleep(0)
    # Asked for by both, granted once: back is what the call had not taken yet.
    [(_, [given])] = consumption.given
    assert granted - 10 <= given.amount <= granted
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_refusal_for_good_is_not_repeated() -> None:
    consumption = _Consumption()
    consumption.refuse = Conflict("Sealed.")
    answers = _answers(consumption)
    await _until_answered(answers, Recall(_SCOPE, None, 8))
    consumption.refuse = None
    await _until_answered(answers, Recall(_SCOPE, None, 9))
    assert [given[0].recall for _, given in consumption.given] == [9]
