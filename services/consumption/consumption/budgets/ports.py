"""What leases are kept in, and who tells of them."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from consumption.budgets.levels import Amounts, Subject
from consumption.budgets.recalls import GivenBack, RecallRound
from consumption.budgets.rules import Balance, Grant, Wish

# Of a team's limits; who finds one more knows that there are more.
MOST_SHOWN = 1000


@dataclass(frozen=True)
class LeaseRequest:
    """What a process asks: all wishes or none. `done_below`: the answers to its requests before that have arrived."""

    holder: str
    request_id: str
    wishes: tuple[Wish, ...]
    recall: bool = False
    done_below: str = ""


@dataclass(frozen=True)
class LeaseAnswer:
    """All wishes granted, or none and the balances that were short.

    `awaited`: other holders were asked in the round `since` for what they hold idle, and may still answer.
    `unanswered`: what those hold, by scope, who did not.
    """

    granted: tuple[Grant, ...] = ()
    short: tuple[Balance, ...] = field(default=())
    since: int = 0
    awaited: bool = False
    unanswered: dict[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True)
class Recalled:
    """A recall that a holder has not answered."""

    scope_id: str
    period_end: datetime
    number: int


class LeaseStore(Protocol):
    """The balances and what is leased of them."""

    async def acquire(
        self, holder: str, request_id: str, wishes: Sequence[Wish], now: datetime, recall: RecallRound | None = None
    ) -> LeaseAnswer:
        """Lease all wishes in one transaction, or none; with a round, short scopes are recalled from other holders.

        Raises HolderSealed, ScopeNotFound, RequestOutdated.
        """
        ...

    async def forget_answers(self, holder: str, below: str) -> None:
        """The holder has the answers to all its requests with ids below."""
        ...


class RecallStore(Protocol):
    """The recalls of what holders hold, and their answers."""

    async def waiting(self, holder: str) -> list[Recalled]:
        """The recalls that a holder has not answered."""
        ...

    async def give_back(self, holder: str, return_id: str, given: Sequence[GivenBack]) -> None:
        """Take back what a holder holds no longer; once by the id, and nothing from a sealed holder."""
        ...


class LeaseNotices(Protocol):
    """News of recalls and of answers to them, from every process. News may be missed: look again now and then."""

    def recalls_of(self, holder: str) -> AbstractContextManager[asyncio.Event]:
        """An event that is set when this holder is recalled something."""
        ...

    def returns_of(self, scope_ids: Iterable[str]) -> AbstractContextManager[asyncio.Event]:
        """An event that is set when something of these scopes is given back, or a recall of them answered."""
        ...


class BalanceReader(Protocol):
    """Balances of a team."""

    async def of_team(self, team_id: str, now: datetime) -> list[Balance]:
        """The limited scopes of the team in the month of `now`: at most one more than MOST_SHOWN.

        Its own first, then its people's, then its keys'; without keys that can call no more and did not this month.
        """
        ...


class BudgetStore(Protocol):
    """Budgets of every level above keys."""

    async def put(self, subject: Subject, amounts: Amounts, actor: str, now: datetime) -> None:
        """Set both limits of a subject in one transaction with the event."""
        ...

    async def balances(self, subject: Subject, now: datetime) -> list[Balance]:
        """What is limited of a subject in the month of `now`."""
        ...

    async def overview(self, team_id: str | None, now: datetime) -> list[Balance]:
        """The platform's balances; with a team, that team's as well: at most one more than MOST_SHOWN."""
        ...
