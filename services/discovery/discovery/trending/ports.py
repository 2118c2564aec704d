"""What is written and read of use."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chassis.database.transaction import Transaction
from discovery.indexing.rules import Viewer
from discovery.trending.rules import Use, Window


@dataclass(frozen=True, slots=True)
class RecentUse:
    """Use of a listing inside a window: decayed, and plain."""

    listing_id: str
    decayed: float
    plain: float


class UseBook(Protocol):
    """Where use is written."""

    async def add(self, transaction: Transaction, uses: Sequence[Use]) -> None:
        """Inside the transaction of the fact that it comes from."""
        ...


class UseReader(Protocol):
    """Where use is read."""

    async def busiest(self, window: Window, viewer: Viewer, now: datetime) -> Sequence[RecentUse]:
        """The most used listings of the window among what the viewer may see, the busiest first."""
        ...
