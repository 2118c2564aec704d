"""Limits in PostgreSQL: what is left of each of them, and budgets of platform, teams and people."""

from collections.abc import Sequence
from datetime import datetime

from chassis.database.pool import Database
from chassis.event_log.port import EventLog
from consumption.budgets.levels import PLATFORM, Amounts, Subject, limits_of
from consumption.budgets.ports import MOST_SHOWN
from consumption.budgets.postgres_store import BALANCE_COLUMNS, balance_of
from consumption.budgets.rules import Balance, month_of
from consumption.facts import KEY_TOPIC, event_of
from marketplace.events.v1.key_pb2 import BudgetChanged

# What bounds most stands first, so that a team of many keys sees its own budget. Limits of keys stay for ever: those of
# keys that can call no more are of interest in the months in which they did.
_BALANCES = f"""
    SELECT {BALANCE_COLUMNS} FROM limits l LEFT JOIN balances b ON b.scope_id = l.scope_id AND b.period_start = $1
    WHERE l.amount IS NOT NULL AND (l.scope_id = ANY($2::text[]) OR l.team_id = ANY($3::text[]))
        AND (l.kind <> 'key' OR b.settled + b.leased + b.unknown > 0 OR NOT EXISTS (
            SELECT FROM keys k WHERE k.key_id = l.subject_id AND (k.state = 'revoked' OR k.expires_at <= $4)
        ))
    ORDER BY array_position(ARRAY['platform', 'team', 'user', 'key'], l.kind), l.scope_id LIMIT $5
"""  # noqa: S608 -- a constant


class PostgresBalanceReader:
    """Balances of one team, as the runtime role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_team(self, team_id: str, now: datetime) -> list[Balance]:
        """The limited scopes of the team in the month of `now`: at most one more than MOST_SHOWN."""
        return await _read(self._database, team_id, now, teams=(team_id,))


class PostgresBudgets:
    """A person's budget through the role that sees one team, a team's and the platform's through the worker role."""

    def __init__(self, team: Database, platform: Database, log: EventLog) -> None:
        self._team = team
        self._platform = platform
        self._log = log

    async def put(self, subject: Subject, amounts: Amounts, actor: str, now: datetime) -> None:
        """Set both limits of a subject in one transaction with the event."""
        fact = BudgetChanged(
            kind=subject.level,
            subject_id=subject.subject_id,
            team_id=subject.team_id,
            actor=actor,
            monthly_tokens=amounts.tokens,
            monthly_nanodollars=amounts.nanodollars,
        )
        database, tenant = self._reach(subject)
        async with database.transaction(tenant) as transaction:
            for limit in limits_of(subject, amounts):
                await transaction.execute(
                    "INSERT INTO limits (scope_id, team_id, kind, subject_id, unit, amount)"
                    " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (scope_id) DO UPDATE SET amount = excluded.amount",
                    *(limit.scope_id, subject.team_id, limit.kind, limit.subject_id, limit.unit, limit.amount),
                )
            await self._log.append(transaction, [event_of(KEY_TOPIC, f"budget:{subject.scope}", fact, now)])

    async def balances(self, subject: Subject, now: datetime) -> list[Balance]:
        """What is limited of a subject in the month of `now`."""
        database, tenant = self._reach(subject)
        scopes = [limit.scope_id for limit in limits_of(subject, Amounts(None, None))]
        return await _read(database, tenant, now, scopes=scopes)

    async def overview(self, team_id: str | None, now: datetime) -> list[Balance]:
        """The platform's balances; with a team, that team's as well: at most one more than MOST_SHOWN."""
        return await _read(self._platform, None, now, teams=(PLATFORM, team_id or ""))

    def _reach(self, subject: Subject) -> tuple[Database, str | None]:
        return (self._team, subject.team_id) if subject.level == "user" else (self._platform, None)


async def _read(
    database: Database, tenant: str | None, now: datetime, *, scopes: Sequence[str] = (), teams: Sequence[str] = ()
) -> list[Balance]:
    month = month_of(now)
    async with database.transaction(tenant, read_only=True) as transaction:
        rows = await transaction.fetch(_BALANCES, month.start, list(scopes), list(teams), now, MOST_SHOWN + 1)
    return [balance_of(row, month) for row in rows]
