"""Records of calls without what they have in common: that has a number, and stands in each segment of a journal once.

Calls of one key to one route differ in little: of some 600 bytes of an end, half are its own. Records that are written
together stand in one frame for ends, and one for all that moves nothing on the books.
"""

import msgspec

from dataplane.call_records import CallFacts, Opened, Outcome, Released, Settled
from dataplane.kept_reply import KeptReply
from dataplane.price import Price
from dataplane.reservation import Reservation
from dataplane.usage import Usage
from dataplane.whole_numbers import Amount, Moment, Status


class Alike(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="alike"):
    """What calls of one key to one route have in common; `names` are those of `CallFacts`, from key to model."""

    number: int
    names: tuple[str, str, str, str, str, str, str, str, str]
    streamed: bool
    price: Price
    price_estimated: bool


class Own(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What else `CallFacts` know of a call."""

    call_id: str
    started_at: Moment
    reservations: tuple[Reservation, ...]
    prompt_estimate: Amount
    policy_version: Amount


class Begun(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An `Opened`; `alike` is the number of an `Alike`, here and below."""

    alike: int
    own: Own


class Ended(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A `Settled`."""

    alike: int
    own: Own
    outcome: Outcome
    status: Status
    usage: Usage
    cost: Amount | None
    spent: tuple[Amount, ...]
    duration: Amount
    first_byte: Amount | None
    reply: KeptReply | None = None


class Unsent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A `Released`."""

    alike: int
    own: Own
    status: Status
    reason: str


class EndsHead(msgspec.Struct, frozen=True, array_like=True, tag="ends"):
    """What those read of `Ends` who only carry them."""

    count: Amount
    refers_to: list[int]


class Ends(EndsHead, frozen=True, array_like=True, tag="ends"):
    """Ends that were written together; how many, and to what they refer."""

    ends: list[Ended]


class Others(msgspec.Struct, frozen=True, array_like=True, tag="others"):
    """What was written with them: calls that begin, and calls that were not sent."""

    begun: list[Begun]
    unsent: list[Unsent]


BriefRecord = Begun | Ended | Unsent
# What stood in a segment so far that records refer to.
Known = dict[int, Alike]


def in_full(record: BriefRecord, known: Known) -> Opened | Settled | Released:
    """The record with all that is known of its call; raises ValueError where that does not stand there."""
    alike, own = known.get(record.alike), record.own
    if alike is None:
        raise ValueError(f"{own.call_id} refers to {record.alike}, which is not there.")
    facts = CallFacts(
        *(own.call_id, own.started_at, *alike.names, alike.streamed, alike.price, alike.price_estimated),
        *(own.reservations, own.prompt_estimate, own.policy_version),
    )
    if isinstance(record, Begun):
        return Opened(facts)
    if isinstance(record, Unsent):
        return Released(facts, record.status, record.reason)
    return Settled(
        *(facts, record.outcome, record.status, record.usage, record.cost, record.spent),
        *(record.duration, record.first_byte, record.reply),
    )
