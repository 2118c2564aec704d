"""The trail in PostgreSQL: append-only by its grants, one writer at a time by an advisory lock."""

from dataclasses import dataclass, field
from datetime import datetime

from admin.audit.ports import AuditFilter
from admin.audit.rules import AuditRow, Entry, Stamp, Tail, chained
from chassis.database.transaction import Row, Transaction

_SELECT = (
    "SELECT position, row_id, happened_at, actor, action, subject_kind, subject_id, about_team, reach, details,"
    " previous_hash, hash FROM audit_rows"
)
_INSERT = (
    "INSERT INTO audit_rows (position, row_id, happened_at, actor, action, subject_kind, subject_id, about_team,"
    " reach, details, previous_hash, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
)


@dataclass(frozen=True)
class PostgresTrail:
    """The chain inside one transaction; `reach` says whether it saw one team or all of them."""

    transaction: Transaction
    now: datetime
    row_id: str
    reach: str
    entries: list[Entry] = field(default_factory=list[Entry])

    async def append(self, entry: Entry) -> None:
        """Keep an entry for the end of the transaction, so that the chain's lock is taken last."""
        self.entries.append(entry)

    async def write(self) -> None:
        """Add the entries at the end of the chain; waits for a writer that is before us."""
        if not self.entries:
            return
        found = await self.transaction.fetch_one("SELECT last_position, last_hash FROM audit_tail()")
        tail = Tail(found["last_position"], found["last_hash"]) if found and found["last_position"] else Tail()
        for number, entry in enumerate(self.entries):
            row = chained(tail, entry, Stamp(f"{self.row_id}.{number}", self.now, self.reach))
            await self.transaction.execute(_INSERT, *vars(row).values())
            tail = Tail(row.position, row.hash)

    async def newest_first(self, wanted: AuditFilter, limit: int) -> list[AuditRow]:
        """Rows from the newest on."""
        rows = await self.transaction.fetch(
            _SELECT + " WHERE ($1::text IS NULL OR actor = $1) AND ($2::text IS NULL OR action = $2)"
            " AND ($3::text IS NULL OR subject_id = $3) AND ($4::bigint IS NULL OR position < $4)"
            " ORDER BY position DESC LIMIT $5",
            wanted.actor,
            wanted.action,
            wanted.subject_id,
            wanted.before,
            limit,
        )
        return [_row_of(row) for row in rows]

    async def in_order(self, after: int, limit: int) -> list[AuditRow]:
        """Rows after a position, oldest first."""
        rows = await self.transaction.fetch(_SELECT + " WHERE position > $1 ORDER BY position LIMIT $2", after, limit)
        return [_row_of(row) for row in rows]


def _row_of(row: Row) -> AuditRow:
    return AuditRow(*row.values())
