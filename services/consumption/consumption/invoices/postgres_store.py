"""Invoices in PostgreSQL, as the worker role: the platform's, seen by no team."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from chassis.database.pool import Database
from chassis.database.transaction import Row, Transaction
from chassis.event_log.port import EventLog
from consumption.facts import INVOICE_TOPIC, event_of
from consumption.invoices.errors import InvoiceNotFound
from consumption.invoices.ports import InvoiceEntry, Registered
from consumption.invoices.rules import Billed, BilledFor, Invoice
from marketplace.events.v1.invoice_pb2 import InvoiceRegistered


class PostgresInvoices:
    """Invoices of the platform."""

    def __init__(self, database: Database, log: EventLog) -> None:
        self._database = database
        self._log = log

    async def add(self, invoice: Invoice, lines: int, actor: str, now: datetime) -> Registered:
        """Keep an invoice with its event; where its digest is known, that one, and no event."""
        async with self._database.transaction() as transaction:
            tag = await transaction.execute(
                "INSERT INTO invoices (invoice_id, digest, provider, currency, first_day, last_day, lines, uploaded_by,"
                " uploaded_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (digest) DO NOTHING",
                *(invoice.invoice_id, invoice.digest, invoice.provider, invoice.currency),
                *(invoice.first_day, invoice.last_day, lines, actor, now),
            )
            is_new = tag == "INSERT 0 1"
            if is_new:
                await _insert_lines(transaction, invoice)
                fact = InvoiceRegistered(
                    invoice_id=invoice.invoice_id, provider=invoice.provider, actor=actor, lines=lines
                )
                await self._log.append(transaction, [event_of(INVOICE_TOPIC, invoice.invoice_id, fact, now)])
            row = await transaction.fetch_one("SELECT * FROM invoices WHERE digest = $1", invoice.digest)
            return await _registered(transaction, row, was_known=not is_new)

    async def find(self, invoice_id: str) -> Registered:
        """Raises InvoiceNotFound."""
        async with self._database.transaction(read_only=True) as transaction:
            row = await transaction.fetch_one("SELECT * FROM invoices WHERE invoice_id = $1", invoice_id)
            return await _registered(transaction, row, was_known=True)

    async def page(self, after: tuple[datetime, str] | None, at_most: int) -> list[InvoiceEntry]:
        """Newest first, after a place."""
        async with self._database.transaction(read_only=True) as transaction:
            rows = await transaction.fetch(
                "SELECT * FROM invoices WHERE $1::timestamptz IS NULL OR (uploaded_at, invoice_id) < ($1, $2)"
                " ORDER BY uploaded_at DESC, invoice_id DESC LIMIT $3",
                *(after or (None, None)),
                at_most,
            )
        return [_entry(row) for row in rows]


async def _insert_lines(transaction: Transaction, invoice: Invoice) -> None:
    await transaction.execute_many(
        "INSERT INTO invoice_lines (invoice_id, first_day, last_day, model, listing, requests, input_tokens,"
        " output_tokens, amount_nanounits) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        [
            (
                *(invoice.invoice_id, what.first_day, what.last_day, what.model, what.listing),
                *(billed.requests, billed.input_tokens, billed.output_tokens, billed.amount),
            )
            for what, billed in invoice.lines.items()
        ],
    )


async def _registered(transaction: Transaction, row: Row | None, *, was_known: bool) -> Registered:
    if row is None:
        raise InvoiceNotFound("There is no invoice of that id.")
    lines = await transaction.fetch(
        "SELECT first_day, last_day, model, listing, requests, input_tokens, output_tokens, amount_nanounits"
        " FROM invoice_lines WHERE invoice_id = $1",
        row["invoice_id"],
    )
    invoice = Invoice(
        *(row["invoice_id"], row["digest"], row["provider"], row["currency"], row["first_day"], row["last_day"]),
        lines=await asyncio.to_thread(_billed, lines),
    )
    return Registered(invoice, _entry(row), was_known)


def _billed(lines: Sequence[Row]) -> dict[BilledFor, Billed]:
    return {BilledFor(*line[:4]): Billed(*line[4:]) for line in (tuple(line) for line in lines)}


def _entry(row: Row) -> InvoiceEntry:
    return InvoiceEntry(
        *(row["invoice_id"], row["provider"], row["currency"], row["first_day"].isoformat()),
        *(row["last_day"].isoformat(), row["lines"], row["uploaded_by"], row["uploaded_at"]),
    )
