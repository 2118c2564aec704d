"""Records of calls without what they have in common: that has a number, and stands in each segment of a journal once.

Calls of one key to one route differ in little: of some 600 bytes of an end, half are its own. Records that are written
together stand in one frame for ends, and one for all that moves nothing on the books.
"""

import msgspec
from msgspec.structs import astuple

from dataplane.bounded import make_room
from dataplane.call_records import CallFacts, Opened, Outcome, Released, Settled
from dataplane.kept_reply import KeptReply
from dataplane.pricing import Price
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


def own_of(facts: CallFacts) -> Own:
    """What is a call's own."""
    return Own(facts.call_id, facts.started_at, facts.reservations, facts.prompt_estimate, facts.policy_version)


def ended(begun: Begun, record: Settled) -> Ended:
    """The end of a call that stands open."""
    # Its fields behind the facts are those of Ended behind the call's own, in the same order.
    return Ended(begun.alike, begun.own, *astuple(record)[1:])


def unsent(begun: Begun, record: Released) -> Unsent:
    """The end of a call that was not sent."""
    return Unsent(begun.alike, begun.own, record.status, record.reason)


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


class Kind:
    """An `Alike` as this process says it; `segment` is the last that says it."""

    __slots__ = ("alike", "number", "segment")

    def __init__(self, number: int, facts: CallFacts) -> None:
        self.alike = Alike(number, _names_of(facts), facts.streamed, facts.price, facts.price_estimated)
        self.number = number
        self.segment = 0


# Of what is forgotten beyond this the next call says all again.
_MOST_KINDS, _MOST_TERMS = 4096, 1024


class Kinds:
    """The kinds of calls that this process has numbered."""

    __slots__ = ("_by_content", "_by_terms", "_last")

    def __init__(self) -> None:
        self._by_content: dict[tuple[object, ...], Kind] = {}
        # By identity, for most calls share their terms with the one before; kept here, so that no others get their id.
        self._by_terms: dict[int, tuple[object, Kind]] = {}
        self._last = 0

    def of(self, facts: CallFacts, terms: object = None) -> Kind:
        """The kind of a call: all that name the same terms have in common what an `Alike` says."""
        known = self._by_terms.get(id(terms))
        return self._looked_up(facts, terms) if known is None else known[1]

    def _looked_up(self, facts: CallFacts, terms: object) -> Kind:
        content = _names_of(facts), facts.streamed, facts.price, facts.price_estimated
        kind = self._by_content.get(content)
        if kind is None:
            self._last += 1
            make_room(self._by_content, _MOST_KINDS)
            kind = self._by_content[content] = Kind(self._last, facts)
        if terms is not None:
            make_room(self._by_terms, _MOST_TERMS)
            self._by_terms[id(terms)] = terms, kind
        return kind


def _names_of(facts: CallFacts) -> tuple[str, str, str, str, str, str, str, str, str]:
    return (
        *(facts.key_id, facts.team_id, facts.account_id, facts.listing_id, facts.listing_version_id),
        *(facts.listing_name, facts.listing_version, facts.provider, facts.model),
    )
