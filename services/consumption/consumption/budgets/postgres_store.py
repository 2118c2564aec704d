"""Balances and leases in PostgreSQL: rows locked in the order of their scope ids, so that no two requests dead-lock."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from chassis.database.pool import Database
from chassis.database.transaction import Row, Transaction
from consumption.budgets.errors import HolderSealed, RequestOutdated, ScopeNotFound
from consumption.budgets.ports import LeaseAnswer
from consumption.budgets.postgres_recall_store import recall_shorts
from consumption.budgets.recalls import RecallRound
from consumption.budgets.rules import Balance, Grant, Limit, Month, Wish, grant_size, month_of, shorts_of

BALANCE_COLUMNS = """
    l.scope_id, l.kind, l.subject_id, l.unit, l.amount,
    coalesce(b.settled, 0) AS settled, coalesce(b.leased, 0) AS leased, coalesce(b.unknown, 0) AS unknown,
    coalesce(b.overdraft, 0) AS overdraft, b.scarce_until
"""


class PostgresLeaseStore:
    """Leases for all teams, as the worker role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def acquire(
        self, holder: str, request_id: str, wishes: Sequence[Wish], now: datetime, recall: RecallRound | None = None
    ) -> LeaseAnswer:
        """Lease all wishes in one transaction, or none; with a round, short scopes are recalled from other holders.

        Raises HolderSealed, ScopeNotFound, RequestOutdated.
        """
        month = month_of(now)
        async with self._database.transaction() as transaction:
            await _require_open(transaction, holder, request_id, now)
            balances = [
                await _lock(transaction, wish, month) for wish in sorted(wishes, key=lambda wish: wish.scope_id)
            ]
            kept = await transaction.fetch_value(
                "SELECT answer FROM lease_answers WHERE holder = $1 AND request_id = $2", holder, request_id
            )
            if kept is not None:
                return await _answer_again(transaction, json.loads(kept), balances)
            wished = {wish.scope_id: wish for wish in wishes}
            grants = [Grant(balance, grant_size(balance, wished[balance.limit.scope_id], now)) for balance in balances]
            answer = await _answer(transaction, holder, grants, now, recall)
            if not answer.awaited:
                await transaction.execute(
                    "INSERT INTO lease_answers (holder, request_id, answer, answered_at) VALUES ($1, $2, $3, $4)",
                    *(holder, request_id, json.dumps(_kept(answer, month)), now),
                )
        return answer

    async def forget_answers(self, holder: str, below: str) -> None:
        """The holder has the answers to all its requests with ids below."""
        async with self._database.transaction() as transaction:
            await transaction.execute(
                'UPDATE lease_holders SET done_below = $2 WHERE holder = $1 AND done_below < $2 COLLATE "C"',
                holder,
                below,
            )
            await transaction.execute(
                'DELETE FROM lease_answers WHERE holder = $1 AND request_id < $2 COLLATE "C"', holder, below
            )


async def _require_open(transaction: Transaction, holder: str, request_id: str, now: datetime) -> None:
    # FOR SHARE against the seal: a lease granted after it would never come back.
    await transaction.execute(
        "INSERT INTO lease_holders (holder, first_seen_at) VALUES ($1, $2) ON CONFLICT DO NOTHING", holder, now
    )
    row = await transaction.fetch_one(
        'SELECT sealed_at, $2 < done_below COLLATE "C" AS is_done FROM lease_holders WHERE holder = $1 FOR SHARE',
        holder,
        request_id,
    )
    if row is None or row["sealed_at"] is not None:
        raise HolderSealed("This process was given up: start again under a new name.")
    if row["is_done"]:
        raise RequestOutdated("The answer to this request has arrived already: ask under a new id.")


async def _lock(transaction: Transaction, wish: Wish, month: Month) -> Balance:
    await transaction.execute(
        "INSERT INTO balances (scope_id, period_start, period_end, team_id)"
        " SELECT scope_id, $2, $3, team_id FROM limits WHERE scope_id = $1 ON CONFLICT DO NOTHING",
        *(wish.scope_id, month.start, month.end),
    )
    row = await transaction.fetch_one(
        f"SELECT {BALANCE_COLUMNS} FROM balances b JOIN limits l USING (scope_id)"  # noqa: S608 -- a constant
        " WHERE b.scope_id = $1 AND b.period_start = $2 FOR UPDATE OF b",
        wish.scope_id,
        month.start,
    )
    if row is None:
        raise ScopeNotFound(f"No limit is called {wish.scope_id}.")
    return balance_of(row, month)


