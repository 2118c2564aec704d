"""What can be done with the trail: read it, verify it, record what others did."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from admin.audit.ports import AuditFilter, WrittenTrail
from admin.audit.rules import AuditRow, Entry, Tail, first_broken
from admin.work import OpenWork
from chassis.database.transaction import Transaction

VERIFY_BATCH = 1000


@dataclass(frozen=True)
class Verdict:
    """What the chain is worth: `first_broken` is the position of the first row that does not hold, if any.

    `anchor_found` is None where no anchor was given: only an anchor kept elsewhere shows that the tail was cut.
    """

    rows: int
    head: Tail
    first_broken: int | None
    anchor_found: bool | None

    @property
    def holds(self) -> bool:
        """Whether nothing speaks against the chain."""
        return self.first_broken is None and self.anchor_found is not False


@dataclass(frozen=True)
class ListAuditRows:
    """Read the trail, newest first."""

    open_work: OpenWork

    async def __call__(self, wanted: AuditFilter, limit: int) -> list[AuditRow]:
        """At most `limit` rows."""
        async with self.open_work() as work:
            return await work.trail.newest_first(wanted, limit)


@dataclass(frozen=True)
class VerifyTrail:
    """Check every row against the one before it, and the whole against a head that somebody wrote down earlier."""

    open_work: OpenWork

    async def __call__(self, anchor: Tail | None = None) -> Verdict:
        """The verdict; reads the chain in batches."""
        tail, broken, seen = Tail(), None, anchor is None or anchor == Tail()
        async with self.open_work() as work:
            while broken is None:
                rows = await work.trail.in_order(tail.position, VERIFY_BATCH)
                if not rows:
                    break
                seen = seen or any(Tail(row.position, row.hash) == anchor for row in rows)
                tail, broken = first_broken(rows, tail)
        return Verdict(tail.position, tail, broken, None if anchor is None else seen)


@dataclass(frozen=True)
class RecordDeed:
    """Record what was done in another service, in the transaction that takes its fact: so it stands there once."""

    open_trail: Callable[[Transaction, datetime, str], WrittenTrail]

    async def __call__(self, transaction: Transaction, entry: Entry, row_id: str, at: datetime) -> None:
        """One row at the end of the chain, with the moment of the deed."""
        trail = self.open_trail(transaction, at, row_id)
        await trail.append(entry)
        await trail.write()
