"""Where looks at listings are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chassis.identity.principal import Principal


@dataclass(frozen=True, slots=True)
class Look:
    """`kind` is view or click."""

    kind: str
    listing_id: str


class Diary(Protocol):
    """One entry a day for each account, listing and kind."""

    async def note(self, looker: Principal, looks: Sequence[Look], now: datetime) -> int:
        """How many were new today."""
        ...
