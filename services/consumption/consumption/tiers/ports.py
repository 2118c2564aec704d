"""Where tiers are kept."""

from datetime import datetime
from typing import Protocol

from consumption.tiers.rules import Tier


class Tiers(Protocol):
    """The tiers there are."""

    async def find(self, name: str) -> Tier:
        """Raises TierUnknown."""
        ...

    async def all(self) -> list[Tier]:
        """The slowest first."""
        ...


class TierStore(Protocol):
    """Changing tiers; one transaction with the keys that follow, and the event."""

    async def put(self, tier: Tier, actor: str, now: datetime) -> None:
        """Make a tier or change it; monthly quotas of its keys follow."""
        ...
