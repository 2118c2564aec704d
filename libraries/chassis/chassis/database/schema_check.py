"""A readiness check: the database answers, with a schema that is new enough for this build."""

from pathlib import Path

from chassis.database.migrations import require_schema
from chassis.database.pool import Database
from chassis.health import Check


def schema_check(database: Database, migrations: Path) -> Check:
    """Fails with SchemaTooOld, DatabaseUnavailable or DatabaseTimedOut; `migrations` is the build's own folder."""

    async def check() -> str | None:
        async with database.transaction(read_only=True) as transaction:
            await require_schema(transaction, migrations)
        return None

    return check
