"""How calls went, on its way to analytics: kept in memory up to a bound, sent in batches, never waited for by a call.

Money does not depend on it: what does not fit, or is lost with this process, is missing from averages only.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from chassis.errors import ErrorKind, MarketplaceError
from dataplane.ended_calls import CallEnd, CallRows, EndedCalls
from dataplane.settlement import wait_after

# Some seconds of all that a process can do, in 3 MiB.
MOST_KEPT = 50_000
_GATHER_SECONDS = 1.0


class AnalyticsSink(Protocol):
    """Consumption's analytics. Returning means counted; raising means the batch comes again under the same id."""

    async def record(self, batch_id: str, groups: Sequence[EndedCalls]) -> None:
        """Count a batch once; raises MarketplaceError."""
        ...


@dataclass(frozen=True, slots=True)
class _Batch:
    batch_id: str
    groups: Sequence[EndedCalls]

    def __len__(self) -> int:
        return sum(len(group) for group in self.groups)


@dataclass(slots=True)
class AnalyticsBuffer:
    """Ends of calls that wait to be sent. A batch keeps its id until it is acknowledged, so that it counts once."""

    sink: AnalyticsSink
    new_batch_id: Callable[[], str]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    most_kept: int = MOST_KEPT
    # Consumption takes 2,000 at once, and its loop is busy with so many for some 4 ms.
    batch_size: int = 1000
    sent: int = 0
    failures_in_a_row: int = 0
    _rows: CallRows = field(init=False)
    _batches: deque[_Batch] = field(default_factory=deque[_Batch])
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self._rows = CallRows(self.most_kept)

    @property
    def append(self) -> Callable[[CallEnd], None]:
        """Keeps an end, or counts it as dropped where there is no room."""
        return self._rows.add

    @property
    def dropped(self) -> int:
        """Ends that nobody will count."""
        return self._rows.dropped

    def __len__(self) -> int:
        """Ends that are not acknowledged yet."""
        return self.most_kept - self._rows.room

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
            self._cut_batches()
            try:
                while self._batches:
                    await self._send(self._batches[0])
            except Exception as error:
                self._failed(error)
            else:
                self.failures_in_a_row = 0

    def _cut_batches(self) -> None:
        self._batches += [_Batch(self.new_batch_id(), groups) for groups in self._rows.take(self.batch_size)]

    async def _send(self, batch: _Batch) -> None:
        await self.sink.record(batch.batch_id, batch.groups)
        self.sent += self._forget_first()

    def _failed(self, error: Exception) -> None:
        self.failures_in_a_row += 1
        # What was refused as such would be refused for ever, and everything behind it with it.
        if isinstance(error, MarketplaceError) and error.kind is ErrorKind.INVALID:
            self._rows.dropped += self._forget_first()

    def _forget_first(self) -> int:
        """How many ends it had."""
        length = len(self._batches.popleft())
        self._rows.room += length
        return length
