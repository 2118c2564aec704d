"""Usage rows lie in one partition a month; the worker makes them ahead of time."""

import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

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
        this_month = month_of(clock.now())
        try:
            async with database.transaction() as transaction:
                for start in (this_month.start, this_month.end):
                    await transaction.execute("SELECT ensure_usage_partition($1)", start.date())
            wait = every.total_seconds()
        except MarketplaceError as error:
            _log.warning("partitions not made yet: %s", error.code)
            wait = 5.0
        await pause(wait)
