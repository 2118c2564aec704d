"""The chain: what a row says, and the hash that binds it to the row before."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from chassis.clock import rfc3339

FIRST_HASH = "0" * 64
Detail = str | int | bool | None | list[str]


@dataclass(frozen=True)
class Entry:
    """One deed: who did what to what. `details` never holds a password, a token, a key or a hash of one."""

    actor: str
    action: str
    subject_kind: str
    subject_id: str
    team_id: str | None = None
    details: Mapping[str, Detail] = field(default_factory=dict[str, Detail])


@dataclass(frozen=True)
class AuditRow:
    """An entry in its place in the chain; `details` is the JSON text that was hashed."""

    position: int
    row_id: str
    happened_at: datetime
    actor: str
    action: str
    subject_kind: str
    subject_id: str
    team_id: str | None
    reach: str
    details: str
    previous_hash: str
    hash: str


@dataclass(frozen=True)
class Tail:
    """The last row's place and hash; the chain starts at position 0 with 64 zeros."""

    position: int = 0
    hash: str = FIRST_HASH


@dataclass(frozen=True)
class Stamp:
    """What the recording of an entry adds to it."""

    row_id: str
    happened_at: datetime
    reach: str


def chained(tail: Tail, entry: Entry, stamp: Stamp) -> AuditRow:
    """The row that continues the chain."""
    details = json.dumps(dict(entry.details), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    open_row = AuditRow(
        position=tail.position + 1,
        row_id=stamp.row_id,
        happened_at=stamp.happened_at,
        actor=entry.actor,
        action=entry.action,
        subject_kind=entry.subject_kind,
        subject_id=entry.subject_id,
        team_id=entry.team_id,
        reach=stamp.reach,
        details=details,
        previous_hash=tail.hash,
        hash="",
    )
    return replace(open_row, hash=hash_of(open_row))


def hash_of(row: AuditRow) -> str:
    """SHA-256 in hex over every field but the hash itself, as one JSON array."""
    fields = [
        row.position,
        row.row_id,
        rfc3339(row.happened_at),
        row.actor,
        row.action,
        row.subject_kind,
        row.subject_id,
        row.team_id,
        row.reach,
        row.details,
        row.previous_hash,
    ]
    return hashlib.sha256(json.dumps(fields, separators=(",", ":")).encode()).hexdigest()


def first_broken(rows: Iterable[AuditRow], start: Tail) -> tuple[Tail, int | None]:
    """The tail that the rows reach after `start`, and the position of the first one that does not hold."""
    tail = start
    for row in rows:
        expected = (tail.position + 1, tail.hash, hash_of(row))
        if (row.position, row.previous_hash, row.hash) != expected:
            return tail, tail.position + 1
        tail = Tail(row.position, row.hash)
    return tail, None
