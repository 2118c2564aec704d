"""How ended calls and returned leases change balances: pure sums over what was not seen before."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec
from msgspec import structs

UNKNOWN = "unknown"
# Where balances stop adding up: above every limit that can be set, and so far below 2^63 that no sum of a balance's
# columns passes that. What a vendor reports may be absurd; it fills its own balance, and stops nobody else's calls.
FULL = 2**60
# What the table of replies takes.
LARGEST_BODY = 256 << 10
LONGEST_HEADER_LINES = 64 << 10


# A call makes one row and a charge for each of its scopes: of Python's own making they would take five times as long.
class Charge(msgspec.Struct, frozen=True, gc=False, rename={"scope_id": "scope", "period_end": "until"}):
    """What a call reserved in a scope, in the month that ends at `period_end`, and what it spent."""

    scope_id: str
    reserved: int
    spent: int
    period_end: datetime


class UsageRow(msgspec.Struct, frozen=True, gc=False):
    """One call that ended. Tokens are counts, durations microseconds, the cost nano-dollars; None is unknown.

    `policy_version` is 0 where no policies were enforced.
    """

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
    policy_version: int = 0


class ReplyFate(StrEnum):
    """What becomes of the reply to a call that came with an Idempotency-Key; released: its key is free again."""

    KEPT = "kept"
    TOO_LARGE = "too_large"
    CALLER_LEFT = "caller_left"
    RELEASED = "released"


@dataclass(frozen=True)
class ClaimedReply:
    """What the caller was told; neither lines nor a body where it is not kept."""

    fate: ReplyFate
    status: int
    header_lines: bytes
    body: bytes | None

    @property
    def size(self) -> int:
        """Bytes to keep."""
        return len(self.header_lines) + len(self.body or b"")


def claimed_reply(fate: str, status: int, header_lines: bytes, body: bytes) -> ClaimedReply | None:
    """A reply as it can be kept: whatever is told of it, it never keeps its call from being settled."""
    if fate not in frozenset(ReplyFate):
        return None
    if fate != ReplyFate.KEPT:
        return ClaimedReply(ReplyFate(fate), status, b"", None)
    if len(body) > LARGEST_BODY or len(header_lines) > LONGEST_HEADER_LINES:
        return ClaimedReply(ReplyFate.TOO_LARGE, status, b"", None)
    return ClaimedReply(ReplyFate.KEPT, status, header_lines, body)


class EndedCall(msgspec.Struct, frozen=True, gc=False):
    """A usage row with its charges, and its reply where the call claimed one."""

    usage: UsageRow
    charges: tuple[Charge, ...]
    reply: ClaimedReply | None = None


def within_room(calls: Iterable[EndedCall], taken: Mapping[str, int], room: int) -> list[EndedCall]:
    """These calls, each with its reply where there is room for it: a team has so many bytes, and `taken` are used.

    A small reply may find room where a larger one before it did not.
    """
    left = defaultdict(lambda: room, {team_id: max(0, room - used) for team_id, used in taken.items()})
    kept: list[EndedCall] = []
    for call in calls:
        reply = call.reply
        if reply is not None and reply.size > left[call.usage.team_id]:
            lost = ClaimedReply(ReplyFate.TOO_LARGE, reply.status, b"", None)
            kept.append(structs.replace(call, reply=lost))
            continue
        if reply is not None:
            left[call.usage.team_id] -= reply.size
        kept.append(call)
    return kept


_charges_text = msgspec.json.Encoder().encode
_charges_of = msgspec.json.Decoder(tuple[Charge, ...]).decode


def kept_charges(charges: tuple[Charge, ...]) -> str:
    """Charges as a usage row keeps them, in JSON."""
    return _charges_text(charges).decode()


def charges_kept(text: str) -> tuple[Charge, ...]:
    """What `kept_charges` made, also of earlier versions."""
    return _charges_of(text)


@dataclass(frozen=True)
class UnmadeCall:
    """A call that claimed its reply and was not made."""

    team_id: str
    call_id: str


@dataclass(frozen=True)
class LeaseReturn:
    """Amounts that a holder no longer holds, by scope and end of month; counts once, by its id."""

    return_id: str
    amounts: tuple[tuple[str, datetime, int], ...]


@dataclass(slots=True)
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
        is_unknown = call.usage.outcome == UNKNOWN
        for charge in call.charges:
            movement, reserved = sums[charge.scope_id, charge.period_end], charge.reserved
            if is_unknown:
                movement.from_lease += reserved
                movement.unknown += reserved
            else:
                spent = charge.spent
                within = min(spent, reserved)
                movement.from_lease += within
                movement.settled += spent
                movement.overdraft += spent - within
    for returned in returns:
        for scope_id, period_end, amount in returned.amounts:
            sums[scope_id, period_end].from_lease += amount
    return dict(sums)


def after_seal(movements: Movements) -> Movements:
    """The same sums for a holder that was given up: its leases went back already, so all it used is overdraft."""
    return {
        place: Movement(0, moved.settled, moved.unknown, moved.settled + moved.unknown)
        for place, moved in movements.items()
    }
