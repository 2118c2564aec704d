"""Who has taken a fact, asked of the event log on PostgreSQL."""

from collections.abc import Sequence

from chassis.event_log.postgres_log import PostgresEventLog
from publishing.listings.facts import TOPIC


class LogAcknowledgements:
    """Adapter for ports.Acknowledgements."""

    def __init__(self, log: PostgresEventLog) -> None:
        self._log = log

    async def behind(self, event_id: str, groups: Sequence[str]) -> int | None:
        """How many of the consumer groups have not; None while the fact has no place in the log."""
        return await self._log.groups_behind(TOPIC, event_id, groups)
