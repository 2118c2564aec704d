"""Usage rows lie in one partition a month; the worker makes them ahead of time."""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from chassis.clock import Clock
from chassis.database.pool import Database
from chassis.errors import MarketplaceError
from consumption.budgets.rules import month_of

_RETRY_AFTER = 5.0
_log = logging.getLogger("consumption.partitions")


async def keep_partitions_ahead(
    database: Database, clock: Clock, pause: Callable[[float], Awaitable[None]], every: timedelta
) -> None:
    """Make the partitions of this month and the next, again and again until cancelled."""
    while True:
        month = month_of(clock.now())
        made = [await _is_made(database, start) for start in (month.start, month.end)]
        await pause(every.total_seconds() if all(made) else _RETRY_AFTER)


async def _is_made(database: Database, start: datetime) -> bool:
    """Whether the month that starts then has its partition now; calls are settled without one, too."""
    try:
        await database.run("SELECT ensure_usage_partition($1)", start.date())
    except MarketplaceError as error:
        _log.warning("no partition of %s yet: %s", start.date(), error.code)
    except Exception:
        _log.exception("no partition of %s yet", start.date())
    else:
        return True
    return False
