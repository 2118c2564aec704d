"""Which calls a journal says to have begun, and not how they ended; found with few bytes of it in memory at a time."""

from dataclasses import dataclass, field

from dataplane.brief_records import Alike, Begun, Ends, Known, Others, in_full
from dataplane.call_records import CallFacts, JournalRecord, Opened, Released, Settled
from dataplane.journal_frames import JournalCorrupt, Written, read_as_written


@dataclass(slots=True)
class UnendedCalls:
    """Looks at a journal's segments from the first to the last; of calls that ended it keeps nothing for long.

    Ends stand before the beginnings of the same write, after which no call of it begins any more.
    """

    incarnation: int
    _begun: dict[str, CallFacts | tuple[Begun, Known]] = field(
        default_factory=dict[str, "CallFacts | tuple[Begun, Known]"]
    )
    _ended_before: set[str] = field(default_factory=set[str])
    _known: Known = field(default_factory=Known)

    def begin_segment(self) -> None:
        """What follows refers to what stands in a segment of its own."""
        self._known = {}

    def look_at(self, data: bytes) -> int:
        """Note what whole frames at the front of some bytes say; how many bytes they are. Raises JournalCorrupt."""
        taken = 0
        for record, end in read_as_written(data, self.incarnation):
            self._note(record)
            taken = end
        return taken

    def facts(self) -> list[CallFacts]:
        """The calls without an end so far, in the order in which they began; raises JournalCorrupt."""
        return [begun if isinstance(begun, CallFacts) else _facts_of(*begun) for begun in self._begun.values()]

    def _note(self, record: Written) -> None:
        if isinstance(record, Alike):
            self._known[record.number] = record
        elif isinstance(record, Ends):
            for end in record.ends:
                if self._begun.pop(end.own.call_id, None) is None:
                    self._ended_before.add(end.own.call_id)
        elif isinstance(record, Others):
            self._note_others(record)
        else:
            self._note_in_full(record)

    def _note_others(self, others: Others) -> None:
        for begun in others.begun:
            if begun.own.call_id not in self._ended_before:
                self._begun[begun.own.call_id] = begun, self._known
        self._ended_before.clear()
        # One that was never sent may never have begun.
        for unsent in others.unsent:
            self._begun.pop(unsent.own.call_id, None)

    def _note_in_full(self, record: JournalRecord) -> None:
        if isinstance(record, Opened):
            self._begun[record.facts.call_id] = record.facts
        elif isinstance(record, Settled | Released):
            self._begun.pop(record.facts.call_id, None)


def _facts_of(begun: Begun, known: Known) -> CallFacts:
    try:
        return in_full(begun, known).facts
    except ValueError as error:
        raise JournalCorrupt(f"A call that began is of no use: {error}") from error
