"""How far the index is that this process asks."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from discovery.indexing.document import ListingDocument


@dataclass
class Progress:
    """Written by whoever follows the table; where that is another process, a copy of what it says.

    `reached` is the last change taken; `loaded` once there was nothing more to take for the first time.
    """

    reached: int = 0
    loaded: bool = False
    last_change_at: datetime | None = None
    # Seconds from the last fact that came after loading to the moment it could be found.
    last_delay: float | None = None
    without_vectors: int = 0

    async def loading(self) -> str | None:
        """The readiness of the index, in words."""
        return None if self.loaded else f"index loading: at change {self.reached}"


@dataclass
class Waiting:
    """Listings without vectors, the newest document of each.

    Whoever writes to the index holds `turn`: an index elsewhere looks which vectors a listing has and then writes, so
    of two writes at once one would undo the other.
    """

    wanted: asyncio.Event = field(default_factory=asyncio.Event)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _documents: dict[str, ListingDocument] = field(default_factory=dict[str, ListingDocument])

    def __len__(self) -> int:
        return len(self._documents)

    def __iter__(self) -> Iterator[ListingDocument]:
        return iter(self._documents.values())

    def add(self, document: ListingDocument) -> None:
        """The document waits, instead of an older one."""
        self._documents[document.id] = document
        self.wanted.set()

    def drop(self, listing_id: str) -> None:
        """The listing waits no longer, if it did."""
        self._documents.pop(listing_id, None)

    def holds(self, document: ListingDocument) -> bool:
        """Whether this very document waits, and none that came later."""
        return self._documents.get(document.id) is document
