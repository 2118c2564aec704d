"""The ends of calls, carried to consumption."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.rpc.channel import Peer
from dataplane.call_records import CallFacts, EndRecord, Returned, Settled, Unknown, Unmade
from dataplane.in_steps import each
from dataplane.kept_reply import KeptReply
from dataplane.leases import Reservation
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
            calls=await each(ended_call, [record for record in records if isinstance(record, Settled | Unknown)]),
            returns=[lease_return(record) for record in records if isinstance(record, Returned)],
            unmade=[unmade_call(record) for record in records if isinstance(record, Unmade)],
        )
        if request.calls or request.returns or request.unmade:
            await self.peer.ask(SettlementStub(self.peer.channel).CommitEnds, request, deadline=SETTLE_SECONDS)

    async def seal(self, holder: str) -> None:
        """Give up all leases of a holder for good."""
        stub = SettlementStub(self.peer.channel)
        await self.peer.ask(stub.SealHolder, settlement_pb2.SealHolderRequest(holder=holder), deadline=SETTLE_SECONDS)


def ended_call(record: Settled | Unknown) -> settlement_pb2.EndedCall:
    """The call as consumption keeps it; one of unknown end is charged at its reservations."""
    facts = record.facts
    if isinstance(record, Unknown):
        row = _row(facts, Usage(facts.prompt_estimate, estimated=True) if facts.prompt_estimate else NOTHING_USED)
        row.outcome, row.estimated = "unknown", True
        return settlement_pb2.EndedCall(
            usage=row, charges=_charges(facts.reservations, [r.amount for r in facts.reservations])
        )
    row = _row(facts, record.usage)
    row.outcome = record.outcome.value
    row.estimated = record.is_estimated
    row.status = record.status
    row.duration_microseconds = record.duration
    if record.cost is not None:
        row.cost_nanodollars = record.cost
    if record.first_byte is not None:
        row.first_byte_microseconds = record.first_byte
    ended = settlement_pb2.EndedCall(usage=row, charges=_charges(facts.reservations, record.spent))
    if record.reply is not None:
        ended.reply.CopyFrom(_reply(record.reply))
    return ended


def unmade_call(record: Unmade) -> settlement_pb2.UnmadeCall:
    """A call that claimed its reply and was not made."""
    return settlement_pb2.UnmadeCall(team_id=record.team_id, call_id=record.call_id)


def _reply(reply: KeptReply) -> replies_pb2.KeptReply:
    return replies_pb2.KeptReply(fate=reply.fate, status=reply.status, header_lines=reply.header_lines, body=reply.body)


def lease_return(record: Returned) -> settlement_pb2.LeaseReturn:
    """Amounts that this process no longer holds."""
    amounts = [
        settlement_pb2.ScopeAmount(scope_id=r.scope_id, amount=r.amount, period_ends_at=_period_end(r.period_ends_at))
        for r in record.amounts
    ]
    return settlement_pb2.LeaseReturn(return_id=record.return_id, amounts=amounts)


def _row(facts: CallFacts, usage: Usage) -> usage_pb2.UsageRow:
    return usage_pb2.UsageRow(
        call_id=facts.call_id,
        team_id=facts.team_id,
        account_id=facts.account_id,
        key_id=facts.key_id,
        listing_id=facts.listing_id,
        listing_name=facts.listing_name,
        listing_version=facts.listing_version,
        listing_version_id=facts.listing_version_id,
        provider=facts.provider,
        model=facts.model,
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        cached_prompt_tokens=usage.cached_prompt_tokens,
        streamed=facts.streamed,
        started_at=_moment(facts.started_at),
        price_id=facts.price.price_id,
        policy_version=facts.policy_version,
    )


def _charges(reservations: Iterable[Reservation], spent: Iterable[int]) -> list[settlement_pb2.ScopeCharge]:
    return [
        settlement_pb2.ScopeCharge(
            scope_id=held.scope_id, reserved=held.amount, spent=used, period_ends_at=_period_end(held.period_ends_at)
        )
        for held, used in zip(reservations, spent, strict=True)
    ]


def _moment(microseconds: int) -> Timestamp:
    seconds, rest = divmod(microseconds, _MICROSECONDS)
    return Timestamp(seconds=seconds, nanos=rest * 1000)


@lru_cache(maxsize=256)
def _period_end(microseconds: int | None) -> Timestamp:
    """The same few for all calls of a month; a message that is given one takes a copy."""
    return _moment(microseconds or 0)
