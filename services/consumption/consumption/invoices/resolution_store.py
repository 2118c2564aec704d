"""Decisions by an invoice in PostgreSQL: rows, balances and events in one transaction, as the worker role."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from chassis.database.pool import Database
from chassis.database.transaction import Transaction
from chassis.event_log.port import Event, EventLog
from consumption.facts import INVOICE_TOPIC, event_of
from consumption.invoices.errors import CallNotResolvable, CostNeeded
from consumption.invoices.resolutions import Decision, Resolved, UnknownCall, movements_of, resolved
from consumption.invoices.rules import Invoice
from consumption.invoices.usage_store import COVERED, UNKNOWN_COLUMNS, bounds_of, unknown_calls
from consumption.prices.price_rows import row_of
from consumption.prices.rules import PriceRow, price_of_row
from consumption.settlement.rules import FULL, Movements, kept_charges
from dataplane.pricing import cost_nanodollars
from dataplane.usage import Usage
from marketplace.events.v1.invoice_pb2 import CallsReconciled, ReconciledCall

_MOST_NAMED = 20
# In one order, so that two resolutions of the same calls never dead-lock; the second finds none of unknown end.
_LOCK = f"""
    SELECT {UNKNOWN_COLUMNS} FROM usage_rows u LEFT JOIN lease_holders h USING (holder)
    WHERE {COVERED} AND u.outcome = 'unknown' AND u.call_id = ANY($4::text[])
    ORDER BY u.call_id, u.started_at FOR UPDATE OF u
"""  # noqa: S608 -- constants
# In force as each call began, by the book as it is now.
_PRICES = """
    SELECT u.call_id, p.* FROM usage_rows u CROSS JOIN LATERAL (
        SELECT * FROM prices p WHERE p.listing_version_id = u.listing_version_id AND p.effective_from <= u.started_at
        ORDER BY p.effective_from DESC, p.recorded_at DESC, p.price_id DESC LIMIT 1
    ) p WHERE (u.call_id, u.started_at) IN (SELECT * FROM unnest($1::text[], $2::timestamptz[]))
"""
_KEPT = """
    SELECT call_id, decision = 'settle', prompt_tokens, completion_tokens, cost_nanodollars FROM invoice_resolutions
    WHERE invoice_id = $1 AND call_id = ANY($2::text[])
"""
_MOVE = """
    UPDATE balances SET unknown = greatest(unknown + $3::bigint, 0),
        settled = least(settled::numeric + $4::bigint, $6::bigint),
        overdraft = greatest(least(overdraft::numeric + $5::bigint, $6::bigint), 0)
    WHERE scope_id = $1 AND period_end = $2
"""


class PostgresResolutions:
    """Calls of unknown end of all teams."""

    def __init__(self, database: Database, log: EventLog) -> None:
        self._database = database
        self._log = log

    async def resolve(
        self, invoice: Invoice, decisions: Sequence[Decision], actor: str, now: datetime
    ) -> list[Decision]:
        """Move rows and balances in one transaction with the events: all decisions, or none.

        The decisions as they are kept, each with its cost, by the ids of their calls; what this invoice decided so
        before is not done again. Raises CallNotResolvable, CostNeeded.
        """
        by_id = {decision.call_id: decision for decision in decisions}
        async with self._database.transaction() as transaction:
            calls = await _locked(transaction, invoice, sorted(by_id))
            ended_before = by_id.keys() - {call.call_id for call in calls}
            kept = await _kept_before(transaction, invoice, [by_id[call_id] for call_id in sorted(ended_before)])
            prices = await _prices(transaction, calls)
            ended = [_resolved(call, by_id[call.call_id], prices.get(call.call_id)) for call in calls]
            for one in ended:
                await _keep(transaction, invoice, one, prices.get(one.call.call_id), actor, now)
            await _move(transaction, movements_of(ended))
            await self._log.append(transaction, _events(invoice, ended, actor, now))
        return sorted([*kept, *(one.kept for one in ended)], key=lambda decision: decision.call_id)


async def _locked(transaction: Transaction, invoice: Invoice, call_ids: Sequence[str]) -> list[UnknownCall]:
    rows = await transaction.fetch(_LOCK, *bounds_of(invoice), list(call_ids))
    return [call for call in unknown_calls(rows) if invoice.covers(call.model)]


async def _kept_before(transaction: Transaction, invoice: Invoice, decisions: Sequence[Decision]) -> list[Decision]:
    """Decisions on calls that are of unknown end no more: whoever asks again did not hear that they were kept."""
    rows = await transaction.fetch(_KEPT, invoice.invoice_id, [decision.call_id for decision in decisions])
    kept = {row["call_id"]: Decision(*row) for row in rows}
    other = [one.call_id for one in decisions if one.call_id not in kept or not one.is_as(kept[one.call_id])]
    if other:
        raise CallNotResolvable(
            f"Nothing was changed: {len(other)} of the calls are not of unknown end any more, not covered by this"
            " invoice, or were decided otherwise.",
            calls=other[:_MOST_NAMED],
        )
    return list(kept.values())


async def _prices(transaction: Transaction, calls: Sequence[UnknownCall]) -> dict[str, PriceRow]:
    """By the call's id; without one where the book has none."""
    starts = [call.started_at for call in calls]
    rows = await transaction.fetch(_PRICES, [call.call_id for call in calls], starts)
    return {row["call_id"]: row_of(row) for row in rows}


