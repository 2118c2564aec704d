"""Keys in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

from chassis.database.pool import Database
from chassis.database.transaction import Row, Transaction
from chassis.event_log.port import Event, EventLog
from chassis.ids import new_id
from consumption.budgets.rules import Limit
from consumption.keys.errors import KeyNotFound
from consumption.keys.events import key_changed, key_created, key_revoked
from consumption.keys.rules import Key

_COLUMNS = """
    k.key_id, k.team_id, k.team_slug, k.account_id, k.name, k.hint, k.tier, k.allowed_listings, k.max_concurrency,
    k.state, k.expires_at, k.created_at,
    (SELECT amount FROM limits l WHERE l.scope_id = 'key:' || k.key_id || ':tokens') AS monthly_tokens,
    (SELECT amount FROM limits l WHERE l.scope_id = 'key:' || k.key_id || ':nanodollars') AS monthly_nanodollars
"""


class PostgresKeyStore:
    """Keys of one team at a time; row security refuses the rest."""

    def __init__(self, database: Database, log: EventLog) -> None:
        self._database = database
        self._log = log

    async def add(self, key: Key, digest: bytes, secret_hash: str, limits: list[Limit]) -> None:
        """Keep a new key with its limits."""
        async with self._database.transaction(key.team_id) as transaction:
            await transaction.execute(
                "INSERT INTO keys (key_id, team_id, team_slug, account_id, name, hint, digest, secret_hash, tier,"
                " allowed_listings, max_concurrency, state, expires_at, created_at)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
                *(key.key_id, key.team_id, key.team_slug, key.account_id, key.name, key.hint, digest, secret_hash),
                *(key.tier, list(key.allowed_listings), key.max_concurrency, key.state, key.expires_at, key.created_at),
            )
            await _keep_limits(transaction, key, limits)
            await self._append(transaction, key_created(key, new_id("evt", key.created_at)))

    async def find(self, team_id: str, key_id: str) -> Key:
        """One key of a team. Raises KeyNotFound."""
        async with self._database.transaction(team_id, read_only=True) as transaction:
            return await _find(transaction, key_id)

    async def page(self, team_id: str, after: tuple[datetime, str] | None, at_most: int) -> list[Key]:
        """Newest first, after a place."""
        place = after or (None, None)
        async with self._database.transaction(team_id, read_only=True) as transaction:
            rows = await transaction.fetch(
                f"SELECT {_COLUMNS} FROM keys k"  # noqa: S608 -- a constant
                " WHERE $1::timestamptz IS NULL OR (k.created_at, k.key_id) < ($1, $2)"
                " ORDER BY k.created_at DESC, k.key_id DESC LIMIT $3",
                *place,
                at_most,
            )
        return [key_of(row) for row in rows]

    async def change(self, key: Key, limits: list[Limit], now: datetime) -> None:
        """Keep a key's new name, tier, expiry, listings and limits. Raises KeyNotFound."""
        async with self._database.transaction(key.team_id) as transaction:
            tag = await transaction.execute(
                "UPDATE keys SET name = $2, tier = $3, expires_at = $4, allowed_listings = $5, max_concurrency = $6"
                " WHERE key_id = $1 AND state = 'active'",
                *(key.key_id, key.name, key.tier, key.expires_at, list(key.allowed_listings), key.max_concurrency),
            )
            _require_one(tag)
            await _keep_limits(transaction, key, limits)
            await self._append(transaction, key_changed(key, new_id("evt", now), now))

    async def revoke(self, team_id: str, key_id: str, now: datetime) -> Key:
        """End a key; a revoked one stays revoked. Raises KeyNotFound."""
        async with self._database.transaction(team_id) as transaction:
            tag = await transaction.execute(
                "UPDATE keys SET state = 'revoked', revoked_at = coalesce(revoked_at, $2) WHERE key_id = $1",
                key_id,
                now,
            )
            _require_one(tag)
            key = await _find(transaction, key_id)
            await self._append(transaction, key_revoked(key, new_id("evt", now), now))
        return key

    async def _append(self, transaction: Transaction, event: Event) -> None:
        await self._log.append(transaction, [event])


def key_of(row: Row) -> Key:
    """The key in a row of `_COLUMNS`."""
    return Key(
        key_id=row["key_id"],
        team_id=row["team_id"],
        team_slug=row["team_slug"],
        account_id=row["account_id"],
        name=row["name"],
        hint=row["hint"],
        tier=row["tier"],
        allowed_listings=tuple(row["allowed_listings"]),
        max_concurrency=row["max_concurrency"],
        state=row["state"],
        expires_at=row["expires_at"],
        created_at=row["created_at"],
        monthly_tokens=row["monthly_tokens"],
        monthly_nanodollars=row["monthly_nanodollars"],
    )


async def _find(transaction: Transaction, key_id: str) -> Key:
    row = await transaction.fetch_one(f"SELECT {_COLUMNS} FROM keys k WHERE k.key_id = $1", key_id)  # noqa: S608
    if row is None:
        raise KeyNotFound("Your team has no such key: GET /api/v1/keys lists them.")
    return key_of(row)


def _require_one(tag: str) -> None:
    if tag != "UPDATE 1":
        raise KeyNotFound("Your team has no such key: GET /api/v1/keys lists them.")


async def _keep_limits(transaction: Transaction, key: Key, limits: Sequence[Limit]) -> None:
    for limit in limits:
        await transaction.execute(
            "INSERT INTO limits (scope_id, team_id, kind, subject_id, unit, amount) VALUES ($1, $2, $3, $4, $5, $6)"
            " ON CONFLICT (scope_id) DO UPDATE SET amount = excluded.amount",
            *(limit.scope_id, key.team_id, limit.kind, limit.subject_id, limit.unit, limit.amount),
        )


class PostgresKeyRecords:
    """Any team's key by its digest, for the data plane; reads as the worker role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def by_digest(self, digest: bytes) -> Key:
        """Raises KeyNotFound."""
        async with self._database.transaction(read_only=True) as transaction:
            row = await transaction.fetch_one(f"SELECT {_COLUMNS} FROM keys k WHERE k.digest = $1", digest)  # noqa: S608
        if row is None:
            raise KeyNotFound("No such key.")
        return key_of(row)


class PostgresTeamKeys:
    """All keys of a team at once, in somebody's transaction of the worker role."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    async def end_all(self, transaction: Transaction, team_id: str, now: datetime) -> None:
        """Revoke every active key of a team."""
        rows = await transaction.fetch(
            "UPDATE keys AS k SET state = 'revoked', revoked_at = $2 WHERE team_id = $1 AND state = 'active'"  # noqa: S608
            f" RETURNING {_COLUMNS}",
            team_id,
            now,
        )
        ended = [key_of(row) for row in rows]
        if ended:
            await self._log.append(transaction, [key_revoked(key, new_id("evt", now), now) for key in ended])
