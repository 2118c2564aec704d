"""What the journal says about a call: opened, then settled, released or, where nobody knows, unknown."""

from enum import StrEnum

import msgspec

from dataplane.kept_reply import KeptReply
from dataplane.price import Price
from dataplane.reservation import Reservation
from dataplane.usage import Usage
from dataplane.whole_numbers import Amount, Moment, Status


class Outcome(StrEnum):
    """How a call that was sent ended."""

    COMPLETED = "completed"
    CALLER_LEFT = "caller_left"
    UPSTREAM_ERROR = "upstream_error"
    UPSTREAM_BROKEN = "upstream_broken"
    CUT = "cut"


class CallFacts(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is known of a call before it is sent: enough to charge it without asking anybody.

    `policy_version` is that of the bundle that let it in, 0 where none was enforced.
    """

    call_id: str
    started_at: Moment
    key_id: str
    team_id: str
    account_id: str
    listing_id: str
    listing_version_id: str
    listing_name: str
    listing_version: str
    provider: str
    model: str
    streamed: bool
    price: Price
    price_estimated: bool
    reservations: tuple[Reservation, ...]
    prompt_estimate: Amount = 0
    policy_version: Amount = 0


class Opened(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="open"):
    """The request is about to leave."""

    facts: CallFacts


class Settled(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="settle"):
    """The call ended and was counted. `spent` runs parallel to the reservations; what passes one is overdraft.

    A cost of None is unknown, never 0. Durations are microseconds. `reply` is there for a call that claimed it.
    """

    facts: CallFacts
    outcome: Outcome
    status: Status
    usage: Usage
    cost: Amount | None
    spent: tuple[Amount, ...]
    duration: Amount
    first_byte: Amount | None = None
    reply: KeptReply | None = None

    @property
    def overdraft(self) -> bool:
        """Whether the vendor billed beyond a reservation: the only way past a limit."""
        return any(spent > held.amount for held, spent in zip(self.facts.reservations, self.spent, strict=True))

    @property
    def is_estimated(self) -> bool:
        """Whether the tokens or the price were not reported but counted by us."""
        return self.usage.estimated or self.facts.price_estimated


class Released(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="release"):
    """The call was never sent; nothing is charged."""

    facts: CallFacts
    status: Status
    reason: str


class Returned(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="return"):
    """Lease amounts that this process no longer holds; each return counts once, by its id."""

    return_id: str
    amounts: tuple[Reservation, ...]


class Unmade(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="unmade"):
    """The call claimed its reply and was not made: its key is free again."""

    team_id: str
    call_id: str


class Unknown(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="unknown"):
    """The process died before the call's end was written: charged at its reservation, listed for reconciliation."""

    facts: CallFacts


# What settlement carries: every end that moves something on the books.
EndRecord = Settled | Returned | Unmade | Unknown
JournalRecord = Opened | Released | EndRecord
