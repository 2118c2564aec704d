"""What can be done with suppliers' invoices; who may is the routes' rule."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from chassis.clock import Clock
from chassis.identity.principal import Principal
from consumption.invoices.csv_lines import InvoiceReader
from consumption.invoices.ports import CountedUsage, InvoiceStore, Registered, ResolutionStore
from consumption.invoices.resolutions import Decision, UnknownCall
from consumption.invoices.rules import Compared, Invoice, compared

MOST_UNKNOWN = 1000
NewId = Callable[[str, datetime], str]


@dataclass(frozen=True)
class Report:
    """An invoice beside our books as they are now; of the unknown calls at most MOST_UNKNOWN."""

    registered: Registered
    rows: Sequence[Compared]
    unknown: Sequence[UnknownCall]


@dataclass(frozen=True)
class ReadReport:
    """Hold an invoice against our books."""

    store: InvoiceStore
    usage: CountedUsage

    async def __call__(self, invoice_id: str) -> Report:
        """Raises InvoiceNotFound."""
        return await self.of(await self.store.find(invoice_id))

    async def of(self, registered: Registered) -> Report:
        """The report on an invoice at hand."""
        invoice = registered.invoice
        sums = await self.usage.sums(invoice)
        # Of 50,000 lines it takes a second, in which every other request would wait.
        rows = await asyncio.to_thread(compared, invoice, sums)
        return Report(registered, rows, await self.usage.unknown(invoice, MOST_UNKNOWN))


@dataclass(frozen=True)
class RegisterInvoice:
    """Take in a supplier's invoice as its bytes come; the same file for the same supplier is the same invoice."""

    store: InvoiceStore
    report: ReadReport
    clock: Clock
    new_id: NewId

    async def __call__(self, caller: Principal, provider: str, file: AsyncIterator[bytes]) -> Report:
        """The report. Raises InvoiceRefused."""
        reader = InvoiceReader()
        async for data in file:
            await asyncio.to_thread(reader.feed, data)
        read, now = await asyncio.to_thread(reader.finish), self.clock.now()
        digest = hashlib.sha256(read.digest + provider.encode()).digest()
        invoice_id = self.new_id("inv", now)
        span = (read.first_day, read.last_day)
        invoice = Invoice(invoice_id, digest, provider, read.currency, *span, lines=read.billed)
        return await self.report.of(await self.store.add(invoice, read.lines, caller.account_id, now))


@dataclass(frozen=True)
class ResolveCalls:
    """Decide calls of unknown end by an invoice: settle what was billed, release what was not.

    No report comes with it: it takes long, and a deed that is done must not fail because of it.
    """

    store: InvoiceStore
    resolutions: ResolutionStore
    clock: Clock

    async def __call__(self, caller: Principal, invoice_id: str, decisions: Sequence[Decision]) -> list[Decision]:
        """The decisions as they are kept. Raises InvoiceNotFound, CallNotResolvable, CostNeeded."""
        found = await self.store.find(invoice_id)
        return await self.resolutions.resolve(found.invoice, decisions, caller.account_id, self.clock.now())
