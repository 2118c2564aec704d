"""What can be done with tiers."""

from dataclasses import dataclass

from chassis.clock import Clock
from chassis.identity.principal import Principal
from consumption.tiers.ports import TierStore
from consumption.tiers.rules import Tier


@dataclass(frozen=True)
class SetTier:
    """Make a tier or change it; its keys follow within a second."""

    store: TierStore
    clock: Clock

    async def __call__(self, caller: Principal, tier: Tier) -> Tier:
        """The tier as it is now."""
        await self.store.put(tier, caller.account_id, self.clock.now())
        return tier
