"""What becomes of a call of unknown end that an invoice decided: its row, and how balances move."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from consumption.settlement.rules import Charge, Movement, Movements

RECONCILED, RELEASED = "reconciled", "released"
_MONEY = ":nanodollars"


@dataclass(frozen=True)
class Decision:
    """What the supplier's invoice says of a call: that it was billed, for so many tokens, or that it was not.

    `cost` in nano-dollars; None is what the price book says.
    """

    call_id: str
    is_settled: bool
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: int | None = None

    def is_as(self, kept: "Decision") -> bool:
        """Whether it says what was decided before; where it leaves the cost to the price book, at whatever cost."""
        said, before = ((one.call_id, one.is_settled, one.prompt_tokens, one.completion_tokens) for one in (self, kept))
        return said == before and self.cost in (None, kept.cost)


@dataclass(frozen=True)
class UnknownCall:
    """A call whose end nobody saw, charged at its reservations.

    `booked_after_seal`: its holder had given all leases back before, so that the whole charge is overdraft.
    """

    call_id: str
    started_at: datetime
    team_id: str
    listing_name: str
    listing_version: str
    model: str
    price_id: str
    prompt_tokens: int
    completion_tokens: int
    cost: int | None
    charges: tuple[Charge, ...]
    booked_after_seal: bool

    @property
    def reserved(self) -> int | None:
        """Nano-dollars held for it; None where no budget bounds it."""
        return max((c.reserved for c in self.charges if c.scope_id.endswith(_MONEY)), default=None)


@dataclass(frozen=True)
class Resolved:
    """A call after its decision. A released one used and cost nothing."""

    call: UnknownCall
    decision: Decision
    cost: int
    charges: tuple[Charge, ...]

    @property
    def outcome(self) -> str:
        """What its usage row says from now on."""
        return RECONCILED if self.decision.is_settled else RELEASED

    @property
    def kept(self) -> Decision:
        """The decision with the cost it came to."""
        one = self.decision
        return Decision(one.call_id, one.is_settled, one.prompt_tokens, one.completion_tokens, self.cost)


def resolved(call: UnknownCall, decision: Decision, cost: int) -> Resolved:
    """The call with what it spent of each scope: tokens or money, as the scope's name ends."""
    tokens = decision.prompt_tokens + decision.completion_tokens
    charges = tuple(
        replace(charge, spent=cost if charge.scope_id.endswith(_MONEY) else tokens) for charge in call.charges
    )
    return Resolved(call, decision, cost, charges)


def movements_of(calls: Iterable[Resolved]) -> Movements:
    """What moves out of unknown, negative, into settled; beyond its reservation it is overdraft, as with any call.

    The charge of a call that was booked after its holder's seal is all overdraft: that becomes what it really spent.
    """
    sums: Movements = defaultdict(Movement)
    for one in calls:
        for charge in one.charges:
            movement = sums[charge.scope_id, charge.period_end]
            beyond = charge.spent - charge.reserved
            movement.unknown -= charge.reserved
            movement.settled += charge.spent
            movement.overdraft += beyond if one.call.booked_after_seal else max(0, beyond)
    return dict(sums)
