"""Where figures, targets and breaches are kept."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from consumption.sla.rules import Breach, Move, SlaListing, Tally, Targets, Watched

Judge = Callable[[Watched, datetime], Sequence[Move]]


@dataclass(frozen=True)
class Standing:
    """A listing, its figures by window, and its breaches, newest first; those that are open come before others."""

    listing: SlaListing
    tallies: Mapping[str, Tally]
    breaches: Sequence[Breach]


class SlaReader(Protocol):
    """What one team may see, or the platform's people all of; `team_id` None means the latter."""

    async def listing(self, team_id: str | None, listing_id: str) -> SlaListing:
        """Raises ListingNotFound."""
        ...

    async def standing(self, team_id: str | None, listing_id: str, now: datetime) -> Standing:
        """Raises ListingNotFound."""
        ...


class TargetStore(SlaReader, Protocol):
    """Where targets are set."""

    async def put(self, team_id: str | None, listing: SlaListing, targets: Targets, actor: str, now: datetime) -> None:
        """Set all targets of a listing in one transaction with the event; what is left out is not set any more."""
        ...


@dataclass(frozen=True)
class Evaluated:
    """One page of an evaluation: where the next begins (None: that was all), and how many breaches came or went."""

    last: str | None
    changes: int


class EvaluationStore(Protocol):
    """Listings that are to be judged, page by page."""

    async def evaluate(self, after: str, now: datetime, judge: Judge) -> Evaluated:
        """Judge a page after a listing id, and keep its moves with their events, all in one transaction.

        One evaluator works at a time: where another does, nothing is done.
        """
        ...
