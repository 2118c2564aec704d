"""Keys of one team at a time in PostgreSQL."""

from datetime import datetime

from chassis.database.pool import Database
from chassis.database.transaction import Transaction
from chassis.event_log.port import Event, EventLog
from consumption.budgets.rules import Limit
from consumption.keys.errors import KeyChangedMeanwhile, KeyNotFound, KeyRotatedAlready
from consumption.keys.events import key_changed, key_created, key_revoked, key_rotated
from consumption.keys.key_rows import KEY_COLUMNS, add_secret, bounds_of, insert_key, key_of, write_limits
from consumption.keys.ports import Deed
from consumption.keys.rules import Key, NewSecret


class PostgresKeyStore:
    """Keys of one team at a time; row security refuses the rest."""

    def __init__(self, database: Database, log: EventLog) -> None:
        self._database = database
        self._log = log

    async def add(self, key: Key, secret: NewSecret, limits: list[Limit]) -> None:
        """Keep a new key with its limits."""
        async with self._database.transaction(key.team_id) as transaction:
            await insert_key(transaction, key, limits)
            await add_secret(transaction, key, secret, 1, key.created_at)
            await self._append(transaction, key_created(key, key.account_id))

    async def find(self, team_id: str, key_id: str) -> Key:
        """One key of a team. Raises KeyNotFound."""
        async with self._database.transaction(team_id, read_only=True) as transaction:
            return await _find(transaction, key_id)

    async def page(self, team_id: str, after: tuple[datetime, str] | None, at_most: int) -> list[Key]:
        """Newest first, after a place."""
        place = after or (None, None)
        async with self._database.transaction(team_id, read_only=True) as transaction:
            rows = await transaction.fetch(
                f"SELECT {KEY_COLUMNS} FROM keys k"  # noqa: S608 -- a constant
                " WHERE $1::timestamptz IS NULL OR (k.created_at, k.key_id) < ($1, $2)"
                " ORDER BY k.created_at DESC, k.key_id DESC LIMIT $3",
                *place,
                at_most,
            )
        return [key_of(row) for row in rows]

    async def change(self, key: Key, limits: list[Limit], deed: Deed, changed: list[str]) -> None:
        """Keep a key's new name and bounds. Raises KeyChangedMeanwhile where it is not as it was read."""
        async with self._database.transaction(key.team_id) as transaction:
            tag = await transaction.execute(
                "UPDATE keys SET name = $3, tier = $4, expires_at = $5, permissions = $6, allowed_listings = $7,"
                " allowed_models = $8, requests_per_second = $9, tokens_per_minute = $10, max_concurrency = $11,"
                " monthly_tokens = $12, revision = revision + 1"
                " WHERE key_id = $1 AND revision = $2 AND state = 'active'",
                *(key.key_id, key.revision, key.name, *bounds_of(key), key.monthly_tokens),
            )
            if tag != "UPDATE 1":
                raise KeyChangedMeanwhile("Somebody changed this key at the same moment: read it and try again.")
            await write_limits(transaction, key, limits)
            await self._append(transaction, key_changed(key, deed, changed))

    async def rotate(self, key: Key, secret: NewSecret, previous_ends_at: datetime, deed: Deed) -> None:
        """Give a key its next secret. Raises KeyRotatedAlready where the key has another generation."""
        async with self._database.transaction(key.team_id) as transaction:
            # Locks the key: of two rotations at once the second sees the first's generation.
            tag = await transaction.execute(
                "UPDATE keys SET hint = $2, digest = NULL, secret_hash = NULL WHERE key_id = $1 AND state = 'active'",
                *(key.key_id, secret.hint),
            )
            there = await _find(transaction, key.key_id)
            if tag != "UPDATE 1" or there.generation != key.generation:
                raise KeyRotatedAlready(
                    "Somebody rotated or revoked this key at the same moment: read it first.",
                    generation=there.generation,
                )
            await transaction.execute(
                "UPDATE key_secrets SET ends_at = least(ends_at, $2) WHERE key_id = $1 AND generation < $3",
                *(key.key_id, deed.now, key.generation),
            )
            await transaction.execute(
                "UPDATE key_secrets SET ends_at = $3 WHERE key_id = $1 AND generation = $2",
                *(key.key_id, key.generation, previous_ends_at),
            )
            await add_secret(transaction, key, secret, key.generation + 1, deed.now)
            await self._append(transaction, key_rotated(key, deed, previous_ends_at))

    async def revoke(self, team_id: str, key_id: str, deed: Deed) -> Key:
        """End a key with all its secrets; a revoked one stays revoked. Raises KeyNotFound."""
        async with self._database.transaction(team_id) as transaction:
            tag = await transaction.execute(
                "UPDATE keys SET state = 'revoked', revoked_at = $2 WHERE key_id = $1 AND state = 'active'",
                *(key_id, deed.now),
            )
            key = await _find(transaction, key_id)
            if tag == "UPDATE 1":
                await self._append(transaction, key_revoked(key, deed))
        return key

    async def _append(self, transaction: Transaction, event: Event) -> None:
        await self._log.append(transaction, [event])


async def _find(transaction: Transaction, key_id: str) -> Key:
    row = await transaction.fetch_one(f"SELECT {KEY_COLUMNS} FROM keys k WHERE k.key_id = $1", key_id)  # noqa: S608
    if row is None:
        raise KeyNotFound("Your team has no such key: GET /api/v1/keys lists them.")
    return key_of(row)
