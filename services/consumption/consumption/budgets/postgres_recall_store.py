"""Recalls in PostgreSQL: notes on the rows of leases, written under the lock of their balance."""

from collections.abc import Sequence
from datetime import datetime

from chassis.database.pool import Database
from chassis.database.transaction import Transaction
from consumption.budgets.ports import Recalled
from consumption.budgets.postgres_notices import RECALLED, RETURNED
from consumption.budgets.recalls import (
    PATIENCE,
    GivenBack,
    HeldLease,
    RecallRound,
    after_recall,
    after_return,
    is_awaited,
    to_recall,
    unanswered,
)
from consumption.budgets.rules import Balance

_HELD = "holder, amount, newest_grant, recall, answered, recalled_at"


class PostgresRecallStore:
    """Recalls and answers of all holders, as the worker role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def waiting(self, holder: str) -> list[Recalled]:
        """The recalls that a holder has not answered."""
        async with self._database.transaction(read_only=True) as transaction:
            rows = await transaction.fetch(
                "SELECT l.scope_id, b.period_end, l.recall FROM leases l JOIN balances b USING (scope_id, period_start)"
                " WHERE l.holder = $1 AND l.recall > l.answered ORDER BY l.recall LIMIT 1000",
                holder,
            )
        return [Recalled(row["scope_id"], row["period_end"], row["recall"]) for row in rows]

    async def give_back(self, holder: str, return_id: str, given: Sequence[GivenBack]) -> None:
        """Take back what a holder holds no longer; once by the id, and nothing from a sealed holder."""
        async with self._database.transaction() as transaction:
            # FOR SHARE against the seal: it gives back all that a holder has, and so whatever comes after it.
            row = await transaction.fetch_one("SELECT sealed_at FROM lease_holders WHERE holder = $1 FOR SHARE", holder)
            if row is None or row["sealed_at"] is not None:
                return
            fresh = await transaction.fetch_one(
                "INSERT INTO lease_returns (return_id, holder, returned_at) VALUES ($1, $2, now())"
                " ON CONFLICT DO NOTHING RETURNING return_id",
                return_id,
                holder,
            )
            for one in sorted(given, key=lambda one: (one.scope_id, one.period_end)) if fresh else []:
                await _take_back(transaction, holder, one)


async def _take_back(transaction: Transaction, holder: str, given: GivenBack) -> None:
    start = await transaction.fetch_value(
        "UPDATE balances SET leased = leased - $3 WHERE scope_id = $1 AND period_end = $2 RETURNING period_start",
        *(given.scope_id, given.period_end, given.amount),
    )
    row = await transaction.fetch_one(
        f"SELECT {_HELD} FROM leases WHERE holder = $1 AND scope_id = $2 AND period_start = $3",  # noqa: S608 -- a constant
        *(holder, given.scope_id, start),
    )
    if row is not None:
        await _write(transaction, given.scope_id, start, after_return(HeldLease(**row), given))
    await transaction.execute("SELECT pg_notify($1, $2)", RETURNED, given.scope_id)


async def recall_shorts(
    transaction: Transaction, holder: str, short: Sequence[Balance], recall: RecallRound, now: datetime
) -> tuple[int, bool, dict[str, int]]:
    """Ask the other holders of these locked balances; the round's number, whether to wait, and who holds what."""
    since = recall.since or await transaction.fetch_value("SELECT nextval('lease_numbers')")
    awaited, silent = False, dict[str, int]()
    for balance in short:
        scope_id, start = balance.limit.scope_id, balance.month.start
        others = await _others(transaction, holder, scope_id, start)
        for held in to_recall(others, since):
            number = await transaction.fetch_value("SELECT nextval('lease_numbers')")
            await _write(transaction, scope_id, start, after_recall(held, number, now))
            await transaction.execute("SELECT pg_notify($1, $2)", RECALLED, held.holder)
        await transaction.execute(
            "UPDATE balances SET scarce_until = $3 WHERE scope_id = $1 AND period_start = $2",
            *(scope_id, start, now + PATIENCE),
        )
        awaited = awaited or (not recall.over and is_awaited(others, since, now))
        silent[scope_id] = unanswered(others, since, now)
    return since, awaited, silent


async def _others(transaction: Transaction, holder: str, scope_id: str, start: datetime) -> list[HeldLease]:
    rows = await transaction.fetch(
        f"SELECT {_HELD} FROM leases"  # noqa: S608 -- a constant
        " WHERE scope_id = $1 AND period_start = $2 AND holder <> $3 AND amount > 0 ORDER BY holder",
        *(scope_id, start, holder),
    )
    return [HeldLease(**row) for row in rows]


async def _write(transaction: Transaction, scope_id: str, start: datetime, held: HeldLease) -> None:
    await transaction.execute(
        "UPDATE leases SET amount = $4, recall = $5, answered = $6, recalled_at = $7"
        " WHERE holder = $1 AND scope_id = $2 AND period_start = $3",
        *(held.holder, scope_id, start, held.amount, held.recall, held.answered, held.recalled_at),
    )
