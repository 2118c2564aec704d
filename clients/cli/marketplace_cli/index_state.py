"""How far the index of search is, and waiting until what was imported can be found by its meaning."""

from collections.abc import Iterator
from dataclasses import dataclass

from chassis.errors import MarketplaceError
from marketplace_cli.api_client import ApiClient, World

_POLL_SECONDS = 0.5
_LONGEST_SECONDS = 60.0


@dataclass(frozen=True)
class IndexState:
    """Listings that can be found, how many of them by words alone, and when the index changed last."""

    listings: int
    without_vectors: int
    changed_at: str | None


@dataclass(frozen=True)
class Awaited:
    """What the index should come to hold, seen from how it was `before`."""

    before: IndexState
    created: int
    updated: int

    @property
    def most(self) -> int:
        """How many may be missing at first."""
        return self.created + self.updated + self.before.without_vectors

    def missing(self, now: IndexState) -> int:
        """How many cannot be found by their meaning yet; 0 where all can."""
        not_here = max(0, self.before.listings + self.created - now.listings)
        if self.updated and not not_here and now.changed_at == self.before.changed_at:
            not_here = self.updated
        return min(self.most, not_here + now.without_vectors)


def index_state(api: ApiClient) -> IndexState | None:
    """The index as it is; None where it cannot be asked, which no import should fail of."""
    try:
        stats = api.get("/api/v1/stats")
        return IndexState(stats["listings"], stats["without_vectors"], stats["last_change_at"])
    except (MarketplaceError, KeyError):
        return None


def until_indexed(api: ApiClient, world: World, awaited: Awaited) -> Iterator[IndexState]:
    """The index now and then, until nothing is missing or a minute is over."""
    until = world.now() + _LONGEST_SECONDS
    while True:
        state = index_state(api)
        if state is not None:
            yield state
            if not awaited.missing(state):
                return
        if world.now() > until:
            return
        world.pause(_POLL_SECONDS)
