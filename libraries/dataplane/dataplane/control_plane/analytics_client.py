"""How calls went, carried to consumption; the calls of one listing, team and kind travel as columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from chassis.rpc.channel import Peer
from dataplane.ended_calls import EndedCalls
from marketplace.consumption.v1 import analytics_pb2
from marketplace.consumption.v1.analytics_pb2_grpc import AnalyticsStub

RECORD_SECONDS = 5.0


@dataclass(frozen=True)
class GrpcAnalytics:
    """AnalyticsSink of the data plane."""

    peer: Peer

    async def record(self, batch_id: str, groups: Sequence[EndedCalls]) -> None:
        """Count a batch once; returning means counted."""
        request = analytics_pb2.RecordCallsRequest(batch_id=batch_id, groups=[call_group(calls) for calls in groups])
        await self.peer.ask(AnalyticsStub(self.peer.channel).RecordCalls, request, deadline=RECORD_SECONDS)


def call_group(calls: EndedCalls) -> analytics_pb2.CallGroup:
    """Calls as the contract has them."""
    listing_id, listing_version_id, listing_version, model, team_id, streamed = calls.common
    ended_at, status, fault, total, added, first_byte, prompt_tokens, completion_tokens = calls.columns()
    return analytics_pb2.CallGroup(
        listing_id=listing_id,
        listing_version_id=listing_version_id,
        listing_version=listing_version,
        model=model,
        team_id=team_id,
        streamed=streamed,
        ended_at_microseconds=ended_at,
        status=status,
        # Fault's numbers are those of the contract.
        fault=cast("Sequence[analytics_pb2.CallFault]", fault),
        total_microseconds=total,
        added_microseconds=added,
        first_byte_microseconds=first_byte,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
    )
