"""Whether the database answers with a schema that is new enough for this build."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from chassis.database.migrations import require_schema
from chassis.database.pool import Database

SERVICE = "publishing"
MIGRATIONS = Path(__file__).parents[1] / "migrations"


def database_check(database: Database) -> Callable[[], Awaitable[str | None]]:
    """A readiness check of a role's pool."""

    async def check() -> str | None:
        async with database.transaction(read_only=True) as transaction:
            await require_schema(transaction, MIGRATIONS)
        return None

    return check
