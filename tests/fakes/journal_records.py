"""All records of a journal, each with all that is known of its call, as nobody but a test wants them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from dataplane.brief_records import Alike, BriefRecord, Ends, Known, Others, in_full
from dataplane.call_records import JournalRecord
from dataplane.journal_frames import JournalCorrupt, read_as_written


def read_frames(data: bytes, incarnation: int, known: Known | None = None) -> Iterator[tuple[JournalRecord, int]]:
    """Each whole record of `data` with the offset just after its frame, up to the end or a torn tail.

    `known` is what stands before `data` in its segment; what stands in `data` is added.
    """
    known = {} if known is None else known
    for record, end in read_as_written(data, incarnation):
        if isinstance(record, Alike):
            known[record.number] = record
        elif isinstance(record, Ends | Others):
            brief: Sequence[BriefRecord] = record.ends if isinstance(record, Ends) else [*record.begun, *record.unsent]
            for one in brief:
                yield _in_full(one, known), end
        else:
            yield record, end


def everything(folder: Path, incarnation: int) -> Iterator[JournalRecord]:
    """Every record of every segment that is still there, in order."""
    for segment in sorted(folder.glob("*.journal")):
        for record, _ in read_frames(segment.read_bytes(), incarnation):
            yield record


def _in_full(record: BriefRecord, known: Known) -> JournalRecord:
    try:
        return in_full(record, known)
    except ValueError as error:
        raise JournalCorrupt(f"A frame is of no use: {error}") from error
