"""Settlement in PostgreSQL: rows, balances, leases and the event of a batch in one transaction, as the worker role."""

import json
from collections.abc import Sequence
from datetime import datetime

from chassis.database.pool import Database
from chassis.database.transaction import Transaction
from chassis.event_log.port import EventLog
from consumption.settlement.claimed_replies import end_claims, free_claims_of
from consumption.settlement.events import usage_recorded
from consumption.settlement.rules import EndedCall, LeaseReturn, Movements, UnmadeCall, after_seal, movements_of

# Above every limit that can be set, and so far below 2^63 that no sum of a balance's columns passes that.
_FULL = 2**60
_INSERT = """
    INSERT INTO usage_rows (
        call_id, started_at, team_id, account_id, key_id, listing_id, listing_version_id, listing_name, listing_version,
        provider, model, prompt_tokens, cached_prompt_tokens, completion_tokens, cost_nanodollars, price_id, outcome,
        estimated, streamed, status, duration_microseconds, first_byte_microseconds, charges, holder, recorded_at,
        policy_version
    )
    SELECT * FROM unnest(
        $1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
        $9::text[], $10::text[], $11::text[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::text[],
        $17::text[], $18::boolean[], $19::boolean[], $20::integer[], $21::bigint[], $22::bigint[], $23::jsonb[],
        $24::text[], $25::timestamptz[], $26::bigint[]
    )
    ON CONFLICT DO NOTHING RETURNING call_id
"""


class PostgresSettlementStore:
    """Usage rows and balances of all teams."""

    def __init__(self, database: Database, log: EventLog) -> None:
        self._database = database
        self._log = log

    async def commit(
        self,
        holder: str,
        calls: Sequence[EndedCall],
        returns: Sequence[LeaseReturn],
        now: datetime,
        unmade: Sequence[UnmadeCall] = (),
    ) -> int:
        """Keep what was not seen before, in one transaction with one event; how many calls were new."""
        async with self._database.transaction() as transaction:
            fresh_calls = await _insert_rows(transaction, holder, calls, now)
            sealed = await _is_sealed(transaction, holder)
            fresh_returns = [] if sealed else await _insert_returns(transaction, holder, returns, now)
            movements = movements_of(fresh_calls, fresh_returns)
            await _move(transaction, holder, after_seal(movements) if sealed else movements)
            await end_claims(transaction, fresh_calls, unmade)
            if fresh_calls:
                await self._log.append(transaction, usage_recorded(fresh_calls, now))
        return len(fresh_calls)

    async def seal(self, holder: str, now: datetime) -> None:
        """Give back all that a holder still leases; it never gets a lease again."""
        async with self._database.transaction() as transaction:
            await transaction.execute(
                "INSERT INTO lease_holders (holder, first_seen_at, sealed_at) VALUES ($1, $2, $2)"
                " ON CONFLICT (holder) DO UPDATE SET sealed_at = coalesce(lease_holders.sealed_at, excluded.sealed_at)",
                holder,
                now,
            )
            await _lock_balances_of(transaction, holder)
            await transaction.execute(
                "WITH given_back AS (DELETE FROM leases WHERE holder = $1 RETURNING scope_id, period_start, amount)"
                " UPDATE balances b SET leased = b.leased - g.amount FROM given_back g"
                " WHERE b.scope_id = g.scope_id AND b.period_start = g.period_start",
                holder,
            )
            await transaction.execute("DELETE FROM lease_answers WHERE holder = $1", holder)
            await transaction.execute("DELETE FROM lease_returns WHERE holder = $1", holder)
            await free_claims_of(transaction, holder)


async def _is_sealed(transaction: Transaction, holder: str) -> bool:
    # FOR SHARE against the seal: what it gave back must not be taken from the leases of others once more.
    row = await transaction.fetch_one("SELECT sealed_at FROM lease_holders WHERE holder = $1 FOR SHARE", holder)
    return row is not None and row["sealed_at"] is not None


async def _lock_balances_of(transaction: Transaction, holder: str) -> None:
    await transaction.execute(
        "SELECT 1 FROM balances b WHERE (b.scope_id, b.period_start) IN"
        " (SELECT scope_id, period_start FROM leases WHERE holder = $1) ORDER BY b.scope_id, b.period_start FOR UPDATE",
        holder,
    )


async def _insert_rows(
    transaction: Transaction, holder: str, calls: Sequence[EndedCall], now: datetime
) -> list[EndedCall]:
    by_id = {call.usage.call_id: call for call in calls}
    if not by_id:
        return []
    rows = [_columns(call, holder, now) for call in by_id.values()]
    fresh = await transaction.fetch(_INSERT, *map(list, zip(*rows, strict=True)))
    return [by_id[row["call_id"]] for row in fresh]


def _columns(call: EndedCall, holder: str, now: datetime) -> tuple[object, ...]:
    usage = call.usage
    charges = [
        {"scope": c.scope_id, "reserved": c.reserved, "spent": c.spent, "until": c.period_end.isoformat()}
        for c in call.charges
    ]
    return (
        *(usage.call_id, usage.started_at, usage.team_id, usage.account_id, usage.key_id, usage.listing_id),
        *(usage.listing_version_id, usage.listing_name, usage.listing_version, usage.provider, usage.model),
        *(usage.prompt_tokens, usage.cached_prompt_tokens, usage.completion_tokens, usage.cost, usage.price_id),
        *(usage.outcome, usage.estimated, usage.streamed, usage.status, usage.duration, usage.first_byte),
        *(json.dumps(charges), holder, now, usage.policy_version),
    )


async def _insert_returns(
    transaction: Transaction, holder: str, returns: Sequence[LeaseReturn], now: datetime
) -> list[LeaseReturn]:
    by_id = {returned.return_id: returned for returned in returns}
    if not by_id:
        return []
    fresh = await transaction.fetch(
        "INSERT INTO lease_returns (return_id, returned_at, holder) SELECT r, $2, $3 FROM unnest($1::text[]) AS r"
        " ON CONFLICT DO NOTHING RETURNING return_id",
        list(by_id),
        now,
        holder,
    )
    return [by_id[row["return_id"]] for row in fresh]


async def _move(transaction: Transaction, holder: str, movements: Movements) -> None:
    # In the order that leases are granted in, so that the two never dead-lock.
    for (scope_id, period_end), movement in sorted(movements.items(), key=lambda item: item[0]):
        await transaction.execute(
            # What a vendor reports may be absurd; it fills its own balance, and never stops the settling of others.
            "UPDATE balances SET leased = leased - $3, settled = least(settled::numeric + $4::bigint, $7::bigint),"
            " unknown = least(unknown::numeric + $5::bigint, $7::bigint),"
            " overdraft = least(overdraft::numeric + $6::bigint, $7::bigint) WHERE scope_id = $1 AND period_end = $2",
            *(scope_id, period_end, movement.from_lease),
            *(min(amount, _FULL) for amount in (movement.settled, movement.unknown, movement.overdraft)),
            _FULL,
        )
        await transaction.execute(
            "UPDATE leases l SET amount = l.amount - $4 FROM balances b"
            " WHERE l.holder = $1 AND l.scope_id = $2 AND b.scope_id = l.scope_id AND b.period_start = l.period_start"
            " AND b.period_end = $3",
            *(holder, scope_id, period_end, movement.from_lease),
        )
