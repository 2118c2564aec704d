"""What the books of calls need of a journal."""

from collections.abc import Callable
from typing import Protocol

from dataplane.call_records import CallFacts, Released, Returned, Settled, Unmade
from dataplane.refusals import JournalUnavailable

# Told that a call which was to begin could not be written down.
Lost = Callable[[JournalUnavailable], None]


class CallJournal(Protocol):
    """Takes the records of calls in the order in which they happen."""

    def opened(self, facts: CallFacts, terms: object = None, lost: Lost | None = None) -> None:
        """A request is about to leave; calls of the same `terms` are alike. Where it cannot be written down, raises
        JournalUnavailable, or tells `lost` before anything leaves; and then the call must not be made.
        """
        ...

    def ended(self, record: Settled | Released) -> None:
        """The end of a call."""
        ...

    def returned(self, record: Returned | Unmade) -> None:
        """Lease amounts are no longer held, or a claim is given up."""
        ...

    def write_gathered(self) -> None:
        """Write what is gathered, now."""
        ...

    def write_waiting(self) -> None:
        """Try once more to write what waits for the disk."""
        ...

    @property
    def unwritten(self) -> int:
        """Ends of calls that are not on the disk yet."""
        ...

    @property
    def calls_open(self) -> int:
        """Calls that were opened and have not ended."""
        ...
