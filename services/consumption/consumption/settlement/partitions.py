"""Usage rows lie in one partition a month; the worker makes them ahead of time."""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from chassis.clock import Clock
from chassis.database.pool import Database
from chassis.errors import MarketplaceError
from consumption.budgets.rules import month_of

_log = logging.getLogger("consumption.partitions")


async def keep_partitions_ahead(
    database: Database, clock: Clock, pause: Callable[[float], Awaitable[None]], every: timedelta
) -> None:
    """Make the partitions of this month and the next, again and again until cancelled."""
    while True:
        try:
            await _make_partitions(database, clock.now())
            wait = every.total_seconds()
        except MarketplaceError as error:
            _log.warning("partitions not made yet: %s", error.code)
            wait = 5.0
        await pause(wait)


async def _make_partitions(database: Database, now: datetime) -> None:
    month = month_of(now)
    async with database.transaction() as transaction:
        for start in (month.start, month.end):
            await transaction.execute("SELECT ensure_usage_partition($1)", start.date())
