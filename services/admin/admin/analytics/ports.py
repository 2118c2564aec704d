"""What analytics needs from outside: daily figures to add to and to read."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from admin.analytics.rules import Period, UsageBatch, UsageSums


class Dimension(StrEnum):
    """By what figures are told apart."""

    TOTAL = "total"
    DAY = "day"
    TEAM = "team"
    LISTING = "listing"
    ACCOUNT = "account"
    KEY = "key"
    MODEL = "model"
    PROVIDER = "provider"


@dataclass(frozen=True)
class Slice:
    """The figures of one day, team, listing and so on."""

    identity: str
    name: str
    sums: UsageSums


@dataclass(frozen=True)
class ListingState:
    """A listing as its newest event says."""

    listing_id: str
    team_id: str
    full_name: str
    state: str
    revision: int


class FigureStore(Protocol):
    """Daily figures inside one transaction."""

    async def add_usage(self, batch: UsageBatch) -> None:
        """Add a batch of calls."""
        ...

    async def put_listing(self, listing: ListingState) -> None:
        """Keep the newest state; an older revision changes nothing."""
        ...

    async def slices(self, by: Dimension, period: Period, team_id: str | None) -> list[Slice]:
        """The figures, days in order and all else with the most calls first, at most 400."""
        ...

    async def latencies(self, period: Period, team_id: str | None) -> dict[str, dict[int, int]]:
        """Calls by step of the latency scale, by listing id."""
        ...

    async def listings_by_state(self, team_id: str | None) -> dict[str, int]:
        """How many listings are in each state."""
        ...
