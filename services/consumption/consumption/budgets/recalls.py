"""Recalls: what a short scope asks of the other holders of its leases, and when their answers are complete.

A holder has answered a recall once it gave back what it held idle, knowing of its latest grant; a grant after that
outdates the answer. Where every other holder has answered and the scope is still short, it is full.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

PATIENCE = timedelta(seconds=2)
# A holder that was silent for so long is taken for dead: what it holds stays charged until its journal says otherwise.
GONE_AFTER = timedelta(seconds=60)


@dataclass(frozen=True)
class HeldLease:
    """What one holder has of a scope in a month; numbers of grants and recalls are of one growing order, 0 for none."""

    holder: str
    amount: int
    newest_grant: int = 0
    recall: int = 0
    answered: int = 0
    recalled_at: datetime | None = None


@dataclass(frozen=True)
class RecallRound:
    """One request's asking around: only answers to recalls from `since` on count. `over`: wait for nobody any more."""

    since: int = 0
    over: bool = False


@dataclass(frozen=True)
class GivenBack:
    """What a holder gave back of a scope in answer to a recall, knowing the grants up to `newest_grant`."""

    scope_id: str
    period_end: datetime
    amount: int
    recall: int
    newest_grant: int


def after_grant(held: HeldLease, amount: int, number: int) -> HeldLease:
    """The lease with another amount: whatever its holder answered before is outdated."""
    return HeldLease(held.holder, held.amount + amount, newest_grant=number)


def after_recall(held: HeldLease, number: int, now: datetime) -> HeldLease:
    """The lease with a recall noted."""
    return replace(held, recall=number, recalled_at=held.recalled_at or now)


def after_return(held: HeldLease, given: GivenBack) -> HeldLease:
    """The lease without what was given back; an answer that does not know the latest grant is to be asked for again."""
    left = replace(held, amount=held.amount - given.amount)
    if given.newest_grant < held.newest_grant:
        return left if given.recall < held.recall else replace(left, recall=0)
    answered = max(held.answered, given.recall)
    return replace(left, answered=answered, recalled_at=None if answered >= held.recall else held.recalled_at)


def to_recall(others: Iterable[HeldLease], since: int) -> list[HeldLease]:
    """The holders to ask: they hold something, and neither answered in this round nor were asked in it."""
    return [held for held in _silent_in(others, since) if held.recall < since]


def is_awaited(others: Iterable[HeldLease], since: int, now: datetime) -> bool:
    """Whether anybody's answer may still come in time; who has been silent for longer is not waited for again."""
    return any(_silent_for(held, now) < PATIENCE for held in _silent_in(others, since))


def unanswered(others: Iterable[HeldLease], since: int, now: datetime) -> int:
    """What is held by those who did not answer in this round and were there a minute ago."""
    return sum(held.amount for held in _silent_in(others, since) if _silent_for(held, now) < GONE_AFTER)


def _silent_in(others: Iterable[HeldLease], since: int) -> list[HeldLease]:
    return [held for held in others if held.amount > 0 and held.answered < since]


def _silent_for(held: HeldLease, now: datetime) -> timedelta:
    return timedelta(0) if held.recalled_at is None else now - held.recalled_at
