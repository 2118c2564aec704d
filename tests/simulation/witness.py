"""Sees every record that is written, every request that leaves and every row that is counted, and keeps own books.

Nothing here is asked of the code under test: sums are made anew, from what was seen.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from fakes.journal_records import read_frames
from simulation.true_costs import true_charges, true_cost
from simulation.violation import Verdict

from consumption.settlement.rules import EndedCall
from dataplane.brief_records import Known
from dataplane.call_records import CallFacts, JournalRecord, Opened, Outcome, Released, Returned, Settled
from dataplane.records import KeyRecord
from dataplane.reservation import Reservation
from dataplane.settlement import holder_name
from dataplane.usage import Usage

Held = tuple[str, int | None]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class CallSeen:
    """What is known of a call that was opened."""

    holder: str
    facts: CallFacts
    settled: Settled | None = None
    released: bool = False
    left: bool = False
    holder_died: bool = False
    died_open: bool = False

    @property
    def has_end(self) -> bool:
        return self.settled is not None or self.released


@dataclass
class Sums:
    """What a scope in a month must show, counted from the rows."""

    settled: int = 0
    unknown: int = 0
    overdraft: int = 0


@dataclass
class Witness:
    """The simulator's own books; `vendor` is what the vendor says it will bill, by call."""

    verdict: Verdict
    keys: dict[str, KeyRecord]
    calls: dict[str, CallSeen] = field(default_factory=dict[str, CallSeen])
    vendor: dict[str, Usage] = field(default_factory=dict[str, Usage])
    bound: dict[str, dict[Held, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    # What journals say is on its way back, by the return's id: its holder and the amounts.
    returns: dict[str, tuple[str, Returned]] = field(default_factory=dict[str, tuple[str, Returned]])
    rows: dict[str, EndedCall] = field(default_factory=dict[str, EndedCall])
    sums: dict[tuple[str, datetime], Sums] = field(default_factory=lambda: defaultdict(Sums))
    gave_up: set[str] = field(default_factory=set[str])
    touched: set[str] = field(default_factory=set[str])
    unknown: int = 0
    # What records of each file refer to.
    known: dict[str, Known] = field(default_factory=lambda: defaultdict(dict))

    # What journals got.

    def appended(self, name: str, data: bytes) -> None:
        """What stays of a write to a journal, named by its incarnation's folder; the end may be torn."""
        incarnation = int(name.split("/")[-2], 16)
        records = [record for record, _ in read_frames(data, incarnation, self.known[name])]
        # What is written together is there at once.
        for record in sorted(records, key=lambda record: not isinstance(record, Opened)):
            self._written(holder_name(incarnation), record)
        self.touched.add(holder_name(incarnation))

    def _written(self, holder: str, record: object) -> None:
        if isinstance(record, Opened):
            self._opened(holder, record.facts)
        elif isinstance(record, Settled):
            self._settled(holder, record)
        elif isinstance(record, Released):
            self._released(holder, record)
        elif isinstance(record, Returned):
            self.returns[record.return_id] = holder, record
            for held in record.amounts:
                self.bound[holder][held.scope_id, held.period_ends_at] += held.amount

    def bound_after(self, holder: str, records: Iterable[JournalRecord]) -> dict[Held, int]:
        """What calls and returns of a holder will hold once its journal has these records, too."""
        bound = defaultdict(int, self.bound[holder])
        for record in records:
            for place, amount in _bound_by(record):
                bound[place] += amount
        return bound

    def _opened(self, holder: str, facts: CallFacts) -> None:
        if facts.call_id in self.calls:
            return
        self.calls[facts.call_id] = CallSeen(holder, facts)
        scopes = [scope.scope_id for scope in self.keys[facts.key_id].scopes]
        if [held.scope_id for held in facts.reservations] != scopes:
            raise self.verdict.broken("2", f"{facts.call_id} is not reserved in every scope of its key: {facts}")
        for held in facts.reservations:
            self.bound[holder][held.scope_id, held.period_ends_at] += held.amount

    def _settled(self, holder: str, record: Settled) -> None:
        call = self._ended(record.facts.call_id)
        call.settled = record
        for held, spent in zip(record.facts.reservations, record.spent, strict=True):
            self.bound[holder][held.scope_id, held.period_ends_at] -= held.amount - min(spent, held.amount)

    def _released(self, holder: str, record: Released) -> None:
        if record.facts.call_id not in self.calls:
            return
        call = self._ended(record.facts.call_id)
        if call.left:
            raise self.verdict.broken("4", f"{record.facts.call_id} was released after its request left")
        call.released = True
        for held in record.facts.reservations:
            self.bound[holder][held.scope_id, held.period_ends_at] -= held.amount

    def _ended(self, call_id: str) -> CallSeen:
        call = self.calls.get(call_id)
        if call is None:
            raise self.verdict.broken("4", f"{call_id} ended and was never opened")
        if call.has_end:
            raise self.verdict.broken("4", f"{call_id} ended twice")
        return call

    # What vendors and callers got.

    def request_left(self, call_id: str) -> None:
        """The request is on its way to the vendor."""
        call = self.calls.get(call_id)
        if call is None or call.has_end:
            raise self.verdict.broken("4", f"{call_id} left without standing open in the journal")
        call.left = True

    def reply_ended(self, call_id: str, *, waits_for_disk: bool) -> None:
        """The last bytes of an answer are about to leave."""
        call = self.calls.get(call_id)
        if call is not None and call.left and not call.has_end and not waits_for_disk:
            raise self.verdict.broken("4", f"the last bytes of {call_id} leave before its settlement is written")

    def died(self, holder: str) -> None:
        """A process ended, however."""
        for call in self.calls.values():
            if call.holder == holder:
                call.holder_died = True
                call.died_open = not call.has_end

    # What consumption counted.

    def counted(self, holder: str, calls: list[EndedCall], *, sealed: bool) -> None:
        """Rows that were new, before the balances move."""
        for call in calls:
            self._count(holder, call, sealed=sealed)
        self.touched.add(holder)

    def returned(self, holder: str, return_id: str) -> None:
        """A return of a journal was counted."""
        if return_id not in self.returns:
            raise self.verdict.broken("3", f"{return_id} went back, and had gone back with all that {holder} held")
        for held in self.returns.pop(return_id)[1].amounts:
            self.bound[holder][held.scope_id, held.period_ends_at] -= held.amount

    def gave_back(self, holder: str) -> None:
        """A recall was answered."""
        self.touched.add(holder)

    def sealed(self, holder: str) -> None:
        """Invariant 3: leases of a holder go back when nothing of its journal is left to count."""
        self.gave_up.add(holder)
        # What is on its way back goes back with all the rest, and must not come again.
        for return_id in [one for one, (whose, _) in self.returns.items() if whose == holder]:
            self.returned(holder, return_id)
        bound = {place: amount for place, amount in self.bound[holder].items() if amount}
        if bound:
            raise self.verdict.broken("3", f"the leases of {holder} went back while calls of its journal hold {bound}")

    def _count(self, holder: str, row: EndedCall, *, sealed: bool) -> None:
        call_id = row.usage.call_id
        seen = self.calls.get(call_id)
        if seen is None or call_id in self.rows or seen.holder != holder or seen.released:
            raise self.verdict.broken("5", f"{call_id} is counted, and it has a row or is none of {holder}'s calls")
        self.rows[call_id] = row
        unknown = row.usage.outcome == "unknown"
        if unknown:
            self.unknown += 1
            self._check_unknown(seen)
        else:
            self._check_settled(seen, row)
        for held, spent in true_charges(seen.facts, None if unknown else seen.settled):
            self._sum(held, spent, unknown=unknown, sealed=sealed)
            reserved = spent if unknown else min(spent, held.amount)
            self.bound[holder][held.scope_id, held.period_ends_at] -= reserved

    def _sum(self, held: Reservation, spent: int, *, unknown: bool, sealed: bool) -> None:
        scope_id, amount, until = held.scope_id, held.amount, held.period_ends_at
        sums = self.sums[scope_id, _EPOCH + timedelta(microseconds=until or 0)]
        if unknown:
            sums.unknown += spent
        else:
            sums.settled += spent
        sums.overdraft += spent if sealed else max(0, spent - amount)

    def _check_unknown(self, seen: CallSeen) -> None:
        if not seen.died_open:
            raise self.verdict.broken("4", f"{seen.facts.call_id} is counted as unknown, and its end is known")

    def _check_settled(self, seen: CallSeen, row: EndedCall) -> None:
        settled, call_id = seen.settled, row.usage.call_id
        if settled is None or not seen.left:
            raise self.verdict.broken("4", f"{call_id} is counted as settled, and was not sent or has not ended")
        said = Usage(row.usage.prompt_tokens, row.usage.completion_tokens, row.usage.cached_prompt_tokens)
        if settled.outcome is Outcome.COMPLETED and not row.usage.estimated and said != self.vendor[call_id]:
            raise self.verdict.broken("4", f"{call_id} is counted as {said}, its vendor bills {self.vendor[call_id]}")
        cost = true_cost(said, seen.facts.price)
        if row.usage.cost != cost:
            raise self.verdict.broken("6", f"{call_id} costs {cost}, and is counted as {row.usage.cost}")


def _bound_by(record: JournalRecord) -> Iterator[tuple[Held, int]]:
    """How much more, or less, a record says is held in each place."""
    if isinstance(record, Returned):
        yield from [((held.scope_id, held.period_ends_at), held.amount) for held in record.amounts]
    elif isinstance(record, Opened | Settled | Released):
        spent = record.spent if isinstance(record, Settled) else [0] * len(record.facts.reservations)
        sign = 1 if isinstance(record, Opened) else -1
        for held, used in zip(record.facts.reservations, spent, strict=True):
            yield (held.scope_id, held.period_ends_at), sign * (held.amount - min(used, held.amount))
