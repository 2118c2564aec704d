"""Where calls are walked over, and corrections and runs are kept."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Protocol

from consumption.prices.rules import PriceRow
from consumption.recalculation.rules import Group, Repriced, Run, Scope


class RunStore(Protocol):
    """Recalculations."""

    async def add(self, run: Run) -> Run:
        """Keep a run, in one transaction with its event; the run of the same request id, where there is one."""
        ...

    async def find(self, run_id: str) -> Run:
        """Raises RunNotFound."""
        ...

    async def page(self, after: tuple[datetime, str] | None, at_most: int) -> list[Run]:
        """Newest first, after a place."""
        ...

    async def groups(self, run_id: str) -> list[Group]:
        """What a run has corrected so far, the largest difference first."""
        ...

    async def prices(self, price_ids: Sequence[str]) -> dict[str, PriceRow]:
        """Rows of the price book by their ids; ids of no row are left out."""
        ...


class DryRun(Protocol):
    """Calls repriced without a trace."""

    def walk(self, scope: Scope, book_as_of: datetime) -> AsyncIterator[Repriced]:
        """What would become of the calls of a scope, batch by batch, all of one snapshot."""
        ...


class CorrectionStore(Protocol):
    """Corrections and balances, moved together."""

    async def step(self, now: datetime) -> bool:
        """Reprice the next batch of the oldest run that goes on; whether there was one.

        Corrections, balances, how far the run has come and, at its end, the event are one transaction. A run fails
        where its next batch can never be priced again; what passes by itself is raised.
        """
        ...
