"""How calls went, on its way to analytics: kept in memory up to a bound, sent in batches, never waited for by a call.

Money does not depend on it: what does not fit, or is lost with this process, is missing from averages only.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

from chassis.errors import ErrorKind, MarketplaceError
from dataplane.call_records import Outcome, Released, Settled
from dataplane.settlement import wait_after

MOST_KEPT = 10_000
TOO_MANY_AT_ONCE = "too_many_at_once"
_GATHER_SECONDS = 1.0
# What a vendor refuses with these says something about the request; anything else says something about the vendor.
_REQUEST_REFUSED = frozenset({400, 409, 413, 415, 422})

# A call as its end left it, and the moment its request left us in microseconds (0: it never did).
CallEnd = tuple[Settled | Released, int]


class Fault(IntEnum):
    """Whose fault it is that a call did not succeed; the numbers are those of the contract."""

    NONE = 0
    CALLER = 1
    VENDOR = 2
    OURS = 3


class AnalyticsSink(Protocol):
    """Consumption's analytics. Returning means counted; raising means the batch comes again under the same id."""

    async def record(self, batch_id: str, ends: Sequence[CallEnd]) -> None:
        """Count a batch once; raises MarketplaceError."""
        ...


def fault_of(record: Settled | Released) -> Fault:
    """Whose fault an end is: a request refused as such is its caller's, whatever else the vendor said is its own."""
    if isinstance(record, Released):
        return Fault.OURS if record.reason == TOO_MANY_AT_ONCE else Fault.VENDOR
    if record.outcome is Outcome.COMPLETED:
        return Fault.NONE
    if record.outcome is Outcome.CALLER_LEFT:
        return Fault.CALLER
    refused = record.outcome is Outcome.UPSTREAM_ERROR and record.status in _REQUEST_REFUSED
    return Fault.CALLER if refused else Fault.VENDOR


@dataclass(slots=True)
class AnalyticsBuffer:
    """Ends of calls that wait to be sent. A batch keeps its id until it is acknowledged, so that it counts once."""

    sink: AnalyticsSink
    new_batch_id: Callable[[], str]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    most_kept: int = MOST_KEPT
    # Half a millisecond of the loop; each batch costs consumption one of its own, however few its calls.
    batch_size: int = 500
    sent: int = 0
    dropped: int = 0
    failures_in_a_row: int = 0
    _kept: list[CallEnd] = field(default_factory=list[CallEnd])
    _batch: tuple[str, int] = ("", 0)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def append(self, end: CallEnd) -> None:
        """Keep an end, or count it as dropped where there is no room."""
        if len(self._kept) < self.most_kept:
            self._kept.append(end)
        else:
            self.dropped += 1

    def __len__(self) -> int:
        """Ends that are not acknowledged yet."""
        return len(self._kept)

    async def run(self) -> None:
        """Send what is kept, again and again until cancelled."""
        while True:
            await self.sleep(wait_after(self.failures_in_a_row) if self.failures_in_a_row else _GATHER_SECONDS)
            await self.send_kept()

    async def send_kept(self) -> None:
        """Send what is kept by now, batch by batch; the first failure ends it, and nothing is lost by one.

        Ends that come meanwhile wait for the next time, else batches of a few would follow each other without a pause.
        """
        async with self._turn:
            waiting = len(self._kept)
            try:
                while waiting > 0:
                    waiting -= await self._send_batch()
            except Exception as error:
                self._failed(error)
            else:
                self.failures_in_a_row = 0

    async def _send_batch(self) -> int:
        if not self._batch[1]:
            self._batch = (self.new_batch_id(), min(len(self._kept), self.batch_size))
        batch_id, size = self._batch
        await self.sink.record(batch_id, self._kept[:size])
        self.sent += size
        self._forget_batch()
        return size

    def _failed(self, error: Exception) -> None:
        self.failures_in_a_row += 1
        # What was refused as such would be refused for ever, and everything behind it with it.
        if isinstance(error, MarketplaceError) and error.kind is ErrorKind.INVALID:
            self.dropped += self._batch[1]
            self._forget_batch()

    def _forget_batch(self) -> None:
        del self._kept[: self._batch[1]]
        self._batch = ("", 0)
