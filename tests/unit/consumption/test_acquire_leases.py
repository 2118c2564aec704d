"""Asking for leases: other holders are waited for while they may answer, and not for longer."""

import asyncio
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from chassis.clock import SystemClock
from consumption.budgets.actions import AcquireLeases
from consumption.budgets.ports import LeaseAnswer, LeaseRequest
from consumption.budgets.recalls import RecallRound
from consumption.budgets.rules import Balance, Grant, Limit, Wish, month_of

BALANCE = Balance(Limit("s", "key", "s", "tokens", 10), month_of(datetime.now(UTC)))
SHORT = LeaseAnswer(short=(BALANCE,))
AWAITED = LeaseAnswer(short=(BALANCE,), since=4, awaited=True)
GRANTED = LeaseAnswer(granted=(Grant(BALANCE, 1),))


@dataclass
class _Store:
    """Answers in turn; remembers the rounds and what it was told to forget."""

    answers: list[LeaseAnswer]
    rounds: list[RecallRound | None] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)

    async def acquire(
        self, holder: str, request_id: str, wishes: Sequence[Wish], now: datetime, recall: RecallRound | None = None
    ) -> LeaseAnswer:
        self.rounds.append(recall)
        return self.answers.pop(0)

    async def forget_answers(self, holder: str, below: str) -> None:
        self.forgotten.append(below)


class _Notices:
    """Everything is news."""

    @contextmanager
    def recalls_of(self, holder: str) -> Generator[asyncio.Event]:
        yield asyncio.Event()

    @contextmanager
    def returns_of(self, scope_ids: Iterable[str]) -> Generator[asyncio.Event]:
        news = asyncio.Event()
        news.clear = lambda: None
        news.set()
        yield news


def _acquire(store: _Store, *moments: float) -> AcquireLeases:
    ticks = iter(moments)
    return AcquireLeases(store, _Notices(), SystemClock(), lambda: next(ticks))


def _request(recall: bool = True, done_below: str = "") -> LeaseRequest:
    return LeaseRequest("h", "r", (Wish("s", 1, 1),), recall, done_below)


async def test_who_asks_ahead_recalls_nothing() -> None:
    store = _Store([SHORT])
    assert await _acquire(store)(_request(recall=False)) == SHORT
    assert store.rounds == [None]


async def test_a_short_scope_is_tried_again_in_the_same_round_until_it_has_room() -> None:
    store = _Store([AWAITED, AWAITED, GRANTED])
    assert await _acquire(store, 0, 0.5, 1.5)(_request()) == GRANTED
    assert store.rounds == [RecallRound(), RecallRound(4), RecallRound(4)]


async def test_the_last_try_waits_for_nobody() -> None:
    store = _Store([AWAITED, SHORT])
    assert await _acquire(store, 0, 2.0)(_request()) == SHORT
    assert store.rounds == [RecallRound(), RecallRound(4, over=True)]


async def test_answers_that_arrived_are_forgotten_first() -> None:
    store = _Store([GRANTED])
    await _acquire(store, 0)(_request(done_below="0042"))
    assert store.forgotten == ["0042"]
