"""Wakes runs whose signal was announced while nobody listened.

DBOS hears of a message by NOTIFY and looks for itself once a minute only; after a restart of PostgreSQL a signal can
fall into the second in which its listener is away. The announcement is repeated, as its own trigger makes it, for
fresh messages that were not taken.
"""

import asyncio
from typing import Any

import asyncpg

from chassis.database.errors import UNREACHABLE

PAUSE_SECONDS = 5.0

_ANNOUNCE_AGAIN = """
SELECT pg_notify('dbos_notifications_channel', message.destination_uuid || '::' || message.topic)
FROM dbos.notifications AS message JOIN dbos.workflow_status AS run ON run.workflow_uuid = message.destination_uuid
WHERE NOT message.consumed AND run.status = 'PENDING'
  AND message.created_at_epoch_ms > (extract(epoch FROM now()) - 600) * 1000
"""


async def keep_waking(pool: "asyncpg.Pool[Any]") -> None:
    """Announce again every few seconds, until cancelled."""
    while True:
        await asyncio.sleep(PAUSE_SECONDS)
        try:
            await pool.execute(_ANNOUNCE_AGAIN)
        except (*UNREACHABLE, asyncpg.PostgresError):
            continue
