"""The ends of calls, carried to consumption."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.rpc.channel import Peer
from dataplane.call_records import CallFacts, EndRecord, Returned, Settled, Unknown, Unmade
from dataplane.in_steps import each
from dataplane.kept_reply import KeptReply
from dataplane.usage import NOTHING_USED, Usage
from marketplace.consumption.v1 import replies_pb2, settlement_pb2
from marketplace.consumption.v1.settlement_pb2_grpc import SettlementStub
from marketplace.events.v1 import usage_pb2

SETTLE_SECONDS = 20.0
_MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class GrpcSettler:
    """Settler of the data plane; a released call has no charge and is not sent."""

    peer: Peer

    async def settle(self, holder: str, records: Sequence[EndRecord]) -> None:
        """Commit ended calls and lease returns; returning means committed."""
        request = settlement_pb2.CommitEndsRequest(
            holder=holder,
            returns=[lease_return(record) for record in records if isinstance(record, Returned)],
            unmade=[unmade_call(record) for record in records if isinstance(record, Unmade)],
        )
        ended = [record for record in records if isinstance(record, Settled | Unknown)]
        await each(lambda record: write_ended_call(request.calls.add(), record), ended)
        if request.calls or request.returns or request.unmade:
            await self.peer.ask(SettlementStub(self.peer.channel).CommitEnds, request, deadline=SETTLE_SECONDS)

    async def seal(self, holder: str) -> None:
        """Give up all leases of a holder for good."""
        stub = SettlementStub(self.peer.channel)
        await self.peer.ask(stub.SealHolder, settlement_pb2.SealHolderRequest(holder=holder), deadline=SETTLE_SECONDS)


def write_ended_call(ended: settlement_pb2.EndedCall, record: Settled | Unknown) -> None:
    """Write the call into a new message as consumption keeps it; one of unknown end is charged at its reservations."""
    facts = record.facts
    ended.MergeFromString(_written(_common_of(facts)))
    row = ended.usage
    row.call_id = facts.call_id
    row.started_at.seconds, rest = divmod(facts.started_at, _MICROSECONDS)
    row.started_at.nanos = rest * 1000
    if isinstance(record, Unknown):
        usage = Usage(facts.prompt_estimate) if facts.prompt_estimate else NOTHING_USED
        row.outcome, row.estimated = "unknown", True
        spent: Iterable[int] = [held.amount for held in facts.reservations]
    else:
        usage, spent = record.usage, record.spent
        _write_end(row, record)
        if record.reply is not None:
            ended.reply.CopyFrom(_reply(record.reply))
    row.prompt_tokens = usage.prompt_tokens
    row.completion_tokens = usage.completion_tokens
    row.cached_prompt_tokens = usage.cached_prompt_tokens
    for charge, held, used in zip(ended.charges, facts.reservations, spent, strict=True):
        charge.reserved, charge.spent = held.amount, used


def unmade_call(record: Unmade) -> settlement_pb2.UnmadeCall:
    """A call that claimed its reply and was not made."""
    return settlement_pb2.UnmadeCall(team_id=record.team_id, call_id=record.call_id)


def _reply(reply: KeptReply) -> replies_pb2.KeptReply:
    return replies_pb2.KeptReply(fate=reply.fate, status=reply.status, header_lines=reply.header_lines, body=reply.body)


def lease_return(record: Returned) -> settlement_pb2.LeaseReturn:
    """Amounts that this process no longer holds."""
    amounts = [
        settlement_pb2.ScopeAmount(scope_id=r.scope_id, amount=r.amount, period_ends_at=_moment(r.period_ends_at or 0))
        for r in record.amounts
    ]
    return settlement_pb2.LeaseReturn(return_id=record.return_id, amounts=amounts)


def _write_end(row: usage_pb2.UsageRow, record: Settled) -> None:
    row.outcome = record.outcome.value
    row.estimated = record.is_estimated
    row.status = record.status
    row.duration_microseconds = record.duration
    if record.cost is not None:
        row.cost_nanodollars = record.cost
    if record.first_byte is not None:
        row.first_byte_microseconds = record.first_byte


class _Common(NamedTuple):
    """What calls of one key to one listing have in common, by the names of a usage row; then scopes and their ends."""

    team_id: str
    account_id: str
    key_id: str
    listing_id: str
    listing_name: str
    listing_version: str
    listing_version_id: str
    provider: str
    model: str
    streamed: bool
    price_id: str
    policy_version: int
    places: tuple[tuple[str, int | None], ...]


def _common_of(facts: CallFacts) -> _Common:
    return _Common(
        facts.team_id,
        facts.account_id,
        facts.key_id,
        facts.listing_id,
        facts.listing_name,
        facts.listing_version,
        facts.listing_version_id,
        facts.provider,
        facts.model,
        facts.streamed,
        facts.price.price_id,
        facts.policy_version,
        tuple([(held.scope_id, held.period_ends_at) for held in facts.reservations]),
    )


@lru_cache(maxsize=1024)
def _written(common: _Common) -> bytes:
    """Most of a message, written once."""
    row = common._asdict()
    charges = [
        settlement_pb2.ScopeCharge(scope_id=scope_id, period_ends_at=_moment(ends_at or 0))
        for scope_id, ends_at in row.pop("places")
    ]
    return settlement_pb2.EndedCall(usage=usage_pb2.UsageRow(**row), charges=charges).SerializeToString()


def _moment(microseconds: int) -> Timestamp:
    seconds, rest = divmod(microseconds, _MICROSECONDS)
    return Timestamp(seconds=seconds, nanos=rest * 1000)
