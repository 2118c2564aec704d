"""How far the index of this process is."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

from discovery.indexing.document import ListingDocument


@dataclass
class Progress:
    """`reached` is the last change taken; `loaded` once there was nothing more to take for the first time."""

    reached: int = 0
    loaded: bool = False
    last_change_at: datetime | None = None
    # Seconds from the last fact that came after loading to the moment it could be found.
    last_delay: float | None = None
    # Listings without vectors, the newest document of each.
    waiting: dict[str, ListingDocument] = field(default_factory=dict[str, ListingDocument])
    vectors_wanted: asyncio.Event = field(default_factory=asyncio.Event)

    async def loading(self) -> str | None:
        """The readiness of the index, in words."""
        return None if self.loaded else f"index loading: at change {self.reached}"
