"""Leases held in memory: what this process may spend of each limited scope. Time never gives anything back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from msgspec.structs import replace

from dataplane.reservation import Reservation, Unit


class Scoped(Protocol):
    """What a limit is known by, and what it counts."""

    @property
    def scope_id(self) -> str:
        """The limit's id."""
        ...

    @property
    def unit(self) -> Unit:
        """What it counts."""
        ...


@dataclass(frozen=True, slots=True)
class LeaseWish:
    """A scope that is short: `needed` lets the waiting call pass, `wanted` is what would be good to hold."""

    scope_id: str
    needed: int
    wanted: int


@dataclass(frozen=True, slots=True)
class LeaseGrant:
    """An amount moved from what is free to what this process may spend; `remaining` is free for everybody after it.

    Grants to one process have growing numbers.
    """

    scope_id: str
    amount: int
    remaining: int
    period_ends_at: int | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class ScopeShort:
    """A scope that could not give what was needed; `unanswered` is held by processes that did not answer in time."""

    scope_id: str
    limit: int
    remaining: int
    resets_at: int | None = None
    unanswered: int = 0


# No grant takes a larger part of what is free than one in so many, unless one call needs it.
_LARGEST_PART = 8
_GROWTH = 4
# A clock that is ahead of consumption's sees a period end too early: the lease is asked for again after so long.
_ASK_AGAIN = 60_000_000
# Above every limit that can be set, and within the 63 bits in which amounts travel: no lease covers it.
_MOST = 1 << 62
# A moment that does not come, and an amount that nothing reaches.
_NEVER = 1 << 62
# What is left of scopes, in tokens and in nano-dollars: of each the least; None where no scope counts it.
Left = tuple[int | None, int | None]


@dataclass(slots=True)
class Lease:
    """What this process holds of one scope in one period.

    From `usable_until` on its period is over by our clock, and consumption is asked what it says.
    """

    available: int = 0
    granted: int = 0
    remaining: int = 0
    period_ends_at: int | None = None
    usable_until: int = _NEVER
    newest_grant: int = 0
    # Less than a quarter of the last grant is below this.
    low: int = 0

    def is_before(self, period_ends_at: int | None) -> bool:
        """Whether this lease is of an earlier period than that one."""
        return self.period_ends_at is not None and period_ends_at is not None and self.period_ends_at < period_ends_at


# Of no period, and no bound to what is left.
_NONE_HELD = Lease(remaining=_NEVER, period_ends_at=-1)
# Too little for a call that costs nothing, too.
_NOTHING = Lease(available=-1)


