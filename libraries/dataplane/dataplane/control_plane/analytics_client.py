"""How calls went, carried to consumption; the calls of one listing, team and kind travel as columns."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from chassis.rpc.channel import Peer
from dataplane.analytics_buffer import CallEnd, fault_of
from dataplane.call_records import Released
from marketplace.consumption.v1 import analytics_pb2
from marketplace.consumption.v1.analytics_pb2_grpc import AnalyticsStub

RECORD_SECONDS = 5.0
_NO_FIRST_BYTE = -1
# In the order of Fault's numbers.
_FAULTS = (
    analytics_pb2.CALL_FAULT_NONE,
    analytics_pb2.CALL_FAULT_CALLER,
    analytics_pb2.CALL_FAULT_VENDOR,
    analytics_pb2.CALL_FAULT_OURS,
)
# Listing, version's id, version, model, team, streamed: what the calls of a group have in common.
_Common = tuple[str, str, str, str, str, bool]
# Ended at, status, fault, total, added, first byte, tokens of prompt and completion: a value for each column.
_Figures = tuple[int, int, analytics_pb2.CallFault, int, int, int, int, int]


@dataclass(frozen=True)
class GrpcAnalytics:
    """AnalyticsSink of the data plane."""

    peer: Peer

    async def record(self, batch_id: str, ends: Sequence[CallEnd]) -> None:
        """Count a batch once; returning means counted."""
        request = analytics_pb2.RecordCallsRequest(batch_id=batch_id, groups=call_groups(ends))
        await self.peer.ask(AnalyticsStub(self.peer.channel).RecordCalls, request, deadline=RECORD_SECONDS)


def call_groups(ends: Sequence[CallEnd]) -> list[analytics_pb2.CallGroup]:
    """The calls by listing version, team and whether they were streamed, in order of their first call."""
    groups: dict[_Common, list[_Figures]] = defaultdict(list)
    for end in ends:
        facts = end[0].facts
        common = (
            facts.listing_id,
            facts.listing_version_id,
            facts.listing_version,
            facts.model,
            facts.team_id,
            facts.streamed,
        )
        groups[common].append(_figures(end))
    return [_group(common, rows) for common, rows in groups.items()]


def _group(common: _Common, rows: Sequence[_Figures]) -> analytics_pb2.CallGroup:
    listing_id, listing_version_id, listing_version, model, team_id, streamed = common
    ended_at, status, fault, total, added, first_byte, prompt_tokens, completion_tokens = zip(*rows, strict=True)
    return analytics_pb2.CallGroup(
        listing_id=listing_id,
        listing_version_id=listing_version_id,
        listing_version=listing_version,
        model=model,
        team_id=team_id,
        streamed=streamed,
        ended_at_microseconds=ended_at,
        status=status,
        fault=fault,
        total_microseconds=total,
        added_microseconds=added,
        first_byte_microseconds=first_byte,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
    )


def _figures(end: CallEnd) -> _Figures:
    """A call that was never sent ended when it began."""
    record, sent_at = end
    began = record.facts.started_at
    added = max(0, sent_at - began) if sent_at else 0
    if isinstance(record, Released):
        return began, record.status, _FAULTS[fault_of(record)], 0, added, _NO_FIRST_BYTE, 0, 0
    usage, total, first_byte = record.usage, record.duration, record.first_byte
    return (
        began + total,
        record.status,
        _FAULTS[fault_of(record)],
        total,
        added,
        _NO_FIRST_BYTE if first_byte is None else first_byte,
        usage.prompt_tokens,
        usage.completion_tokens,
    )
