"""What can be done with what listings promise."""

from dataclasses import dataclass

from chassis.clock import Clock
from chassis.identity.principal import Principal
from consumption.access import GOVERNORS
from consumption.sla.errors import NotThePublisher
from consumption.sla.ports import EvaluationStore, SlaReader, Standing, TargetStore
from consumption.sla.rules import Targets, moves_of


def reach_of(caller: Principal) -> str | None:
    """The team whose eyes a caller sees with; None for the platform's people, who see every listing."""
    return None if caller.has_role(*GOVERNORS) else caller.tenant or ""


@dataclass(frozen=True)
class ReadStanding:
    """How a listing does, for whoever may see it."""

    reader: SlaReader
    clock: Clock

    async def __call__(self, caller: Principal, listing_id: str) -> Standing:
        """Raises ListingNotFound."""
        return await self.reader.standing(reach_of(caller), listing_id, self.clock.now())


@dataclass(frozen=True)
class SetTargets:
    """Say what a listing is held to: its own team's leaders, or the platform's people."""

    store: TargetStore
    clock: Clock

    async def __call__(self, caller: Principal, listing_id: str, targets: Targets) -> Standing:
        """How it does now. Raises ListingNotFound, NotThePublisher."""
        reach, now = reach_of(caller), self.clock.now()
        listing = await self.store.listing(reach, listing_id)
        if reach is not None and listing.team_id != reach:
            raise NotThePublisher("Another team published this listing: only it says what the listing is held to.")
        await self.store.put(reach, listing, targets, caller.account_id, now)
        return await self.store.standing(reach, listing_id, now)


@dataclass(frozen=True)
class EvaluateListings:
    """Look at every listing that is called and held to something: note what falls short, and what recovered."""

    store: EvaluationStore
    clock: Clock

    async def __call__(self) -> int:
        """How many breaches came or went."""
        now, changes, after = self.clock.now(), 0, ""
        while True:
            page = await self.store.evaluate(after, now, moves_of)
            changes += page.changes
            if page.last is None:
                return changes
            after = page.last
