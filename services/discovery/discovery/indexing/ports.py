"""What indexing needs of an index: the way in and the way out. Search adds the questions (search/ports.py)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chassis.database.transaction import Transaction
from discovery.embeddings.ports import Vectors
from discovery.indexing.document import ListingDocument, State
from marketplace.events.v1.listing_pb2 import ListingSnapshot


@dataclass(frozen=True, slots=True)
class Passages:
    """A listing's vectors, one row per passage, and the model that made them."""

    model_name: str
    vectors: Vectors


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """What is put: the document, and its vectors once there are any."""

    document: ListingDocument
    passages: Passages | None = None


@dataclass(frozen=True, slots=True)
class Removal:
    """What is taken out; a put of the same or an older revision that arrives later does not bring it back."""

    listing_id: str
    revision: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What the index answers with for a listing."""

    version_id: str
    revision: int
    state: State


class ListingTable(Protocol):
    """Where the snapshots that the index follows are kept."""

    async def take(self, transaction: Transaction, snapshot: ListingSnapshot, at: datetime) -> bool:
        """Keeps the snapshot of a fact of that time; False where the same or a newer revision is there."""
        ...


class ListingSink(Protocol):
    """The writing half of the index."""

    async def put(self, entries: Sequence[IndexEntry]) -> tuple[str, ...]:
        """Makes the entries findable at once; gives the ids that were refused because the index knows newer.

        The same revision again replaces (new vectors, new popularity). A retired document is a removal.
        """
        ...

    async def remove(self, removals: Sequence[Removal]) -> None:
        """Makes the listings unfindable; unknown ids and newer revisions in the index are left alone."""
        ...

    async def revision_of(self, listing_id: str) -> int | None:
        """The revision that search answers with; None while the listing cannot be found."""
        ...

    async def standing_of(self, listing_id: str) -> Standing | None:
        """Version, revision and state that search answers with; None while the listing cannot be found."""
        ...

    async def size(self) -> int:
        """How many listings can be found."""
        ...
