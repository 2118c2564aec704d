"""The Settlement door."""

from datetime import UTC

from chassis.clock import Clock
from chassis.errors import InvalidInput
from chassis.rpc.server import Context
from consumption.settlement.ports import SettlementStore
from consumption.settlement.rules import (
    Charge,
    ClaimedReply,
    EndedCall,
    LeaseReturn,
    UnmadeCall,
    UsageRow,
    claimed_reply,
)
from marketplace.consumption.v1 import replies_pb2, settlement_pb2
from marketplace.consumption.v1.settlement_pb2_grpc import SettlementServicer
from marketplace.events.v1 import usage_pb2

MAX_CALLS = 2000


class SettlementDoor(SettlementServicer):
    """Translates ended calls."""

    def __init__(self, store: SettlementStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def CommitEnds(
        self, request: settlement_pb2.CommitEndsRequest, context: Context
    ) -> settlement_pb2.CommitEndsResponse:
        """Commit a batch."""
        if not request.holder or len(request.calls) > MAX_CALLS:
            raise InvalidInput(f"Name the holder and at most {MAX_CALLS} calls.")
        calls = [_call(call) for call in request.calls]
        returns = [_return(returned) for returned in request.returns]
        unmade = [UnmadeCall(call.team_id, call.call_id) for call in request.unmade]
        fresh = await self._store.commit(request.holder, calls, returns, self._clock.now(), unmade)
        return settlement_pb2.CommitEndsResponse(committed=fresh, already_known=len(calls) - fresh)

    async def SealHolder(
        self, request: settlement_pb2.SealHolderRequest, context: Context
    ) -> settlement_pb2.SealHolderResponse:
        """Take back what a holder still leased."""
        await self._store.seal(request.holder, self._clock.now())
        return settlement_pb2.SealHolderResponse()


def _call(call: settlement_pb2.EndedCall) -> EndedCall:
    return EndedCall(_usage(call.usage), _charges(call), _reply(call.reply) if call.HasField("reply") else None)


def _reply(reply: replies_pb2.KeptReply) -> ClaimedReply | None:
    return claimed_reply(reply.fate, reply.status, reply.header_lines, reply.body)


def _usage(row: usage_pb2.UsageRow) -> UsageRow:
    return UsageRow(
        call_id=row.call_id,
        started_at=row.started_at.ToDatetime(UTC),
        team_id=row.team_id,
        account_id=row.account_id,
        key_id=row.key_id,
        listing_id=row.listing_id,
        listing_version_id=row.listing_version_id,
        listing_name=row.listing_name,
        listing_version=row.listing_version,
        provider=row.provider,
        model=row.model,
        prompt_tokens=row.prompt_tokens,
        cached_prompt_tokens=row.cached_prompt_tokens,
        completion_tokens=row.completion_tokens,
        cost=row.cost_nanodollars if row.HasField("cost_nanodollars") else None,
        price_id=row.price_id,
        outcome=row.outcome,
        estimated=row.estimated,
        streamed=row.streamed,
        status=row.status,
        duration=row.duration_microseconds,
        first_byte=row.first_byte_microseconds if row.HasField("first_byte_microseconds") else None,
        policy_version=row.policy_version,
    )


def _charges(call: settlement_pb2.EndedCall) -> tuple[Charge, ...]:
    return tuple(
        Charge(charge.scope_id, charge.reserved, charge.spent, charge.period_ends_at.ToDatetime(UTC))
        for charge in call.charges
    )


def _return(returned: settlement_pb2.LeaseReturn) -> LeaseReturn:
    amounts = tuple((a.scope_id, a.period_ends_at.ToDatetime(UTC), a.amount) for a in returned.amounts)
    return LeaseReturn(returned.return_id, amounts)
