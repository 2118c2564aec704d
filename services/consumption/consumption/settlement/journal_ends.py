"""What the frames of a journal say, as settlement's rules take it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice

from chassis.errors import InvalidInput
from consumption.settlement.rules import (
    UNKNOWN,
    Charge,
    ClaimedReply,
    EndedCall,
    LeaseReturn,
    UnmadeCall,
    UsageRow,
    claimed_reply,
)
from dataplane.call_records import CallFacts, EndRecord, Returned, Settled, Unknown, Unmade
from dataplane.journal_frames import JournalCorrupt, read_ends
from dataplane.kept_reply import KeptReply
from dataplane.settlement import incarnation_of
from dataplane.usage import Usage

MAX_ENDS = 2000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Ends:
    """What a batch tells: calls that ended, amounts that went back, calls that were not made."""

    calls: list[EndedCall] = field(default_factory=list[EndedCall])
    returns: list[LeaseReturn] = field(default_factory=list[LeaseReturn])
    unmade: list[UnmadeCall] = field(default_factory=list[UnmadeCall])


def ends_of(holder: str, frames: bytes) -> Ends:
    """All that a holder's frames tell; raises InvalidInput where one of them is not what it should be."""
    try:
        records = list(islice(read_ends(frames, incarnation_of(holder)), MAX_ENDS + 1))
    except (JournalCorrupt, ValueError) as error:
        raise InvalidInput(f"Send whole frames of a journal of your own: {error}") from error
    if len(records) > MAX_ENDS:
        raise InvalidInput(f"Send at most {MAX_ENDS} ends at once.")
    return _sorted(records)


def _sorted(records: Iterable[EndRecord]) -> Ends:
    ends = Ends()
    for record in records:
        if isinstance(record, Settled):
            ends.calls.append(_settled(record))
        elif isinstance(record, Unknown):
            ends.calls.append(_unknown(record.facts))
        elif isinstance(record, Returned):
            ends.returns.append(_return(record))
        else:
            ends.unmade.append(_unmade(record))
    return ends


def _settled(record: Settled) -> EndedCall:
    facts = record.facts
    if len(record.spent) != len(facts.reservations):
        raise InvalidInput(f"{facts.call_id} says of some of its scopes alone what it spent there.")
    row = _row(facts, record.usage, record.outcome.value, record)
    return EndedCall(row, _charges(facts, record.spent), None if record.reply is None else _reply(record.reply))


def _unknown(facts: CallFacts) -> EndedCall:
    """Nobody saw its end: it is charged at its reservations."""
    row = _row(facts, Usage(facts.prompt_estimate), UNKNOWN)
    return EndedCall(row, _charges(facts, [held.amount for held in facts.reservations]))


def _row(facts: CallFacts, usage: Usage, outcome: str, end: Settled | None = None) -> UsageRow:
    # By position: a call makes one of these, and names would cost as much again. The order is UsageRow's own.
    status, duration, first_byte = (0, 0, None) if end is None else (end.status, end.duration, end.first_byte)
    return UsageRow(
        facts.call_id,
        _moment(facts.started_at),
        facts.team_id,
        facts.account_id,
        facts.key_id,
        facts.listing_id,
        facts.listing_version_id,
        facts.listing_name,
        facts.listing_version,
        facts.provider,
        facts.model,
        usage.prompt_tokens,
        usage.cached_prompt_tokens,
        usage.completion_tokens,
        None if end is None else end.cost,
        facts.price.price_id,
        outcome,
        end is None or end.is_estimated,
        facts.streamed,
        status,
        duration,
        first_byte,
        facts.policy_version,
    )


def _charges(facts: CallFacts, spent: Iterable[int]) -> tuple[Charge, ...]:
    return tuple(
        [
            Charge(held.scope_id, held.amount, used, _period_end(held.period_ends_at))
            for held, used in zip(facts.reservations, spent, strict=True)
        ]
    )


def _reply(reply: KeptReply) -> ClaimedReply | None:
    return claimed_reply(reply.fate, reply.status, reply.header_lines, reply.body)


def _return(record: Returned) -> LeaseReturn:
    amounts = tuple([(held.scope_id, _period_end(held.period_ends_at), held.amount) for held in record.amounts])
    return LeaseReturn(record.return_id, amounts)


def _unmade(record: Unmade) -> UnmadeCall:
    return UnmadeCall(record.team_id, record.call_id)


@lru_cache(maxsize=64)
def _period_end(microseconds: int | None) -> datetime:
    """Almost all calls of a month name the same."""
    return _moment(microseconds or 0)


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)