def _resolved(call: UnknownCall, decision: Decision, price: PriceRow | None) -> Resolved:
    if not decision.is_settled:
        return resolved(call, decision, 0)
    usage = Usage(decision.prompt_tokens, decision.completion_tokens)
    cost = decision.cost
    if cost is None and price is not None:
        cost = cost_nanodollars(usage, price_of_row(price))
    if cost is None:
        raise CostNeeded("The price book does not say what this call costs: give its cost.", calls=[call.call_id])
    return resolved(call, decision, cost)


async def _keep(
    transaction: Transaction, invoice: Invoice, one: Resolved, price: PriceRow | None, actor: str, now: datetime
) -> None:
    call, decision = one.call, one.decision
    by_book = price if decision.is_settled and decision.cost is None else None
    await transaction.execute(
        "INSERT INTO invoice_resolutions (call_id, invoice_id, started_at, team_id, decision, prompt_tokens,"
        " completion_tokens, cost_nanodollars, prompt_tokens_before, completion_tokens_before, cost_nanodollars_before,"
        " charges_before, decided_by, decided_at, cost_is_stated, price_id_before)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        *(call.call_id, invoice.invoice_id, call.started_at, call.team_id),
        *("settle" if decision.is_settled else "release", decision.prompt_tokens, decision.completion_tokens, one.cost),
        *(call.prompt_tokens, call.completion_tokens, call.cost, kept_charges(call.charges), actor, now),
        *(by_book is None, by_book and call.price_id),
    )
    await transaction.execute(
        "UPDATE usage_rows SET outcome = $3, prompt_tokens = $4, completion_tokens = $5, cost_nanodollars = $6,"
        " charges = $7, price_id = $8, estimated = false, cached_prompt_tokens = 0"
        " WHERE call_id = $1 AND started_at = $2",
        *(call.call_id, call.started_at, one.outcome, decision.prompt_tokens, decision.completion_tokens),
        *(one.cost, kept_charges(one.charges), by_book.price_id if by_book else call.price_id),
    )


async def _move(transaction: Transaction, movements: Movements) -> None:
    # In the order that leases are granted and calls are settled in, so that none of them dead-lock.
    for (scope_id, period_end), moved in sorted(movements.items(), key=lambda item: item[0]):
        amounts = (moved.unknown, min(moved.settled, FULL), min(moved.overdraft, FULL))
        await transaction.execute(_MOVE, scope_id, period_end, *amounts, FULL)


def _events(invoice: Invoice, ended: Sequence[Resolved], actor: str, now: datetime) -> list[Event]:
    by_team: dict[str, list[ReconciledCall]] = defaultdict(list)
    for one in ended:
        told = ReconciledCall(
            call_id=one.call.call_id,
            settled=one.decision.is_settled,
            prompt_tokens=one.decision.prompt_tokens,
            completion_tokens=one.decision.completion_tokens,
            cost_nanodollars=one.cost,
        )
        told.started_at.FromDatetime(one.call.started_at)
        by_team[one.call.team_id].append(told)
    return [
        event_of(
            INVOICE_TOPIC,
            invoice.invoice_id,
            CallsReconciled(invoice_id=invoice.invoice_id, team_id=team_id, actor=actor, calls=calls),
            now,
        )
        for team_id, calls in sorted(by_team.items())
    ]
