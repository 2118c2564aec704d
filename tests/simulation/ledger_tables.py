"""The rows that consumption keeps of money: what PostgreSQL holds, with the constraints that it enforces."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from simulation.violation import Verdict

from consumption.budgets.recalls import HeldLease
from consumption.budgets.rules import Balance, Limit, Month
from consumption.settlement.rules import EndedCall

Place = tuple[str, datetime]


@dataclass
class BalanceRow:
    """A row of `balances`."""

    limit: Limit
    month: Month
    settled: int = 0
    leased: int = 0
    unknown: int = 0
    overdraft: int = 0
    scarce_until: datetime | None = None

    def seen(self) -> Balance:
        """As the rules see it."""
        return Balance(
            *(self.limit, self.month, self.settled, self.leased, self.unknown, self.overdraft), self.scarce_until
        )


@dataclass
class HolderRow:
    """A row of `lease_holders`."""

    sealed: bool = False
    done_below: str = ""


@dataclass(frozen=True)
class KeptAnswer:
    """A row of `lease_answers`."""

    granted: dict[str, int]
    numbers: dict[str, int]
    short: tuple[str, ...]
    until: datetime


class LedgerListener(Protocol):
    """Sees what becomes of rows, at once."""

    def counted(self, holder: str, calls: list[EndedCall], *, sealed: bool) -> None:
        """Calls that were new."""
        ...

    def returned(self, holder: str, return_id: str) -> None:
        """Amounts of a journal went back."""
        ...

    def gave_back(self, holder: str) -> None:
        """A recall was answered."""
        ...

    def sealed(self, holder: str) -> None:
        """A holder was given up."""
        ...


@dataclass
class LedgerTables:
    """All tables; `changes` counts transactions."""

    limits: dict[str, Limit]
    listener: LedgerListener
    verdict: Verdict
    balances: dict[Place, BalanceRow] = field(default_factory=dict[Place, BalanceRow])
    ends: dict[Place, BalanceRow] = field(default_factory=dict[Place, BalanceRow])
    leases: dict[Place, dict[str, HeldLease]] = field(default_factory=dict[Place, dict[str, HeldLease]])
    holders: dict[str, HolderRow] = field(default_factory=dict[str, HolderRow])
    answers: dict[tuple[str, str], KeptAnswer] = field(default_factory=dict[tuple[str, str], KeptAnswer])
    returns: dict[str, str] = field(default_factory=dict[str, str])
    usage: dict[str, EndedCall] = field(default_factory=dict[str, EndedCall])
    notices: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    changes: int = 0
    numbers: int = 0

    def next_number(self) -> int:
        """nextval('lease_numbers')."""
        self.numbers += 1
        return self.numbers

    def balance(self, scope_id: str, month: Month) -> BalanceRow:
        """The balance of a scope in a month, made where it was not there."""
        row = self.balances.get((scope_id, month.start))
        if row is None:
            row = BalanceRow(self.limits[scope_id], month)
            self.balances[scope_id, month.start] = self.ends[scope_id, month.end] = row
        return row

    def by_end(self, scope_id: str, period_end: datetime) -> BalanceRow | None:
        """The balance of a scope in the month that ends then."""
        return self.ends.get((scope_id, period_end))

    def lease_less(self, holder: str, place: Place, amount: int) -> None:
        """A smaller lease, never below 0; nothing where there is no row."""
        held = self.leases.get(place, {}).get(holder)
        if held is not None:
            self.write(place, replace(held, amount=held.amount - amount))

    def write(self, place: Place, held: HeldLease) -> None:
        """One row of `leases`, with its CHECK."""
        if held.amount < 0:
            raise self.verdict.broken("2", f"{held.holder} used {-held.amount} of {place[0]} more than it leased")
        self.leases.setdefault(place, {})[held.holder] = held

    def check(self) -> None:
        """Invariant 1 of every balance, and that its leases are those of its holders."""
        for place, row in self.balances.items():
            limit = row.limit.amount
            leased = sum(held.amount for held in self.leases.get(place, {}).values())
            if row.leased != leased:
                raise self.verdict.broken("1", f"{place[0]} counts {row.leased} leased, its holders have {leased}")
            if min(row.settled, row.leased, row.unknown, row.overdraft) < 0:
                raise self.verdict.broken("1", f"{place[0]} has a negative sum: {row}")
            if limit is not None and row.settled + row.leased + row.unknown > limit + row.overdraft:
                used = f"{row.settled} settled, {row.leased} leased, {row.unknown} unknown, {row.overdraft} overdraft"
                raise self.verdict.broken("1", f"{place[0]} holds more than its limit of {limit}: {used}")