async def _answer(
    transaction: Transaction, holder: str, grants: Sequence[Grant], now: datetime, recall: RecallRound | None
) -> LeaseAnswer:
    short = shorts_of(grants)
    if not short:
        return LeaseAnswer(granted=tuple([await _give(transaction, holder, grant) for grant in grants]))
    if recall is None:
        return LeaseAnswer(short=tuple(short))
    return LeaseAnswer((), tuple(short), *await recall_shorts(transaction, holder, short, recall, now))


async def _give(transaction: Transaction, holder: str, grant: Grant) -> Grant:
    scope_id, start = grant.balance.limit.scope_id, grant.balance.month.start
    await transaction.execute(
        "UPDATE balances SET leased = leased + $3, granted_under = greatest(granted_under, $4)"
        " WHERE scope_id = $1 AND period_start = $2",
        *(scope_id, start, grant.amount, grant.balance.limit.bound),
    )
    # What the holder answered before is outdated: it may hold something idle again.
    number = await transaction.fetch_value(
        "INSERT INTO leases (holder, scope_id, period_start, amount, newest_grant)"
        " VALUES ($1, $2, $3, $4, nextval('lease_numbers'))"
        " ON CONFLICT (holder, scope_id, period_start) DO UPDATE SET amount = leases.amount + excluded.amount,"
        " newest_grant = excluded.newest_grant, recall = 0, answered = 0, recalled_at = NULL RETURNING newest_grant",
        *(holder, scope_id, start, grant.amount),
    )
    return replace(grant, number=number)


def _kept(answer: LeaseAnswer, month: Month) -> dict[str, Any]:
    return {
        "granted": {grant.balance.limit.scope_id: grant.amount for grant in answer.granted},
        "numbers": {grant.balance.limit.scope_id: grant.number for grant in answer.granted},
        "short": [balance.limit.scope_id for balance in answer.short],
        "month": month.start.isoformat(),
    }


async def _answer_again(transaction: Transaction, kept: dict[str, Any], balances: Sequence[Balance]) -> LeaseAnswer:
    """What was granted was granted of the month of the first answer, whenever the request comes again."""
    granted: dict[str, int] = kept["granted"]
    numbers: dict[str, int] = kept.get("numbers", {})
    again = {balance.limit.scope_id: balance for balance in balances}
    if "month" in kept:
        again = await _in_month(transaction, balances, month_of(datetime.fromisoformat(kept["month"])))
    return LeaseAnswer(
        granted=tuple(
            Grant(again[scope_id], amount, numbers.get(scope_id, 0))
            for scope_id, amount in granted.items()
            if scope_id in again
        ),
        short=tuple(again[scope_id] for scope_id in kept["short"] if scope_id in again),
    )


async def _in_month(transaction: Transaction, balances: Sequence[Balance], month: Month) -> dict[str, Balance]:
    """The balances of the same scopes in another month; read only, so no further row is locked out of order."""
    if all(balance.month == month for balance in balances):
        return {balance.limit.scope_id: balance for balance in balances}
    rows = await transaction.fetch(
        f"SELECT {BALANCE_COLUMNS} FROM balances b JOIN limits l USING (scope_id)"  # noqa: S608 -- a constant
        " WHERE b.scope_id = ANY($1::text[]) AND b.period_start = $2",
        [balance.limit.scope_id for balance in balances],
        month.start,
    )
    return {row["scope_id"]: balance_of(row, month) for row in rows}


def balance_of(row: Row, month: Month) -> Balance:
    """The balance in a row of `BALANCE_COLUMNS`."""
    limit = Limit(row["scope_id"], row["kind"], row["subject_id"], row["unit"], row["amount"])
    return Balance(
        *(limit, month, row["settled"], row["leased"], row["unknown"], row["overdraft"]),
        scarce_until=row["scarce_until"],
    )
