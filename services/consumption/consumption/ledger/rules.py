"""What a verification of the ledger finds. Amounts are tokens or nano-dollars, as the scope says."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from consumption.budgets.rules import Month

MOST_TOLD = 200


class Break(StrEnum):
    """What of the books does not agree.

    `above_limit`: settled, leased and unknown together pass the limit and what is recorded beyond it. The next five: a
    balance's own column is not the sum of its usage rows, of their corrections, or of its leases. `leased_by_sealed`: a
    holder that gave everything back has leases. `charge_of_call`: a call was charged another amount than it used or
    cost. `counted_twice`: one call id has more than one row; expected and found count rows.
    """

    ABOVE_LIMIT = "above_limit"
    SETTLED = "settled"
    UNKNOWN = "unknown"
    OVERDRAFT = "overdraft"
    CORRECTED = "corrected"
    LEASED = "leased"
    LEASED_BY_SEALED = "leased_by_sealed"
    CHARGE_OF_CALL = "charge_of_call"
    COUNTED_TWICE = "counted_twice"


@dataclass(frozen=True)
class Deviation:
    """One place where the books do not agree; a call's has its id, a balance's its scope, a charge's both."""

    kind: Break
    scope_id: str | None
    call_id: str | None
    expected: int
    found: int


@dataclass(frozen=True)
class UnknownCall:
    """A call whose end nobody saw: charged at its reservations until it is reconciled."""

    call_id: str
    team_id: str
    started_at: datetime
    listing_name: str
    reserved: dict[str, int]


@dataclass(frozen=True)
class Verification:
    """What was found in a month, at most `MOST_TOLD` deviations and unknown calls; the counts are of all."""

    month: Month
    scopes: int
    calls: int
    deviations: tuple[Deviation, ...]
    more_deviations: bool
    unknown_calls: int
    unknown: tuple[UnknownCall, ...]

    @property
    def holds(self) -> bool:
        """Whether everything agrees; calls of unknown end are no deviation."""
        return not self.deviations
