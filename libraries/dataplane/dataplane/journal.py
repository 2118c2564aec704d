"""The journal of one process: append-only segments in a folder of its own, locked while the process lives.

It survives the death of the process (the page cache keeps the bytes), not the loss of its disk.
"""

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from dataplane.brief_records import Begun, Others
from dataplane.call_journal import Lost
from dataplane.call_records import CallFacts, Released, Returned, Settled, Unmade
from dataplane.gathered_records import MOST_TOGETHER, Call, Gathered
from dataplane.journal_folder import (
    LOCK_NAME,
    ONLY_OWNER,
    Position,
    delete_journal,
    folder_lock,
    journal_folder,
    segment_path,
    try_lock,
)
from dataplane.journal_frames import frame
from dataplane.record_kinds import Kind, Kinds, ended, own_of, unsent
from dataplane.refusals import Draining, JournalUnavailable

_log = logging.getLogger("dataplane")
SEGMENT_BYTES = 64 << 20


@dataclass(slots=True)
class Journal:
    """Appends records; make it with `open_journal`. Not for several threads at once.

    With `gather`, the records of calls that are looked at in the same turn of the loop are written together: it is
    handed what writes them, and calls that before anything leaves this process. Without it each is written at once.
    """

    folder: Path
    incarnation: int
    lock: int
    segment_bytes: int = SEGMENT_BYTES
    gather: Callable[[Callable[[], None]], None] | None = None
    segment: int = 0
    length: int = 0
    _file: int = -1
    _takes_calls: bool = True
    _kinds: Kinds = field(default_factory=Kinds)
    # What was not tried to be written yet, and whether somebody will.
    _gathered: Gathered = field(default_factory=Gathered)
    _is_due: bool = False
    # Calls that stand open on the disk.
    _open: dict[str, Call] = field(default_factory=dict[str, Call])
    # What waits for the disk.
    _unwritten: list[Gathered | Returned | Unmade] = field(default_factory=list[Gathered | Returned | Unmade])

    def opened(self, facts: CallFacts, terms: object = None, lost: Lost | None = None) -> None:
        """Write that a request is about to leave; calls of the same `terms` are alike.

        Where it is gathered and the disk does not take it, `lost` is told before anything leaves. Without a `lost` it
        is written at once, and raises JournalUnavailable. Either way the call must not be made then. Raises Draining.
        """
        if not self._takes_calls:
            raise Draining("This process is going down; send the request again.", retry_after=1.0)
        gathered, gather, kind = self._gathered, self.gather, self._kinds.of(facts, terms)
        if kind.segment != self.segment:
            self._introduce(kind)
        gathered.begun[facts.call_id] = kind, Begun(kind.number, own_of(facts))
        if lost is not None and gather is not None:
            gathered.losers.append(lost)
            if not self._is_due:
                self._is_due = True
                gather(self.write_gathered)
            elif len(gathered.begun) >= MOST_TOGETHER:
                self.write_gathered()
            return
        refusals: list[JournalUnavailable] = []
        gathered.losers.append(refusals.append)
        self.write_gathered()
        if refusals:
            raise refusals[0]

    def take_no_more(self) -> None:
        """Open no call from here on: what is settled and sealed next is all that there is."""
        self._takes_calls = False

    def ended(self, record: Settled | Released) -> None:
        """Write the end of a call. Where the disk is full it waits in memory for the next append."""
        gathered, gather, call_id = self._gathered, self.gather, record.facts.call_id
        kind, begun = self._open.get(call_id) or gathered.begun.get(call_id) or self._call(record.facts)
        if kind.segment != self.segment:
            self._introduce(kind)
        gathered.kinds[kind.number] = kind
        if isinstance(record, Released):
            gathered.unsent.append(unsent(begun, record))
        else:
            gathered.ended.append(ended(begun, record))
            gather = gather if record.reply is None else None
        if gather is None or len(gathered.ended) >= MOST_TOGETHER or len(gathered.unsent) >= MOST_TOGETHER:
            self.write_gathered()
        elif not self._is_due:
            self._is_due = True
            gather(self.write_gathered)

    def returned(self, record: Returned | Unmade) -> None:
        """Write that lease amounts are no longer held, or that a claim is given up."""
        self.write_gathered()
        self._unwritten.append(record)
        self.write_waiting()

    def write_gathered(self) -> None:
        """Write what is gathered, now."""
        gathered = self._gathered
        self._is_due = False
        if not (gathered.begun or gathered.kinds):
            return
        self._gathered = Gathered()
        try:
            if self._unwritten:
                self._flush()
            self._write(gathered.frames(self.incarnation))
        except Exception as error:
            self._not_written(gathered, error)
            return
        self._written(gathered)
        if self.length >= self.segment_bytes:
            # Where a new one cannot be begun the old one goes on.
            with suppress(OSError):
                self.start_segment()

    def write_waiting(self) -> None:
        """Try once more to write what waits for the disk."""
        with suppress(OSError):
            self._flush()

    @property
    def calls_open(self) -> int:
        """Calls that were opened and whose end is not written."""
        return len(self._open) + len(self._gathered.begun)

    @property
    def unwritten(self) -> int:
        """Writes that wait for the disk, with ends of calls."""
        return len(self._unwritten)

    @property
    def end(self) -> Position | None:
        """Where the next record will stand; None while a call is open or something waits to be written."""
        waits = self.calls_open or self._unwritten or self._gathered.kinds
        return None if waits else Position(self.segment, self.length)

    def close(self) -> None:
        """Let go of the files and the lock; what was not settled is then a successor's to replay."""
        if self._file >= 0:
            self.write_gathered()
        for descriptor in (self._file, self.lock):
            if descriptor >= 0:
                os.close(descriptor)
        self._file = self.lock = -1

    def delete(self) -> None:
        """Leave nothing behind: all of it, and its seal, is acknowledged. Raises OSError where something stays."""
        os.close(self._file)
        self._file = -1
        delete_journal(self.folder)

    def start_segment(self) -> None:
        """Begin a new segment with the calls still open, so that the ones before it may be deleted once settled."""
        following = self.segment + 1
        file = os.open(
            segment_path(self.folder, following), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, ONLY_OWNER
        )
        kinds = {kind: None for kind, _ in self._open.values()}
        begun = [begun for _, begun in self._open.values()]
        parts = [begun[start : start + MOST_TOGETHER] for start in range(0, len(begun), MOST_TOGETHER)]
        carried = b"".join([frame(kind.alike, self.incarnation) for kind in kinds])
        carried += b"".join([frame(Others(part, []), self.incarnation) for part in parts])
        try:
            if carried and os.write(file, carried) != len(carried):
                raise OSError("The journal's disk is full.")
        except OSError:
            os.close(file)
            segment_path(self.folder, following).unlink()
            raise
        if self._file >= 0:
            os.close(self._file)
        self._file, self.segment, self.length = file, following, len(carried)
        for kind in kinds:
            kind.segment = following

    def _call(self, facts: CallFacts) -> Call:
        """As it would stand open."""
        kind = self._kinds.of(facts)
        return kind, Begun(kind.number, own_of(facts))

    def _introduce(self, kind: Kind) -> None:
        self._gathered.new.append(kind)
        kind.segment = self.segment

    def _not_written(self, gathered: Gathered, error: Exception) -> None:
        """Ends wait for the disk, those of calls that began before; what was to begin does not.

        What could be written to no disk waits for none: its calls stay open, and a successor finds their end unknown.
        """
        for kind in gathered.new:
            kind.segment = 0
        rest = gathered.without_begun()
        if not isinstance(error, OSError):
            _log.error("what cannot be written down ended with its turn", exc_info=error)
        elif rest.ended or rest.unsent:
            self._unwritten.append(rest)
        for lost in gathered.losers:
            refusal = JournalUnavailable("The call could not be written to the journal; free its disk.", retry_after=5)
            refusal.__cause__ = error
            lost(refusal)

    def _flush(self) -> None:
        while self._unwritten:
            waiting = self._unwritten[0]
            if isinstance(waiting, Gathered):
                self._write(waiting.frames(self.incarnation))
                # Not before: a new segment carries every call whose end is not on the disk.
                self._written(waiting)
            else:
                self._write(frame(waiting, self.incarnation))
            del self._unwritten[0]

    def _written(self, gathered: Gathered) -> None:
        still_open = self._open
        still_open |= gathered.begun
        for end in gathered.ended:
            still_open.pop(end.own.call_id, None)
        for release in gathered.unsent:
            still_open.pop(release.own.call_id, None)

    def _write(self, data: bytes) -> None:
        written = os.write(self._file, data)
        if written != len(data):
            os.ftruncate(self._file, self.length)
            raise OSError("The journal's disk is full.")
        self.length += written


def open_journal(
    root: Path,
    incarnation: int,
    segment_bytes: int = SEGMENT_BYTES,
    gather: Callable[[Callable[[], None]], None] | None = None,
) -> Journal:
    """A new, locked journal for this incarnation under `root`; an incarnation is used once."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = journal_folder(root, incarnation)
    with folder_lock(root):
        folder.mkdir(mode=0o700)
        lock = try_lock(folder / LOCK_NAME)
    if lock is None:
        raise JournalUnavailable(f"The journal of {incarnation:016x} is in use by another process.")
    journal = Journal(folder, incarnation, lock, segment_bytes, gather)
    journal.start_segment()
    return journal
