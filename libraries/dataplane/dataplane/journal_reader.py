"""Reads a journal in batches from a position that outlives the process, and takes over the journals of the dead."""

import os
import struct
import zlib
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path

from dataplane.call_records import CallFacts, Unknown
from dataplane.in_steps import stepped
from dataplane.journal_folder import LOCK_NAME, Position, delete_journal, folder_lock, segment_path, try_lock
from dataplane.journal_frames import LARGEST_FRAME, Cut, JournalCorrupt, cut_ends
from dataplane.unended_calls import UnendedCalls

_POSITION_NAME = "position"
_POSITION = struct.Struct("<QQI")
# A step of some 150 microseconds where what it needs is cold, and little enough that its memory is used again and not
# asked of the kernel each time.
_READ = 16 << 10
# Room for the largest frame, where a read ended before the frame did.
_LARGEST_READ = LARGEST_FRAME + 1024
# Consumption takes messages of 8 MiB; one more read than this is far below it.
_ENOUGH = 3 << 20


@dataclass(frozen=True, slots=True)
class Batch:
    """Frames of a journal with so many ended calls and returns, and where to go on once they are acknowledged.

    The last is one that reaches all that was written when it was read.
    """

    frames: list[bytes]
    ends: int
    after: Position
    is_last: bool


@dataclass(slots=True)
class JournalReader:
    """Batches of one journal's ends; `move_to` makes a position durable and deletes segments before it."""

    folder: Path
    incarnation: int
    # What ends refer to that stands in a segment up to this place, as frames by number.
    _alike: dict[int, bytes] = field(default_factory=dict[int, bytes])
    _alike_to: Position = field(default_factory=lambda: Position(0))

    def position(self) -> Position:
        """The last acknowledged place; the start where none was written, the file is torn, or its segment is gone."""
        try:
            data = (self.folder / _POSITION_NAME).read_bytes()
        except FileNotFoundError:
            return self._first()
        if len(data) != _POSITION.size:
            return self._first()
        segment, offset, crc = _POSITION.unpack(data)
        holds = zlib.crc32(data[:16]) == crc and segment_path(self.folder, segment).exists()
        return Position(segment, offset) if holds else self._first()

    def batch(self, start: Position, most: int = 500) -> Batch:
        """Some `most` ends from `start` on; it leads nowhere where nothing more is written."""
        steps = self.batch_in_steps(start, most)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                return end.value

    def batch_in_steps(self, start: Position, most: int = 500) -> Generator[None, None, Batch]:
        """The same; yields now and then."""
        yield from self._know_before(start)
        found, after = Cut(), start
        while found.ends < most and found.length < _ENOUGH:
            cut = self._cut(after, most - found.ends)
            if not cut.length:
                following = Position(after.segment + 1)
                is_last = not segment_path(self.folder, following.segment).exists()
                return Batch(self._complete(found), found.ends, after if is_last else following, is_last)
            found.add(cut)
            after = Position(after.segment, after.offset + cut.length)
            yield
        return Batch(self._complete(found), found.ends, after, is_last=False)

    def move_to(self, position: Position) -> None:
        """Make a position durable against the death of the process, and delete what lies wholly before it.

        On a full disk that goes first, and makes the room: what a successor then sends again changes nothing.
        """
        try:
            self._write_position(position)
        except OSError:
            self._delete_before(position)
            self._write_position(position)
        else:
            self._delete_before(position)

    def _write_position(self, position: Position) -> None:
        head = struct.pack("<QQ", position.segment, position.offset)
        draft = self.folder / f"{_POSITION_NAME}.draft"
        draft.write_bytes(head + struct.pack("<I", zlib.crc32(head)))
        draft.replace(self.folder / _POSITION_NAME)

    def _delete_before(self, position: Position) -> None:
        for number in self._segments():
            if number < position.segment:
                segment_path(self.folder, number).unlink()

    def unended_in_steps(self) -> Generator[None, None, list[CallFacts]]:
        """The calls that were opened and whose end nobody wrote; yields now and then."""
        found = UnendedCalls(self.incarnation)
        for number in self._segments():
            found.begin_segment()
            at = Position(number)
            while taken := self._look(at, found.look_at):
                at = Position(number, at.offset + taken)
                yield
        return found.facts()

    def _complete(self, found: Cut) -> list[bytes]:
        """The frames with ends, after those that they refer to."""
        return [*(self._alike[number] for number in sorted(found.refers_to)), *found.frames]

    def _know_before(self, start: Position) -> Generator[None]:
        """Where not all before was read here, as by a successor, look at what the segment says until there."""
        if start.segment == self._alike_to.segment and start <= self._alike_to:
            return
        self._alike.clear()
        at = Position(start.segment)
        while at < start:
            cut = self._cut(at, start.offset)
            if not cut.length:
                return
            at = Position(at.segment, at.offset + cut.length)
            yield

    def _cut(self, start: Position, most: int) -> Cut:
        cut = Cut()

        def look_at(data: bytes) -> int:
            cut.add(cut_ends(data, self.incarnation, most, self._alike))
            return cut.length

        self._look(start, look_at)
        self._alike_to = Position(start.segment, start.offset + cut.length)
        return cut

    def _look(self, start: Position, look_at: Callable[[bytes], int]) -> int:
        """Have the next whole frames looked at, one at least unless there is none; how many bytes they are.

        Raises JournalCorrupt also where a frame says to be longer than any: only at its end may a journal be torn.
        """
        data = self._bytes(start, _READ)
        taken = look_at(data)
        if not taken and len(data) == _READ:
            data = self._bytes(start, _LARGEST_READ)
            taken = look_at(data)
            if not taken and len(data) == _LARGEST_READ:
                where = f"at byte {start.offset} of segment {start.segment} of {self.incarnation:016x}"
                raise JournalCorrupt(f"The frame {where} says to be larger than any is.")
        return taken

    def _bytes(self, start: Position, most: int) -> bytes:
        try:
            with segment_path(self.folder, start.segment).open("rb") as file:
                file.seek(start.offset)
                return file.read(most)
        except FileNotFoundError:
            return b""

    def _segments(self) -> list[int]:
        return sorted(int(path.stem) for path in self.folder.glob("*.journal"))

    def _first(self) -> Position:
        return Position(min(self._segments(), default=1), 0)


@dataclass(slots=True)
class SealedJournal:
    """The journal of a dead process, held by its successor until all of it is settled."""

    reader: JournalReader
    lock: int

    @property
    def incarnation(self) -> int:
        """Whose journal it is."""
        return self.reader.incarnation

    async def unknown(self) -> list[Unknown]:
        """The calls that were opened and whose end nobody wrote; others have their turn meanwhile."""
        return [Unknown(facts) for facts in await stepped(self.reader.unended_in_steps())]

    def delete(self) -> None:
        """Forget the journal: all of it, and its seal, is acknowledged."""
        try:
            delete_journal(self.reader.folder)
        finally:
            self.let_go()

    def let_go(self) -> None:
        """Leave the journal for another successor."""
        if self.lock >= 0:
            os.close(self.lock)
            self.lock = -1


def seal_the_dead(root: Path) -> list[SealedJournal]:
    """Take over every journal under `root` whose process lives no more; nobody can write to it from then on."""
    if not root.exists():
        return []
    with folder_lock(root):
        folders = [path for path in sorted(root.iterdir()) if path.is_dir()]
        locked = [(folder, try_lock(folder / LOCK_NAME)) for folder in folders]
    return [
        SealedJournal(JournalReader(folder, int(folder.name, 16)), lock) for folder, lock in locked if lock is not None
    ]
