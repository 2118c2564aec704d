"""How calls went, carried to consumption; the calls of one listing, team and kind travel as columns."""

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.rpc.channel import Peer
from dataplane.analytics_buffer import CallFigures, Fault
from marketplace.consumption.v1 import analytics_pb2
from marketplace.consumption.v1.analytics_pb2_grpc import AnalyticsStub

RECORD_SECONDS = 5.0
_NO_FIRST_BYTE = -1
_FAULTS = {
    Fault.NONE: analytics_pb2.CALL_FAULT_NONE,
    Fault.CALLER: analytics_pb2.CALL_FAULT_CALLER,
    Fault.VENDOR: analytics_pb2.CALL_FAULT_VENDOR,
    Fault.OURS: analytics_pb2.CALL_FAULT_OURS,
}


@dataclass(frozen=True)
class GrpcAnalytics:
    """AnalyticsSink of the data plane."""

    peer: Peer

    async def record(self, batch_id: str, calls: Sequence[CallFigures]) -> None:
        """Count a batch once; returning means counted."""
        request = analytics_pb2.RecordCallsRequest(batch_id=batch_id, groups=call_groups(calls))
        await self.peer.ask(AnalyticsStub(self.peer.channel).RecordCalls, request, deadline=RECORD_SECONDS)


def call_groups(calls: Sequence[CallFigures]) -> list[analytics_pb2.CallGroup]:
    """The calls by listing version, team and whether they were streamed, in order of their first call."""
    groups: dict[tuple[str, str, bool], analytics_pb2.CallGroup] = {}
    for call in calls:
        facts = call.facts
        place = (facts.listing_version_id, facts.team_id, facts.streamed)
        if place not in groups:
            groups[place] = analytics_pb2.CallGroup(
                listing_id=facts.listing_id,
                listing_version_id=facts.listing_version_id,
                listing_version=facts.listing_version,
                model=facts.model,
                team_id=facts.team_id,
                streamed=facts.streamed,
            )
        _add(groups[place], call)
    return list(groups.values())


def _add(group: analytics_pb2.CallGroup, call: CallFigures) -> None:
    group.ended_at_microseconds.append(call.ended_at)
    group.status.append(call.status)
    group.fault.append(_FAULTS[call.fault])
    group.total_microseconds.append(call.total)
    group.added_microseconds.append(call.added)
    group.first_byte_microseconds.append(_NO_FIRST_BYTE if call.first_byte is None else call.first_byte)
    group.prompt_tokens.append(call.prompt_tokens)
    group.completion_tokens.append(call.completion_tokens)
