"""What auditing needs from outside: a chain that takes rows, and a way to read it."""

from dataclasses import dataclass
from typing import Protocol

from admin.audit.rules import AuditRow, Entry


@dataclass(frozen=True)
class AuditFilter:
    """Which rows are wanted; None wants all. `before` is a position."""

    actor: str | None = None
    action: str | None = None
    subject_id: str | None = None
    before: int | None = None


class Trail(Protocol):
    """The chain, inside one transaction: with its rollback the entry never was."""

    async def append(self, entry: Entry) -> None:
        """Add an entry at the end."""
        ...

    async def newest_first(self, wanted: AuditFilter, limit: int) -> list[AuditRow]:
        """Rows from the newest on."""
        ...

    async def in_order(self, after: int, limit: int) -> list[AuditRow]:
        """Rows after a position, oldest first."""
        ...


class WrittenTrail(Trail, Protocol):
    """A chain whose entries are kept until they are written, last in the transaction."""

    async def write(self) -> None:
        """Add the entries at the end of the chain."""
        ...
