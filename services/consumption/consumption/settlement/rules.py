"""How ended calls and returned leases change balances: pure sums over what was not seen before."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Charge:
    """What a call reserved in a scope, in the month that ends at `period_end`, and what it spent."""

    scope_id: str
    reserved: int
    spent: int
    period_end: datetime


@dataclass(frozen=True)
class UsageRow:
    """One call that ended. Tokens are counts, durations microseconds, the cost nano-dollars; None is unknown."""

    call_id: str
    started_at: datetime
    team_id: str
    account_id: str
    key_id: str
    listing_id: str
    listing_version_id: str
    listing_name: str
    listing_version: str
    provider: str
    model: str
    prompt_tokens: int
    cached_prompt_tokens: int
    completion_tokens: int
    cost: int | None
    price_id: str
    outcome: str
    estimated: bool
    streamed: bool
    status: int
    duration: int
    first_byte: int | None


@dataclass(frozen=True)
class EndedCall:
    """A usage row with its charges."""

    usage: UsageRow
    charges: tuple[Charge, ...]


@dataclass(frozen=True)
class LeaseReturn:
    """Amounts that a holder no longer holds, by scope and end of month; counts once, by its id."""

    return_id: str
    amounts: tuple[tuple[str, datetime, int], ...]


@dataclass
class Movement:
    """What moves in one scope and month: out of the lease, into settled, unknown or overdraft."""

    from_lease: int = 0
    settled: int = 0
    unknown: int = 0
    overdraft: int = 0


Movements = dict[tuple[str, datetime], Movement]


def movements_of(calls: Iterable[EndedCall], returns: Sequence[LeaseReturn]) -> Movements:
    """The sums to move, by scope and end of month.

    A settled call takes what it spent out of the lease, never more than it reserved; what the vendor billed beyond is
    overdraft, and settled too. A call of unknown end is charged at its reservation.
    """
    sums: Movements = defaultdict(Movement)
    for call in calls:
        for charge in call.charges:
            movement = sums[charge.scope_id, charge.period_end]
            if call.usage.outcome == UNKNOWN:
                movement.from_lease += charge.reserved
                movement.unknown += charge.reserved
            else:
                within = min(charge.spent, charge.reserved)
                movement.from_lease += within
                movement.settled += charge.spent
                movement.overdraft += charge.spent - within
    for returned in returns:
        for scope_id, period_end, amount in returned.amounts:
            sums[scope_id, period_end].from_lease += amount
    return dict(sums)
