"""Where invoices, and what we counted, are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from consumption.invoices.resolutions import Decision, UnknownCall
from consumption.invoices.rules import Invoice, UsageSum


@dataclass(frozen=True)
class InvoiceEntry:
    """An invoice in a list: without its lines."""

    invoice_id: str
    provider: str
    currency: str
    first_day: str
    last_day: str
    lines: int
    uploaded_by: str
    uploaded_at: datetime


@dataclass(frozen=True)
class Registered:
    """An invoice as it is kept, and whether it was there before."""

    invoice: Invoice
    entry: InvoiceEntry
    was_known: bool = False


class InvoiceStore(Protocol):
    """Invoices of the platform."""

    async def add(self, invoice: Invoice, lines: int, actor: str, now: datetime) -> Registered:
        """Keep an invoice with its event; where its digest is known, that one, and no event."""
        ...

    async def find(self, invoice_id: str) -> Registered:
        """Raises InvoiceNotFound."""
        ...

    async def page(self, after: tuple[datetime, str] | None, at_most: int) -> list[InvoiceEntry]:
        """Newest first, after a place."""
        ...


class CountedUsage(Protocol):
    """What we counted, of all teams."""

    async def sums(self, invoice: Invoice) -> list[UsageSum]:
        """By day, model, listing and certainty: the calls that an invoice covers."""
        ...

    async def unknown(self, invoice: Invoice, at_most: int) -> list[UnknownCall]:
        """Calls of unknown end that an invoice covers, oldest first."""
        ...


class ResolutionStore(Protocol):
    """Where decisions are kept."""

    async def resolve(
        self, invoice: Invoice, decisions: Sequence[Decision], actor: str, now: datetime
    ) -> list[Decision]:
        """Move rows and balances in one transaction with the events: all decisions, or none.

        The decisions as they are kept, each with its cost, by the ids of their calls; what this invoice decided so
        before is not done again. Raises CallNotResolvable, CostNeeded.
        """
        ...
