"""Fill an index from the first change to the last, while another one is asked."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from chassis.errors import Unavailable
from discovery.following.progress import Waiting


@dataclass(frozen=True)
class Rebuild:
    """Takes changes and gives vectors in turn until nothing is left; `told` hears how far it is."""

    take: Callable[[], Awaitable[int]]
    give: Callable[[], Awaitable[int]]
    waiting: Waiting
    told: Callable[[], None]

    async def __call__(self) -> None:
        """Raises Unavailable where the model gives no vectors; what was filled stays, and is gone on with."""
        while await self.take() or len(self.waiting):
            while len(self.waiting):
                if not await self.give():
                    raise Unavailable("The sentence model gives no vectors: see the worker's /ready.")
                self.told()
            self.told()
        # What waited no longer waits: only now the report says that nothing is missing.
        await self.take()
