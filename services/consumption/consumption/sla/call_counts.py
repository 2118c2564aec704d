"""Ended calls summed up by listing version and minute: pure sums, in whatever parts the calls come."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum

from consumption.sla.histograms import BUCKETS, bucket_of

# A batch waits for an hour or two where consumption was away; what is older than this says nothing any more.
OLDEST = timedelta(days=1)
_LIMITED = 429


class Fault(IntEnum):
    """Whose fault it is that a call did not succeed; the numbers are those of the contract."""

    NONE = 0
    CALLER = 1
    VENDOR = 2
    OURS = 3


@dataclass(slots=True)
class EndedCall:
    """How one call of a listing version ended; durations are microseconds, `first_byte` is None where none came."""

    listing_id: str
    listing_version_id: str
    ended_at: datetime
    status: int
    fault: Fault
    total: int
    added: int
    first_byte: int | None
    streamed: bool
    prompt_tokens: int
    completion_tokens: int


@dataclass(slots=True)
class MinuteCounts:
    """Calls of one listing version that ended in one minute."""

    succeeded: int = 0
    caller_faults: int = 0
    vendor_faults: int = 0
    our_faults: int = 0
    limited: int = 0
    streamed: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    added_microseconds: int = 0

    def add(self, call: EndedCall) -> None:
        """Count one call."""
        self.succeeded += call.fault is Fault.NONE
        self.caller_faults += call.fault is Fault.CALLER
        self.vendor_faults += call.fault is Fault.VENDOR
        self.our_faults += call.fault is Fault.OURS
        self.limited += call.fault is Fault.VENDOR and call.status == _LIMITED
        self.streamed += call.streamed
        self.prompt_tokens += call.prompt_tokens
        self.completion_tokens += call.completion_tokens
        self.added_microseconds += call.added


def _no_counts() -> list[int]:
    return [0] * BUCKETS


@dataclass
class Durations:
    """Histograms of calls that succeeded: until their end, and until their first byte."""

    totals: list[int] = field(default_factory=_no_counts)
    first_bytes: list[int] = field(default_factory=_no_counts)

    def add(self, call: EndedCall) -> None:
        """Count one call."""
        self.totals[bucket_of(call.total)] += 1
        if call.first_byte is not None:
            self.first_bytes[bucket_of(call.first_byte)] += 1


@dataclass
class CallCounts:
    """A batch summed up. Keys: listing, version and minute; listing, grain (minute or hour) and its beginning."""

    calls: int = 0
    minutes: dict[tuple[str, str, datetime], MinuteCounts] = field(default_factory=lambda: defaultdict(MinuteCounts))
    durations: dict[tuple[str, str, datetime], Durations] = field(default_factory=lambda: defaultdict(Durations))


def summed(calls: Iterable[EndedCall], now: datetime) -> CallCounts:
    """The sums of a batch; a call that ended longer ago than OLDEST is left out, one ahead of our clock ended now."""
    sums = CallCounts()
    for call in calls:
        if call.ended_at >= now - OLDEST:
            _count(sums, call, min(call.ended_at, now))
    return sums


def _count(sums: CallCounts, call: EndedCall, ended_at: datetime) -> None:
    minute = ended_at.astimezone(UTC).replace(second=0, microsecond=0)
    sums.calls += 1
    sums.minutes[call.listing_id, call.listing_version_id, minute].add(call)
    if call.fault is not Fault.NONE:
        return
    for grain, begins_at in (("minute", minute), ("hour", minute.replace(minute=0))):
        sums.durations[call.listing_id, grain, begins_at].add(call)
