"""What following the table needs: its changes in order, and a place for vectors."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from discovery.indexing.document import ListingDocument
from discovery.indexing.ports import Passages


@dataclass(frozen=True, slots=True)
class ListingChange:
    """A row as it stands now; `passages` are those of its present texts, if any model made them yet."""

    number: int
    known_at: datetime
    document: ListingDocument
    passages: Passages | None


@dataclass(frozen=True, eq=False, slots=True)
class MadeVectors:
    """Vectors of a listing's texts as they were with this digest."""

    listing_id: str
    digest: bytes
    passages: Passages


class ListingChanges(Protocol):
    """The table's changes. A number never becomes visible before a smaller one."""

    async def since(self, number: int, at_most: int) -> Sequence[ListingChange]:
        """Rows whose last change came after that number, in order."""
        ...


class VectorShelf(Protocol):
    """Keeps vectors, so that a restart need not make them again."""

    async def keep(self, made: Sequence[MadeVectors]) -> None:
        """All or none of them."""
        ...
