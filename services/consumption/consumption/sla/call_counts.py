"""Ended calls summed up by listing version and minute: pure sums, in whatever parts the calls come."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import IntEnum

from consumption.sla.histograms import BUCKETS, bucket_of

# A batch waits for an hour or two where consumption was away; what is older than this says nothing any more.
OLDEST = timedelta(days=1)
_LIMITED = 429
_EPOCH, _MINUTE = datetime(1970, 1, 1, tzinfo=UTC), 60_000_000


class Fault(IntEnum):
    """Whose fault it is that a call did not succeed; the numbers are those of the contract."""

    NONE = 0
    CALLER = 1
    VENDOR = 2
    OURS = 3


# Of one call: when it ended (microseconds since 1970), its status and fault, how long it took and how much of that was
# ours, its tokens of prompt and completion, and how long its first byte took (below 0: none came).
Figures = tuple[int, int, int, int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class EndedCalls:
    """How calls of one listing version ended; each is no more than its figures, for there are very many of them."""

    listing_id: str
    listing_version_id: str
    streamed: bool
    calls: Sequence[Figures]


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

    def add(self, calls: Sequence[Figures], *, streamed: bool) -> None:
        """Count calls of this minute."""
        _, status, fault, _, added, prompt_tokens, completion_tokens, _ = zip(*calls, strict=True)
        by_fault = Counter(fault)
        self.succeeded += by_fault[Fault.NONE]
        self.caller_faults += by_fault[Fault.CALLER]
        self.vendor_faults += by_fault[Fault.VENDOR]
        self.our_faults += by_fault[Fault.OURS]
        self.limited += list(zip(fault, status, strict=True)).count((Fault.VENDOR, _LIMITED))
        self.streamed += streamed * len(calls)
        self.prompt_tokens += sum(prompt_tokens)
        self.completion_tokens += sum(completion_tokens)
        self.added_microseconds += sum(added)


def _no_counts() -> list[int]:
    return [0] * BUCKETS


@dataclass
class Durations:
    """Histograms of calls that succeeded: until their end, and until their first byte."""

    totals: list[int] = field(default_factory=_no_counts)
    first_bytes: list[int] = field(default_factory=_no_counts)

    def add(self, totals: Mapping[int, int], first_bytes: Mapping[int, int]) -> None:
        """Count calls, so many for each bucket."""
        for kept, more in ((self.totals, totals), (self.first_bytes, first_bytes)):
            for bucket, calls in more.items():
                kept[bucket] += calls


@dataclass
class CallCounts:
    """A batch summed up. Keys: listing, version and minute; listing, grain (minute or hour) and its beginning."""

    calls: int = 0
    minutes: dict[tuple[str, str, datetime], MinuteCounts] = field(default_factory=lambda: defaultdict(MinuteCounts))
    durations: dict[tuple[str, str, datetime], Durations] = field(default_factory=lambda: defaultdict(Durations))


def summed(groups: Iterable[EndedCalls], now: datetime) -> CallCounts:
    """The sums of a batch; a call that ended longer ago than OLDEST is left out, one ahead of our clock ended now."""
    sums = CallCounts()
    oldest, newest = _microseconds(now - OLDEST), _microseconds(now)
    for group in groups:
        by_minute: dict[int, list[Figures]] = defaultdict(list)
        for call in group.calls:
            if call[0] >= oldest:
                by_minute[min(call[0], newest) // _MINUTE].append(call)
        for minute, calls in by_minute.items():
            _count(sums, group, _EPOCH + timedelta(minutes=minute), calls)
    return sums


def _count(sums: CallCounts, group: EndedCalls, minute: datetime, calls: Sequence[Figures]) -> None:
    sums.calls += len(calls)
    sums.minutes[group.listing_id, group.listing_version_id, minute].add(calls, streamed=group.streamed)
    good = [(total, first_byte) for _, _, fault, total, _, _, _, first_byte in calls if fault == Fault.NONE]
    if not good:
        return
    totals = Counter([bucket_of(total) for total, _ in good])
    first_bytes = Counter([bucket_of(first_byte) for _, first_byte in good if first_byte >= 0])
    for grain, begins_at in (("minute", minute), ("hour", minute.replace(minute=0))):
        sums.durations[group.listing_id, grain, begins_at].add(totals, first_bytes)


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
