"""Settlement in PostgreSQL: rows, balances, leases and the event of a batch in one transaction, as the worker role."""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import astuple

from chassis.database.pool import Database
from chassis.database.transaction import Transaction
from chassis.event_log.port import EventLog
from consumption.settlement.claimed_replies import REPLY_ROOM, end_claims, free_claims_of
from consumption.settlement.events import usage_recorded
from consumption.settlement.rules import (
    FULL,
    EndedCall,
    LeaseReturn,
    Movements,
    UnmadeCall,
    after_seal,
    kept_charges,
    movements_of,
)

_INSERT = """
    INSERT INTO usage_rows (
        call_id, started_at, team_id, account_id, key_id, listing_id, listing_version_id, listing_name, listing_version,
        provider, model, prompt_tokens, cached_prompt_tokens, completion_tokens, cost_nanodollars, price_id, outcome,
        estimated, streamed, status, duration_microseconds, first_byte_microseconds, policy_version, charges, holder,
        recorded_at
    )
    SELECT c.*, $2, $3 FROM unnest($1::settled_call[]) AS c
    ON CONFLICT DO NOTHING RETURNING call_id
"""
# In the order that leases are granted in, so that the two never dead-lock.
_LOCK = """
    SELECT FROM balances WHERE (scope_id, period_end) IN (SELECT * FROM unnest($1::text[], $2::timestamptz[]))
    ORDER BY scope_id COLLATE "C", period_end FOR UPDATE
"""
_MOVE_BALANCES = """
    UPDATE balances b SET leased = b.leased - m.from_lease,
        settled = least(b.settled::numeric + m.settled, $7::bigint),
        unknown = least(b.unknown::numeric + m.unknown, $7::bigint),
        overdraft = least(b.overdraft::numeric + m.overdraft, $7::bigint)
    FROM unnest($1::text[], $2::timestamptz[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
        AS m (scope_id, period_end, from_lease, settled, unknown, overdraft)
    WHERE b.scope_id = m.scope_id AND b.period_end = m.period_end
"""
_MOVE_LEASES = """
    UPDATE leases l SET amount = l.amount - m.from_lease
    FROM unnest($2::text[], $3::timestamptz[], $4::bigint[]) AS m (scope_id, period_end, from_lease)
    JOIN balances b ON b.scope_id = m.scope_id AND b.period_end = m.period_end
    WHERE l.holder = $1 AND l.scope_id = b.scope_id AND l.period_start = b.period_start
"""


class PostgresSettlementStore:
    """Usage rows and balances of all teams."""

    def __init__(self, database: Database, log: EventLog, reply_room: int = REPLY_ROOM) -> None:
        self._database = database
        self._log = log
        self._reply_room = reply_room

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
            await end_claims(transaction, fresh_calls, unmade, self._reply_room, now)
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
    rows = [(*astuple(call.usage), kept_charges(call.charges)) for call in by_id.values()]
    fresh = await transaction.fetch(_INSERT, rows, holder, now)
    return [by_id[row["call_id"]] for row in fresh]


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
    if not movements:
        return
    scopes, ends = [list(column) for column in zip(*movements, strict=True)]
    moved = movements.values()
    from_lease = [one.from_lease for one in moved]
    await transaction.execute(_LOCK, scopes, ends)
    await transaction.execute(
        _MOVE_BALANCES,
        *(scopes, ends, from_lease, [min(one.settled, FULL) for one in moved]),
        *([min(one.unknown, FULL) for one in moved], [min(one.overdraft, FULL) for one in moved], FULL),
    )
    await transaction.execute(_MOVE_LEASES, holder, scopes, ends, from_lease)
