"""Carries the ends of calls from the journal to consumption: in batches, again until they are acknowledged."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from dataplane.in_steps import stepped
from dataplane.journal_folder import Position
from dataplane.journal_frames import JournalCorrupt, frame
from dataplane.journal_reader import Batch, JournalReader, SealedJournal
from dataplane.ports import Settler

_log = logging.getLogger("dataplane")
# Consumption takes 2,000 at once, and its loop is busy with so many for some 15 ms.
BATCH = 1000
# A call has two turns of the loop, for its request and for its reply: without a pause each would wait for a step.
_PAUSE = 0.001
_FIRST_WAIT = 0.1
_LONGEST_WAIT = 10.0

Sleep = Callable[[float], Awaitable[None]]


def holder_name(incarnation: int) -> str:
    """How consumption knows the holder of leases: the process and its life."""
    return f"{incarnation:016x}"


def incarnation_of(holder: str) -> int:
    """Whose journal a holder's is; raises ValueError for what names no holder."""
    incarnation = int(holder, 16)
    if holder_name(incarnation) != holder:
        raise ValueError(f"{holder} names no holder.")
    return incarnation


def wait_after(failures: int) -> float:
    """Seconds to wait after so many failures in a row: doubling from 0.1, never more than 10."""
    return min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(failures - 1, 16))


@dataclass(slots=True)
class SettlementHealth:
    """What the carrying of ends looks like from outside."""

    sent: int = 0
    failures_in_a_row: int = 0
    last_error: str = ""


@dataclass(slots=True)
class Settlement:
    """Sends one journal's ends to the settler; the position moves on acknowledgement only."""

    reader: JournalReader
    settler: Settler
    sleep: Sleep = asyncio.sleep
    batch_size: int = BATCH
    # Each batch costs consumption, the log and its readers some 14 ms of CPU, however few its calls: with 0.2 s that is
    # another tenth of a core for as long as anybody calls.
    gather: float = 0.4
    health: SettlementHealth = field(default_factory=SettlementHealth)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    # Acknowledged, though a full disk may not have taken the position yet.
    _reached: Position = field(default_factory=lambda: Position(0))

    def wake(self) -> None:
        """Something was written; a batch leaves after a moment of gathering."""
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self.sleep(self.gather)
            await self._until_done(self.send_written)

    async def send_written(self) -> None:
        """Send everything that is written by now, however long the settler takes to come back.

        What is written meanwhile is for the next time: under steady load there is always some of it, and batches would
        follow each other with a few calls each.
        """
        async with self._turn:
            batch, pause = Batch([], 0, max(self.reader.position(), self._reached), is_last=False), _PAUSE
            while not batch.is_last:
                batch = await self._send_next(batch.after, pause)
                # Who has more than one is behind, or has so many calls that a pause would only put them off.
                pause = 0.0

    async def _send_next(self, position: Position, pause: float) -> Batch:
        batch = await stepped(self.reader.batch_in_steps(position, self.batch_size), pause)
        if batch.frames:
            await self.send(batch.frames, batch.ends)
        if batch.after != position:
            self._move_to(batch.after)
        return batch

    def _move_to(self, position: Position) -> None:
        self._reached = position
        try:
            self.reader.move_to(position)
        except OSError as error:
            # A full disk ends nothing: a successor sends from an older position, and what was seen changes nothing.
            self.health.last_error = f"{type(error).__name__}: {error}"

    async def send(self, frames: Sequence[bytes], ends: int) -> None:
        """Send these frames of the journal, with so many ends, until they are acknowledged."""
        await self._until_done(lambda: self.settler.settle(self._holder, frames))
        self.health.sent += ends

    def is_done(self, end: Position | None) -> bool:
        """Whether everything up to the journal's end is acknowledged."""
        return end is not None and max(self.reader.position(), self._reached) == end

    async def seal(self) -> None:
        """Send the rest and give all leases up, before a process ends in peace."""
        await self.send_written()
        await self._until_done(lambda: self.settler.seal(self._holder))

    @property
    def _holder(self) -> str:
        return holder_name(self.reader.incarnation)

    async def _until_done(self, deed: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await deed()
            except Exception as error:
                self.health.failures_in_a_row += 1
                self.health.last_error = f"{type(error).__name__}: {error}"
                await self.sleep(wait_after(self.health.failures_in_a_row))
            else:
                self.health.failures_in_a_row = 0
                return


async def replay_all(dead: Iterable[SealedJournal], settler: Settler, sleep: Sleep = asyncio.sleep) -> None:
    """Settle dead journals one after the other.

    One that cannot be read is left to people, and one whose files cannot be opened or deleted comes again after the
    others: none keeps another from its end.
    """
    left = deque(dead)
    while left:
        sealed = left.popleft()
        try:
            await replay(sealed, settler, sleep)
        except JournalCorrupt as error:
            _log.error("A journal is not settled, and its leases stay charged until somebody looks: %s", error)
        except OSError as error:
            _log.warning("%s is tried again: %s", sealed.reader.folder, error)
            left.append(sealed)
            await sleep(_LONGEST_WAIT)


async def replay(sealed: SealedJournal, settler: Settler, sleep: Sleep = asyncio.sleep, batch_size: int = BATCH) -> int:
    """Settle a dead journal to its end, then its unknown calls, then give its leases up; counts the unknown calls."""
    settlement = Settlement(sealed.reader, settler, sleep, batch_size)
    unknown = await sealed.unknown()
    await settlement.send_written()
    for start in range(0, len(unknown), batch_size):
        some = [frame(record, sealed.incarnation) for record in unknown[start : start + batch_size]]
        await settlement.send(some, len(some))
    await settlement.seal()
    sealed.delete()
    return len(unknown)