@dataclass(slots=True)
class LeaseBook:
    """All leases of one process. A call debits every one of its scopes or none."""

    leases: dict[str, Lease] = field(default_factory=dict[str, Lease])
    # Scopes to refill in the background: less than a quarter of the last grant was left, and more is to be had.
    low: list[LeaseWish] = field(default_factory=list[LeaseWish])

    def take(self, scopes: Iterable[Scoped], tokens: int, nanodollars: int, now: int) -> tuple[Reservation, ...] | None:
        """Debit every scope of one call; or none, where one cannot cover it: then `short_of` tells what is missing."""
        taken: list[Reservation] = []
        leases = self.leases
        for scope in scopes:
            scope_id, unit = scope.scope_id, scope.unit
            amount = tokens if unit == "tokens" else nanodollars
            lease = leases.get(scope_id, _NOTHING)
            rest = lease.available - amount
            # One comparison for most calls: whoever holds too little holds little.
            if rest < lease.low or now >= lease.usable_until:
                if rest < 0 or now >= lease.usable_until:
                    self.credit(taken)
                    return None
                if _may_grow(lease, amount, now):
                    self.low.append(_stock_wish(scope_id, amount, lease))
            lease.available = rest
            taken.append(Reservation(scope_id, amount, unit, lease.period_ends_at))
        return tuple(taken)

    def short_of(self, scopes: Iterable[Scoped], tokens: int, nanodollars: int, now: int) -> tuple[LeaseWish, ...]:
        """The scopes that cannot cover one call, with what to ask for; empty where all can."""
        amounts = [
            Reservation(scope.scope_id, tokens if scope.unit == "tokens" else nanodollars, scope.unit)
            for scope in scopes
        ]
        short = [reservation for reservation in amounts if not self._covers(reservation, now)]
        return tuple(wish_for(reservation, self.leases.get(reservation.scope_id), now) for reservation in short)

    def settle(self, held: Sequence[Reservation], spent: Sequence[int]) -> tuple[list[Reservation], Left]:
        """Give back what a call held and did not spend: what belongs to another period, to be returned, and what is
        left of its scopes as far as this process knows.
        """
        elsewhere: list[Reservation] = []
        tokens = money = _NEVER
        leases = self.leases
        for reservation, used in zip(held, spent, strict=True):
            lease = leases.get(reservation.scope_id, _NONE_HELD)
            rest = reservation.amount - used
            if rest > 0:
                if lease.period_ends_at == reservation.period_ends_at:
                    lease.available += rest
                else:
                    elsewhere.append(replace(reservation, amount=rest))
            left = lease.available + lease.remaining
            if reservation.unit == "tokens":
                tokens = left if left < tokens else tokens
            elif left < money:
                money = left
        return elsewhere, (None if tokens == _NEVER else tokens, None if money == _NEVER else money)

    def credit(self, amounts: Sequence[Reservation]) -> list[Reservation]:
        """Give back all of what was taken; what belongs to another period is to be returned."""
        return self.settle(amounts, (0,) * len(amounts))[0]

    def grant(self, grants: Iterable[LeaseGrant], now: int = 0) -> list[Reservation]:
        """Add what consumption granted; gives back what belongs to periods that ended, to be returned."""
        ended: list[Reservation] = []
        for grant in grants:
            lease = self.leases.setdefault(grant.scope_id, Lease(period_ends_at=grant.period_ends_at))
            if grant.period_ends_at != lease.period_ends_at:
                if not lease.is_before(grant.period_ends_at):
                    ended.append(Reservation(grant.scope_id, grant.amount, period_ends_at=grant.period_ends_at))
                    continue
                if lease.available > 0:
                    ended.append(Reservation(grant.scope_id, lease.available, period_ends_at=lease.period_ends_at))
                lease.available = 0
            _add(lease, grant, now)
        return ended

    def take_low(self) -> list[LeaseWish]:
        """What runs low since this was asked last."""
        low, self.low = self.low, []
        return low

    def take_idle(self, scope_id: str, period_ends_at: int | None = None) -> int:
        """Stop holding what is available of a scope in a period, so that it can be returned to consumption."""
        lease = self.leases.get(scope_id)
        if lease is None or lease.available <= 0 or lease.period_ends_at != period_ends_at:
            return 0
        idle, lease.available = lease.available, 0
        return idle

    def available(self, scope_id: str) -> int:
        """What can be debited of a scope."""
        lease = self.leases.get(scope_id)
        return 0 if lease is None else lease.available

    def newest_grant(self, scope_id: str) -> int:
        """The highest number of a grant of a scope that arrived here; 0 for none."""
        lease = self.leases.get(scope_id)
        return 0 if lease is None else lease.newest_grant

    def _covers(self, reservation: Reservation, now: int) -> bool:
        lease = self.leases.get(reservation.scope_id)
        return lease is not None and lease.available >= reservation.amount and now < lease.usable_until


def wish_for(reservation: Reservation, lease: Lease | None, now: int = 0) -> LeaseWish:
    """What to ask for so that a reservation fits: the shortfall, and a stock for the calls to come."""
    if lease is not None and now >= lease.usable_until:
        # Perhaps our clock is ahead, and what is asked for comes on top of what we hold: no stock then.
        needed = min(max(reservation.amount, 1), _MOST)
        return LeaseWish(reservation.scope_id, needed, needed)
    available = 0 if lease is None else max(lease.available, 0)
    needed = max(reservation.amount - available, 1)
    return LeaseWish(
        reservation.scope_id, min(needed, _MOST), min(max(needed, _wanted(reservation.amount, lease)), _MOST)
    )


def lease_size(remaining: int, needed: int, wanted: int) -> int:
    """How much to grant of what is free: large while there is room, smaller near the limit, down to one call.

    A multiple of `needed`, so that no crumbs are left; 0 where even that does not fit. Consumption's grants use it.
    """
    if needed > remaining:
        return 0
    stock = min(wanted, remaining // _LARGEST_PART)
    return max(needed, stock - stock % needed)


def _may_grow(lease: Lease, amount: int, now: int) -> bool:
    """Near the limit no lease is refilled ahead: there a stock for one is what another lacks."""
    return 0 < amount * _LARGEST_PART <= lease.remaining and now < lease.usable_until


def _add(lease: Lease, grant: LeaseGrant, now: int) -> None:
    ends_at = grant.period_ends_at
    lease.available += grant.amount
    lease.granted = grant.amount
    lease.low = -(-grant.amount // 4)
    lease.remaining = grant.remaining
    lease.period_ends_at = ends_at
    lease.newest_grant = max(lease.newest_grant, grant.number)
    lease.usable_until = _NEVER if ends_at is None else ends_at if now < ends_at else now + _ASK_AGAIN


def _stock_wish(scope_id: str, amount: int, lease: Lease) -> LeaseWish:
    needed = min(amount, _MOST)
    return LeaseWish(scope_id, needed, max(needed, min(_wanted(amount, lease), _MOST)))


def _wanted(amount: int, lease: Lease | None, calls_ahead: int = 32) -> int:
    """A stock of 32 calls like this one, or four times the last grant: leases grow with the traffic.

    What is asked for ahead takes some hundredths of a second to come: the faster calls come, the fewer grants there
    should be until what is left of one lasts for so long.
    """
    stock = amount * calls_ahead
    return stock if lease is None else max(stock, _GROWTH * lease.granted)
