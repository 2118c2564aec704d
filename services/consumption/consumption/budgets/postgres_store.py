"""Balances and leases in PostgreSQL: rows locked in the order of their scope ids, so that no two requests dead-lock."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chassis.database.pool import Database
from chassis.database.transaction import Row, Transaction
from consumption.budgets.errors import HolderSealed, ScopeNotFound
from consumption.budgets.ports import LeaseAnswer
from consumption.budgets.rules import Balance, Grant, Limit, Month, Wish, month_of, shorts_of
from dataplane.leases import lease_size

_BALANCE = """
    l.scope_id, l.kind, l.subject_id, l.unit, l.amount,
    coalesce(b.settled, 0) AS settled, coalesce(b.leased, 0) AS leased, coalesce(b.unknown, 0) AS unknown,
    coalesce(b.overdraft, 0) AS overdraft
"""
# Stands for no limit at all: what is leased of such a scope is only counted.
_ENDLESS = 2**62


class PostgresLeaseStore:
    """Leases for all teams, as the worker role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def acquire(self, holder: str, request_id: str, wishes: Sequence[Wish], now: datetime) -> LeaseAnswer:
        """Lease all wishes in one transaction, or none. Raises HolderSealed, ScopeNotFound."""
        month = month_of(now)
        async with self._database.transaction() as transaction:
            await _require_open(transaction, holder, now)
            kept = await transaction.fetch_value(
                "SELECT answer FROM lease_answers WHERE holder = $1 AND request_id = $2", holder, request_id
            )
            grants = [await _lock(transaction, wish, month) for wish in sorted(wishes, key=lambda wish: wish.scope_id)]
            if kept is not None:
                return _answer_again(json.loads(kept), grants)
            short = shorts_of(grants)
            answer = LeaseAnswer(short=tuple(short)) if short else LeaseAnswer(granted=tuple(grants))
            for grant in answer.granted:
                await _give(transaction, holder, grant)
            await transaction.execute(
                "INSERT INTO lease_answers (holder, request_id, answer, answered_at) VALUES ($1, $2, $3, $4)",
                *(holder, request_id, json.dumps(_kept(answer)), now),
            )
        return answer


async def _require_open(transaction: Transaction, holder: str, now: datetime) -> None:
    # FOR SHARE against the seal: a lease granted after it would never come back.
    await transaction.execute(
        "INSERT INTO lease_holders (holder, first_seen_at) VALUES ($1, $2) ON CONFLICT DO NOTHING", holder, now
    )
    row = await transaction.fetch_one("SELECT sealed_at FROM lease_holders WHERE holder = $1 FOR SHARE", holder)
    if row is None or row["sealed_at"] is not None:
        raise HolderSealed("This process was given up: start again under a new name.")


async def _lock(transaction: Transaction, wish: Wish, month: Month) -> Grant:
    await transaction.execute(
        "INSERT INTO balances (scope_id, period_start, period_end, team_id)"
        " SELECT scope_id, $2, $3, team_id FROM limits WHERE scope_id = $1 ON CONFLICT DO NOTHING",
        *(wish.scope_id, month.start, month.end),
    )
    row = await transaction.fetch_one(
        f"SELECT {_BALANCE} FROM balances b JOIN limits l USING (scope_id)"  # noqa: S608 -- a constant
        " WHERE b.scope_id = $1 AND b.period_start = $2 FOR UPDATE OF b",
        wish.scope_id,
        month.start,
    )
    if row is None:
        raise ScopeNotFound(f"No limit is called {wish.scope_id}.")
    balance = balance_of(row, month)
    free = _ENDLESS if balance.limit.amount is None else balance.free
    return Grant(balance, lease_size(free, wish.needed, wish.wanted))


async def _give(transaction: Transaction, holder: str, grant: Grant) -> None:
    scope_id, start = grant.balance.limit.scope_id, grant.balance.month.start
    await transaction.execute(
        "UPDATE balances SET leased = leased + $3 WHERE scope_id = $1 AND period_start = $2",
        *(scope_id, start, grant.amount),
    )
    await transaction.execute(
        "INSERT INTO leases (holder, scope_id, period_start, amount) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (holder, scope_id, period_start) DO UPDATE SET amount = leases.amount + excluded.amount",
        *(holder, scope_id, start, grant.amount),
    )


def _kept(answer: LeaseAnswer) -> dict[str, Any]:
    return {
        "granted": {grant.balance.limit.scope_id: grant.amount for grant in answer.granted},
        "short": [balance.limit.scope_id for balance in answer.short],
    }


def _answer_again(kept: dict[str, Any], grants: Sequence[Grant]) -> LeaseAnswer:
    granted: dict[str, int] = kept["granted"]
    return LeaseAnswer(
        granted=tuple(
            Grant(grant.balance, granted[grant.balance.limit.scope_id])
            for grant in grants
            if grant.balance.limit.scope_id in granted
        ),
        short=tuple(grant.balance for grant in grants if grant.balance.limit.scope_id in kept["short"]),
    )


def balance_of(row: Row, month: Month) -> Balance:
    """The balance in a row of `_BALANCE`."""
    limit = Limit(row["scope_id"], row["kind"], row["subject_id"], row["unit"], row["amount"])
    return Balance(limit, month, row["settled"], row["leased"], row["unknown"], row["overdraft"])


class PostgresBalanceReader:
    """Balances of one team, as the runtime role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_team(self, team_id: str, now: datetime) -> list[Balance]:
        """Every limited scope of the team in the month of `now`."""
        month = month_of(now)
        async with self._database.transaction(team_id, read_only=True) as transaction:
            rows = await transaction.fetch(
                f"SELECT {_BALANCE} FROM limits l"  # noqa: S608 -- a constant
                " LEFT JOIN balances b ON b.scope_id = l.scope_id AND b.period_start = $1"
                " WHERE l.amount IS NOT NULL ORDER BY l.scope_id LIMIT 1000",
                month.start,
            )
        return [balance_of(row, month) for row in rows]
