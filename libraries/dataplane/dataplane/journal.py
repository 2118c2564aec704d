"""The journal of one process: append-only segments in a folder of its own, locked while the process lives.

It survives the death of the process (the page cache keeps the bytes), not the loss of its disk.
"""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from dataplane.call_records import CallFacts, Opened, Released, Returned, Settled, Unmade
from dataplane.journal_frames import frame
from dataplane.refusals import JournalUnavailable

SEGMENT_BYTES = 64 << 20
LOCK_NAME = "lock"
_ONLY_OWNER = 0o600


def segment_path(folder: Path, number: int) -> Path:
    """The file of one segment."""
    return folder / f"{number:08d}.journal"


def journal_folder(root: Path, incarnation: int) -> Path:
    """The folder of one incarnation's journal."""
    return root / f"{incarnation:016x}"


@dataclass(slots=True)
class Journal:
    """Appends records; make it with `open_journal`. Not for several threads at once."""

    folder: Path
    incarnation: int
    lock: int
    segment_bytes: int = SEGMENT_BYTES
    segment: int = 0
    length: int = 0
    _file: int = -1
    _open_frames: dict[str, bytes] = field(default_factory=dict[str, bytes])
    # Frames that wait for the disk, each with the call that it ends; a return ends none.
    _unwritten: list[tuple[bytes, str]] = field(default_factory=list[tuple[bytes, str]])

    def opened(self, facts: CallFacts) -> None:
        """Write that a request is about to leave; raises JournalUnavailable, and then the call must not be made."""
        data = frame(Opened(facts), self.incarnation)
        try:
            if self._unwritten:
                self._flush()
            self._append(data)
        except OSError as error:
            raise JournalUnavailable(
                "The call could not be written to the journal; free its disk.", retry_after=5
            ) from error
        self._open_frames[facts.call_id] = data

    def ended(self, record: Settled | Released) -> None:
        """Write the end of a call. Where the disk is full the record waits in memory for the next append."""
        self._end(frame(record, self.incarnation), record.facts.call_id)

    def returned(self, record: Returned | Unmade) -> None:
        """Write that lease amounts are no longer held, or that a claim is given up."""
        self._end(frame(record, self.incarnation), "")

    def write_waiting(self) -> None:
        """Try once more to write what waits for the disk."""
        with suppress(OSError):
            self._flush()

    @property
    def calls_open(self) -> int:
        """Calls that were opened and whose end is not written."""
        return len(self._open_frames)

    @property
    def unwritten(self) -> int:
        """Ends of calls that wait for the disk."""
        return len(self._unwritten)

    def close(self) -> None:
        """Let go of the files and the lock; what was not settled is then a successor's to replay."""
        for descriptor in (self._file, self.lock):
            if descriptor >= 0:
                os.close(descriptor)
        self._file = self.lock = -1

    def start_segment(self) -> None:
        """Begin a new segment with the calls still open, so that the ones before it may be deleted once settled."""
        following = self.segment + 1
        file = os.open(
            segment_path(self.folder, following), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, _ONLY_OWNER
        )
        carried = b"".join(self._open_frames.values())
        if carried and os.write(file, carried) != len(carried):
            os.close(file)
            segment_path(self.folder, following).unlink()
            raise OSError("The journal's disk is full.")
        if self._file >= 0:
            os.close(self._file)
        self._file, self.segment, self.length = file, following, len(carried)

    def _end(self, data: bytes, ends: str) -> None:
        if self._unwritten:
            self._unwritten.append((data, ends))
            self.write_waiting()
            return
        try:
            self._append(data)
        except OSError:
            self._unwritten.append((data, ends))
        else:
            self._open_frames.pop(ends, None)

    def _flush(self) -> None:
        while self._unwritten:
            data, ends = self._unwritten[0]
            self._append(data)
            del self._unwritten[0]
            # Not before: a new segment carries every call whose end is not on the disk.
            self._open_frames.pop(ends, None)

    def _append(self, data: bytes) -> None:
        if self.length >= self.segment_bytes:
            self.start_segment()
        written = os.write(self._file, data)
        if written != len(data):
            os.ftruncate(self._file, self.length)
            raise OSError("The journal's disk is full.")
        self.length += written


def open_journal(root: Path, incarnation: int, segment_bytes: int = SEGMENT_BYTES) -> Journal:
    """A new, locked journal for this incarnation under `root`; an incarnation is used once."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = journal_folder(root, incarnation)
    with folder_lock(root):
        folder.mkdir(mode=0o700)
        lock = try_lock(folder / LOCK_NAME)
    if lock is None:
        raise JournalUnavailable(f"The journal of {incarnation:016x} is in use by another process.")
    journal = Journal(folder, incarnation, lock, segment_bytes)
    journal.start_segment()
    return journal


def try_lock(path: Path) -> int | None:
    """An exclusive lock on a file as a descriptor to close, or None where a living process holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, _ONLY_OWNER)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


@contextmanager
def folder_lock(root: Path) -> Generator[None]:
    """Holds a short lock on the root, so that no successor takes a journal for dead while it is being made."""
    descriptor = os.open(root / LOCK_NAME, os.O_RDWR | os.O_CREAT, _ONLY_OWNER)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
