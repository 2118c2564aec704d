"""Keys as rows: the columns of one, and how a key and its limits are written."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from chassis.database.transaction import Row, Transaction
from consumption.budgets.rules import Limit
from consumption.keys.rules import Key, NewSecret
from consumption.tiers.rules import LOCK_NAME

KEY_COLUMNS = """
    k.key_id, k.team_id, k.team_slug, k.account_id, k.name, k.hint, k.state, k.created_at, k.tier, k.expires_at,
    k.permissions, k.allowed_listings, k.allowed_models, k.requests_per_second, k.tokens_per_minute, k.max_concurrency,
    k.monthly_tokens,
    (SELECT amount FROM limits l WHERE l.scope_id = 'key:' || k.key_id || ':nanodollars') AS monthly_nanodollars,
    k.access_request_id,
    (SELECT coalesce(max(generation), 0) FROM key_secrets s WHERE s.key_id = k.key_id) AS generation,
    k.revision
"""
_LISTS = ("permissions", "allowed_listings", "allowed_models")


def key_of(row: Row) -> Key:
    """The key in a row of `KEY_COLUMNS`."""
    values: dict[str, Any] = {one.name: row[one.name] for one in fields(Key)}
    for name in _LISTS:
        values[name] = tuple(values[name])
    return Key(**values)


async def insert_key(transaction: Transaction, key: Key, limits: Sequence[Limit]) -> None:
    """Write a new key and its limits."""
    await transaction.execute(
        "INSERT INTO keys (key_id, team_id, team_slug, account_id, name, hint, state, created_at, tier, expires_at,"
        " permissions, allowed_listings, allowed_models, requests_per_second, tokens_per_minute, max_concurrency,"
        " monthly_tokens, access_request_id)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
        *(key.key_id, key.team_id, key.team_slug, key.account_id, key.name, key.hint, key.state, key.created_at),
        *bounds_of(key),
        *(key.monthly_tokens, key.access_request_id),
    )
    await write_limits(transaction, key, limits)


def bounds_of(key: Key) -> tuple[Any, ...]:
    """The bounds that stand in the key's own row, tier first, without the monthly quota."""
    return (
        key.tier,
        key.expires_at,
        list(key.permissions),
        list(key.allowed_listings),
        list(key.allowed_models),
        key.requests_per_second,
        key.tokens_per_minute,
        key.max_concurrency,
    )


async def write_limits(transaction: Transaction, key: Key, limits: Sequence[Limit]) -> None:
    """Write the key's limits; its token quota is never above its tier's."""
    await transaction.execute("SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))", LOCK_NAME)
    for limit in limits:
        await transaction.execute(
            "INSERT INTO limits (scope_id, team_id, kind, subject_id, unit, amount)"
            " SELECT $1, $2, $3, $4, $5, CASE WHEN $5 = 'tokens' THEN least($6::bigint, t.monthly_tokens) ELSE $6 END"
            " FROM tiers t WHERE t.name = $7"
            " ON CONFLICT (scope_id) DO UPDATE SET amount = excluded.amount",
            *(limit.scope_id, key.team_id, limit.kind, limit.subject_id, limit.unit, limit.amount, key.tier),
        )


async def add_secret(transaction: Transaction, key: Key, secret: NewSecret, generation: int, now: datetime) -> None:
    """Keep what is kept of a secret."""
    await transaction.execute(
        "INSERT INTO key_secrets (digest, key_id, team_id, generation, proof_hash, made_at)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        *(secret.digest, key.key_id, key.team_id, generation, secret.proof_hash, now),
    )
