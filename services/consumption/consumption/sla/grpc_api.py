"""The Analytics door: how calls went, as gateways tell it."""

from datetime import UTC, datetime
from typing import Protocol

from chassis.clock import Clock
from chassis.errors import InvalidInput
from chassis.rpc.server import Context
from consumption.sla.call_counts import CallCounts, EndedCalls, Fault, summed
from marketplace.consumption.v1 import analytics_pb2
from marketplace.consumption.v1.analytics_pb2_grpc import AnalyticsServicer

MAX_CALLS = 2000
_LONGEST_ID = 100
_MOST = 2**53
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FAULTS = frozenset(Fault)


class CountsStore(Protocol):
    """Where sums are kept."""

    async def add(self, batch_id: str, counts: CallCounts, now: datetime) -> bool:
        """Add the sums of a batch in one transaction; False where that batch was added before."""
        ...


class AnalyticsDoor(AnalyticsServicer):
    """Translates batches of ended calls."""

    def __init__(self, store: CountsStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def RecordCalls(
        self, request: analytics_pb2.RecordCallsRequest, context: Context
    ) -> analytics_pb2.RecordCallsResponse:
        """Count a batch once."""
        if not 0 < len(request.batch_id) <= _LONGEST_ID:
            raise InvalidInput(f"Name the batch, in at most {_LONGEST_ID} letters.")
        if sum(len(group.ended_at_microseconds) for group in request.groups) > MAX_CALLS:
            raise InvalidInput(f"Send at most {MAX_CALLS} calls at once.")
        now = self._clock.now()
        counts = summed([_calls(group) for group in request.groups], now)
        fresh = await self._store.add(request.batch_id, counts, now)
        return analytics_pb2.RecordCallsResponse(counted=counts.calls if fresh else 0)


def _calls(group: analytics_pb2.CallGroup) -> EndedCalls:
    columns = [
        tuple(column)
        for column in (
            *(group.ended_at_microseconds, group.status, group.fault, group.total_microseconds),
            *(group.added_microseconds, group.prompt_tokens, group.completion_tokens, group.first_byte_microseconds),
        )
    ]
    if not group.listing_id or not group.listing_version_id or len({len(column) for column in columns}) > 1:
        raise InvalidInput("A group names its listing and version, and its columns have one length.")
    if any(min(column, default=0) < 0 or max(column, default=0) > _MOST for column in columns[:-1]):
        raise InvalidInput("A figure is 0 or more, and below 2^53.")
    if not _FAULTS.issuperset(columns[2]):
        raise InvalidInput("A fault is nobody's, the caller's, the vendor's or ours.")
    return EndedCalls(group.listing_id, group.listing_version_id, group.streamed, list(zip(*columns, strict=True)))
