"""Deeds of interactions."""

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.clock import Clock
from chassis.identity.principal import Principal
from discovery.indexing.rules import Viewer
from discovery.interactions.ports import Diary, Look
from discovery.search.ports import ListingIndex


@dataclass(frozen=True)
class RecordInteractions:
    """Notes looks at listings that the viewer may see; looking again on the same day adds nothing."""

    index: ListingIndex
    diary: Diary
    clock: Clock

    async def __call__(self, looker: Principal, viewer: Viewer, looks: Sequence[Look]) -> int:
        """How many were new."""
        known = await self.index.get_many([look.listing_id for look in looks], viewer)
        seen = [look for look in dict.fromkeys(looks) if look.listing_id in known]
        return await self.diary.note(looker, seen, self.clock.now()) if seen else 0
