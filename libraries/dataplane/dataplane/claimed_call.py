"""The books and the reply of a call that claimed its Idempotency-Key: its end is written together with its reply.

The exchange with the vendor settles a call and, in the same callback, ends its reply. Between the two the end is held
here; it is written, with what the caller is about to be told, before the last bytes leave.
"""

import asyncio
from collections.abc import Callable

import msgspec

from dataplane.call_journal import CallJournal, Lost
from dataplane.call_records import CallFacts, Outcome, Released, Returned, Settled, Unmade
from dataplane.kept_reply import LARGEST_BODY, KeptReply, reply_to_keep
from dataplane.refusals import JournalUnavailable
from wire.exchange import Exchange


class ClaimedJournal:
    """Stands before the journal for one call. `written` is called where its settlement would not hear of a record."""

    __slots__ = ("_call_id", "_free", "_held", "_journal", "_opened", "_team_id", "_written")

    def __init__(self, journal: CallJournal, written: Callable[[], None], call_id: str) -> None:
        self._journal = journal
        self._written = written
        self._call_id = call_id
        self._team_id = ""
        self._opened = False
        self._held: Settled | None = None
        self._free = True

    def asks(self, team_id: str) -> None:
        """From here on there may be a claim, which ends with the call or is given up."""
        self._team_id = team_id
        self._free = False

    def got_none(self) -> None:
        """Another call holds the key."""
        self._free = True

    def give_up(self) -> None:
        """The call is not made: its key is free for a retry. Of a call that was opened this is not said."""
        if not self._free and not self._opened:
            self._free = True
            self._journal.returned(Unmade(self._team_id, self._call_id))
            self._written()

    def told(self, status: int, header_lines: bytes, body: bytes | None) -> None:
        """The caller is about to hear the end of its reply; None: a body that was too large to be gathered."""
        settled = self._held
        if settled is None:
            self.give_up()
            return
        charged = settled.usage.total_tokens > 0 or bool(settled.cost)
        self._write(settled, reply_to_keep(status, header_lines, body, charged=charged))

    # The journal's side.

    def opened(self, facts: CallFacts, terms: object = None, lost: Lost | None = None) -> None:
        """Written at once. Never of a call that was given up: somebody else may have claimed its key."""
        del lost
        if self._free:
            raise JournalUnavailable("The call was given up before it was sent.", retry_after=1)
        self._journal.opened(facts, terms)
        self._opened = True

    def ended(self, record: Settled | Released) -> None:
        """Hold the end of the call until its reply is known."""
        if isinstance(record, Released):
            self._journal.ended(record)
            # It never left, whether or not it was written down before.
            self._opened = False
            self.give_up()
        elif record.outcome is Outcome.CALLER_LEFT:
            self._write(record, _unheard(record))
        else:
            self._held = record
            # Whatever breaks between, the call stays settled.
            asyncio.get_running_loop().call_soon(self._write_alone)

    def returned(self, record: Returned | Unmade) -> None:
        """Lease amounts are no longer held."""
        self._journal.returned(record)

    def write_gathered(self) -> None:
        """Write what is gathered of other calls."""
        self._journal.write_gathered()

    def write_waiting(self) -> None:
        """Try once more to write what waits for the disk."""
        self._journal.write_waiting()

    @property
    def unwritten(self) -> int:
        """Ends that are not on the disk, the one held here among them."""
        return self._journal.unwritten + (self._held is not None)

    @property
    def calls_open(self) -> int:
        """Calls of the whole journal."""
        return self._journal.calls_open

    def _write_alone(self) -> None:
        if self._held is not None:
            self._write(self._held, _unheard(self._held))

    def _write(self, settled: Settled, reply: KeptReply) -> None:
        self._held = None
        self._journal.ended(msgspec.structs.replace(settled, reply=reply))
        self._written()


def _unheard(settled: Settled) -> KeptReply:
    return KeptReply("caller_left", settled.status)


class KeptExchange(Exchange):
    """The caller's exchange of a claimed call: passes the reply on, and tells the journal before its last bytes."""

    __slots__ = ("_caller", "_gathered", "_gathered_bytes", "_journal", "_lines", "_status")

    def __init__(self, caller: Exchange, journal: ClaimedJournal) -> None:
        super().__init__(caller.connection, caller.head, caller.length, close=caller.close)
        self._caller = caller
        self._journal = journal
        self._status = 0
        self._lines = b""
        self._gathered: list[bytes] = []
        self._gathered_bytes = 0

    def reply(self, status: int, headers: bytes, body: bytes) -> None:
        """The whole reply."""
        if self.begun:
            return
        self.begun = self.ended = True
        self._journal.told(status, headers, body)
        self._caller.reply(status, headers, body)

    def begin(self, status: int, headers: bytes, length: int | None = None) -> None:
        """The head of a stream."""
        if self.begun:
            return
        self.begun = True
        self._status, self._lines = status, headers
        self._caller.begin(status, headers, length)

    def write(self, data: bytes) -> None:
        """A part of a stream."""
        self._gather(data)
        self._caller.write(data)

    def end(self, data: bytes = b"") -> None:
        """The last part of a stream."""
        if self.ended:
            return
        self.ended = True
        self._gather(data)
        whole = None if self._gathered_bytes > LARGEST_BODY else b"".join(self._gathered)
        self._journal.told(self._status, self._lines, whole)
        self._caller.end(data)

    def _gather(self, data: bytes) -> None:
        self._gathered_bytes += len(data)
        if self._gathered_bytes > LARGEST_BODY:
            self._gathered.clear()
        elif data:
            self._gathered.append(data)
