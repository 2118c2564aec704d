"""What an entry is read from."""

from dataclasses import dataclass
from typing import Protocol

from discovery.indexing.document import ListingDocument
from discovery.indexing.rules import Viewer
from marketplace.events.v1.listing_pb2 import ListingSnapshot


@dataclass(frozen=True)
class Entry:
    """The document, and the snapshot for what search has no use for."""

    document: ListingDocument
    snapshot: ListingSnapshot


class EntryReader(Protocol):
    """Reads under row security: what the viewer may not see is not there."""

    async def find(self, listing_id: str, viewer: Viewer) -> Entry:
        """Raises ListingNotFound."""
        ...
