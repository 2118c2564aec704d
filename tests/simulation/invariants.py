"""What must hold after every step, and what must hold once all is quiet."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from simulation.ledger_tables import LedgerTables
from simulation.violation import Verdict
from simulation.witness import Sums, Witness

from dataplane.call_records import JournalRecord
from dataplane.leases import LeaseBook

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def check_balances(tables: LedgerTables, witness: Witness, verdict: Verdict) -> None:
    """Invariants 1 and 5: limits, and that every balance is the sum of its rows."""
    tables.check()
    for (scope_id, start), row in tables.balances.items():
        true = witness.sums.get((scope_id, row.month.end), Sums())
        if (row.settled, row.unknown, row.overdraft) != (true.settled, true.unknown, true.overdraft):
            raise verdict.broken("5", f"{scope_id} from {start:%Y-%m} shows {row}, its rows sum up to {true}")


def check_holder(
    tables: LedgerTables, witness: Witness, holder: str, book: LeaseBook | None, unwritten: Sequence[JournalRecord] = ()
) -> None:
    """Invariants 2 and 3: what a process may still spend and what its calls hold is leased to it.

    What is on its way to the journal counts as if it were there: nothing that rests on it gets there before.
    """
    held = witness.bound_after(holder, unwritten)
    for scope_id, lease in {} if book is None else book.leases.items():
        if lease.available < 0:
            raise witness.verdict.broken("2", f"{holder} admitted a call beyond its lease of {scope_id}")
        place = (scope_id, lease.period_ends_at)
        held[place] = held.get(place, 0) + lease.available
    if holder in witness.gave_up:
        return
    for (scope_id, until), amount in held.items():
        leased = leased_to(tables, holder, scope_id, until)
        if amount > leased:
            raise witness.verdict.broken(
                "3", f"{holder} holds {amount} of {scope_id} until {until}, and {leased} is leased to it"
            )


def leased_to(tables: LedgerTables, holder: str, scope_id: str, until: int | None) -> int:
    """What consumption has on its books as leased to a holder."""
    row = tables.by_end(scope_id, _EPOCH + timedelta(microseconds=until or 0))
    held = None if row is None else tables.leases.get((scope_id, row.month.start), {}).get(holder)
    return 0 if held is None else held.amount


def check_the_end(tables: LedgerTables, witness: Witness, lost: Iterable[str]) -> None:
    """Every call whose request left has one row, and no lease is out but those of lost disks."""
    gone = set(lost)
    for call_id, call in witness.calls.items():
        if call.left and call_id not in witness.rows and call.holder not in gone:
            raise witness.verdict.broken("4", f"{call_id} left, and is neither settled nor unknown")
    for place, held in tables.leases.items():
        still = {name: lease.amount for name, lease in held.items() if lease.amount and name not in gone}
        if still:
            raise witness.verdict.broken("end", f"leases of {place[0]} never came back: {still}")
