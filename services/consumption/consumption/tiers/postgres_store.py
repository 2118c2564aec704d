"""Tiers in PostgreSQL."""

from datetime import datetime

from chassis.database.pool import Database
from chassis.database.transaction import Row
from chassis.event_log.port import EventLog
from consumption.facts import KEY_TOPIC, event_of
from consumption.tiers.errors import TierUnknown
from consumption.tiers.rules import LOCK_NAME, Tier
from marketplace.events.v1.key_pb2 import TierChanged

_SELECT = "SELECT name, requests_per_second, burst, tokens_per_minute, max_concurrency, monthly_tokens FROM tiers"


class PostgresTiers:
    """The tiers there are; every role may read them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, name: str) -> Tier:
        """Raises TierUnknown."""
        async with self._database.transaction(read_only=True) as transaction:
            row = await transaction.fetch_one(f"{_SELECT} WHERE name = $1", name)
        if row is None:
            raise TierUnknown(f"There is no tier {name}: GET /api/v1/tiers lists them.", pointer="/tier")
        return _tier_of(row)

    async def all(self) -> list[Tier]:
        """The slowest first."""
        async with self._database.transaction(read_only=True) as transaction:
            rows = await transaction.fetch(f"{_SELECT} ORDER BY requests_per_second, name LIMIT 1000")
        return [_tier_of(row) for row in rows]


class PostgresTierStore:
    """Changes tiers, as the role that reaches the keys of all teams."""

    def __init__(self, database: Database, log: EventLog) -> None:
        self._database = database
        self._log = log

    async def put(self, tier: Tier, actor: str, now: datetime) -> None:
        """Make a tier or change it; monthly quotas of its keys follow."""
        async with self._database.transaction() as transaction:
            await transaction.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", LOCK_NAME)
            await transaction.execute(
                "INSERT INTO tiers (name, requests_per_second, burst, tokens_per_minute, max_concurrency,"
                " monthly_tokens, changed_at, changed_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
                " ON CONFLICT (name) DO UPDATE SET requests_per_second = excluded.requests_per_second,"
                " burst = excluded.burst, tokens_per_minute = excluded.tokens_per_minute,"
                " max_concurrency = excluded.max_concurrency, monthly_tokens = excluded.monthly_tokens,"
                " changed_at = excluded.changed_at, changed_by = excluded.changed_by",
                *(*vars(tier).values(), now, actor),
            )
            await transaction.execute(
                "UPDATE limits l SET amount = least(k.monthly_tokens, $2) FROM keys k"
                " WHERE k.tier = $1 AND l.scope_id = 'key:' || k.key_id || ':tokens'"
                " AND l.amount IS DISTINCT FROM least(k.monthly_tokens, $2)",
                *(tier.name, tier.monthly_tokens),
            )
            fact = TierChanged(actor=actor, **vars(tier))
            await self._log.append(transaction, [event_of(KEY_TOPIC, f"tier:{tier.name}", fact, now)])


def _tier_of(row: Row) -> Tier:
    return Tier(*row.values())
