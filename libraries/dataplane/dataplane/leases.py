"""Leases held in memory: what this process may spend of each limited scope. Time never gives anything back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec

Unit = Literal["tokens", "nanodollars"]


class Reservation(msgspec.Struct, frozen=True, array_like=True):
    """An amount debited from the lease of one scope for one call, in the period that ends at that moment."""

    scope_id: str
    amount: int
    unit: Unit = "nanodollars"
    period_ends_at: int | None = None


class LeaseWish(msgspec.Struct, frozen=True):
    """A scope that is short: `needed` lets the waiting call pass, `wanted` is what would be good to hold."""

    scope_id: str
    needed: int
    wanted: int


class LeaseGrant(msgspec.Struct, frozen=True):
    """An amount moved from what is free to what this process may spend; `remaining` is free for everybody after it."""

    scope_id: str
    amount: int
    remaining: int
    period_ends_at: int | None = None


class ScopeShort(msgspec.Struct, frozen=True):
    """A scope that could not give what was needed."""

    scope_id: str
    limit: int
    remaining: int
    resets_at: int | None = None


# Above every limit that can be set, and within the 63 bits in which amounts travel: no lease covers it.
_MOST = 1 << 62


@dataclass(slots=True)
class Lease:
    """What this process holds of one scope in one period."""

    available: int = 0
    granted: int = 0
    remaining: int = 0
    period_ends_at: int | None = None

    def has_ended(self, now: int) -> bool:
        """Whether the period of this lease is over, so that nothing of it may be spent any more."""
        return self.period_ends_at is not None and now >= self.period_ends_at


@dataclass(slots=True)
class LeaseBook:
    """All leases of one process. A call debits every one of its scopes or none."""

    leases: dict[str, Lease] = field(default_factory=dict[str, Lease])

    def short_of(self, amounts: Sequence[Reservation], now: int) -> tuple[LeaseWish, ...]:
        """The scopes that cannot cover these amounts, with what to ask for; empty where all can."""
        wishes = [
            wish_for(reservation, self.leases.get(reservation.scope_id))
            for reservation in amounts
            if not self._covers(reservation, now)
        ]
        return tuple(wishes)

    def debit(self, amounts: Sequence[Reservation]) -> tuple[Reservation, ...]:
        """Take every amount and name its period; the caller has seen that `short_of` is empty at the same moment."""
        taken: list[Reservation] = []
        for reservation in amounts:
            lease = self.leases[reservation.scope_id]
            lease.available -= reservation.amount
            taken.append(Reservation(reservation.scope_id, reservation.amount, reservation.unit, lease.period_ends_at))
        return tuple(taken)

    def credit(self, amounts: Iterable[Reservation]) -> None:
        """Give back what a call did not use; what belongs to an ended period stays charged there."""
        for reservation in amounts:
            lease = self.leases.get(reservation.scope_id)
            if lease is not None and lease.period_ends_at == reservation.period_ends_at:
                lease.available += reservation.amount

    def grant(self, grants: Iterable[LeaseGrant]) -> list[Reservation]:
        """Add what consumption granted; gives back what was left of periods that ended, to be returned."""
        ended: list[Reservation] = []
        for grant in grants:
            lease = self.leases.setdefault(grant.scope_id, Lease())
            if lease.period_ends_at != grant.period_ends_at and lease.available > 0:
                ended.append(Reservation(grant.scope_id, lease.available, period_ends_at=lease.period_ends_at))
                lease.available = 0
            lease.available += grant.amount
            lease.granted = grant.amount
            lease.remaining = grant.remaining
            lease.period_ends_at = grant.period_ends_at
        return ended

    def running_low(self, amounts: Sequence[Reservation], now: int) -> tuple[LeaseWish, ...]:
        """Scopes to refill in the background: less than a quarter of the last grant is left, and more is to be had."""
        return tuple(
            LeaseWish(reservation.scope_id, 1, min(_wanted(reservation, self.leases[reservation.scope_id]), _MOST))
            for reservation in amounts
            if self._is_low(self.leases[reservation.scope_id], now)
        )

    def take_idle(self, scope_id: str) -> int:
        """Stop holding what is available of a scope, so that it can be returned to consumption."""
        lease = self.leases.get(scope_id)
        if lease is None or lease.available <= 0:
            return 0
        idle, lease.available = lease.available, 0
        return idle

    def left(self, scope_id: str) -> int | None:
        """What is left of a scope as far as this process knows: its own lease and what was free at its last grant."""
        lease = self.leases.get(scope_id)
        return None if lease is None else max(lease.available, 0) + lease.remaining

    def _covers(self, reservation: Reservation, now: int) -> bool:
        lease = self.leases.get(reservation.scope_id)
        return lease is not None and lease.available >= reservation.amount and not lease.has_ended(now)

    @staticmethod
    def _is_low(lease: Lease, now: int) -> bool:
        return lease.remaining > 0 and lease.available * 4 < lease.granted and not lease.has_ended(now)


def wish_for(reservation: Reservation, lease: Lease | None) -> LeaseWish:
    """What to ask for so that a reservation fits: the shortfall, and a stock for the calls to come."""
    available = 0 if lease is None else max(lease.available, 0)
    needed = max(reservation.amount - available, 1)
    return LeaseWish(reservation.scope_id, min(needed, _MOST), min(max(needed, _wanted(reservation, lease)), _MOST))


def lease_size(remaining: int, needed: int, wanted: int, largest_part: int = 8) -> int:
    """How much to grant of what is free: large while there is room, smaller near the limit, down to one call.

    0 where even `needed` does not fit. Consumption's grants use it.
    """
    if needed > remaining:
        return 0
    return max(needed, min(wanted, remaining // largest_part))


def _wanted(reservation: Reservation, lease: Lease | None, calls_ahead: int = 32) -> int:
    """A stock of 32 calls like this one, or twice the last grant: leases grow with the traffic."""
    stock = reservation.amount * calls_ahead
    return stock if lease is None else max(stock, 2 * lease.granted)
