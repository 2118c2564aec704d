"""Scopes, their months, and how much may be leased. Amounts are tokens or nano-dollars, as the scope says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from dataplane.leases import lease_size

NANODOLLARS = 1_000_000_000
MAX_AMOUNT = 10**15
# Stands for no limit at all: what is leased of such a scope is only counted.
_ENDLESS = 2**62


@dataclass(frozen=True)
class Limit:
    """How much a scope may use in a month; None means no limit."""

    scope_id: str
    kind: str
    subject_id: str
    unit: str
    amount: int | None

    @property
    def bound(self) -> int:
        """The amount, or one that nothing reaches where there is no limit."""
        return _ENDLESS if self.amount is None else self.amount


@dataclass(frozen=True)
class Month:
    """A calendar month, UTC: from its start up to, not including, its end."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Balance:
    """A scope in one month. `overdraft` is what vendors billed beyond reservations: the only way past the limit."""

    limit: Limit
    month: Month
    settled: int = 0
    leased: int = 0
    unknown: int = 0
    overdraft: int = 0
    scarce_until: datetime | None = None

    @property
    def used(self) -> int:
        """What calls have used, those of unknown end at their reservation."""
        return self.settled + self.unknown

    @property
    def free(self) -> int:
        """What may still be leased; never below 0."""
        return max(0, (self.limit.amount or 0) - self.settled - self.leased - self.unknown)

    @property
    def remaining(self) -> int:
        """What is not used yet, whether leased or free."""
        return max(0, (self.limit.amount or 0) - self.used)


@dataclass(frozen=True)
class Wish:
    """What a process asks of a scope: at least `needed`, up to `wanted`."""

    scope_id: str
    needed: int
    wanted: int


@dataclass(frozen=True)
class Grant:
    """What a scope gave: the balance before it, the amount, and the grant's number among all."""

    balance: Balance
    amount: int
    number: int = 0


def month_of(moment: datetime) -> Month:
    """The calendar month, UTC, that a moment lies in."""
    start = moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    year, month = (start.year + 1, 1) if start.month == 12 else (start.year, start.month + 1)
    return Month(start, start.replace(year=year, month=month))


def nanodollars_of(dollars: str) -> int:
    """Nano-dollars of a decimal string of US dollars, exact for at most nine decimals."""
    return int(Decimal(dollars) * NANODOLLARS)


def dollars_of(nanodollars: int) -> str:
    """A decimal string of US dollars, exact, without needless zeros: 1500000 gives 0.0015."""
    return format((Decimal(nanodollars) / NANODOLLARS).normalize(), "f")


def dollars_if_known(nanodollars: int | None) -> str | None:
    """The same, where there is an amount."""
    return None if nanodollars is None else dollars_of(nanodollars)


def grant_size(balance: Balance, wish: Wish, now: datetime) -> int:
    """How much to lease of a scope, 0 where not even the need fits; while a scope is recalled nobody gets a stock."""
    free = balance.limit.bound if balance.limit.amount is None else balance.free
    is_scarce = balance.scarce_until is not None and now < balance.scarce_until
    return lease_size(free, wish.needed, wish.needed if is_scarce else wish.wanted)


def shorts_of(grants: Sequence[Grant]) -> list[Balance]:
    """The balances that could not give what was needed: one is enough to refuse all."""
    return [grant.balance for grant in grants if grant.amount == 0]
