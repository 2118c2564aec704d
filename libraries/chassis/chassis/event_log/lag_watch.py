"""How far consumers are behind, as a metric: read now and then, not at each look of Prometheus."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from prometheus_client import CollectorRegistry, Gauge

from chassis.errors import MarketplaceError

LOOK_SECONDS = 5.0
_log = logging.getLogger("event_log")


class LagWatch:
    """`run` it as a task; `read` gives the events that are left, by group and topic."""

    def __init__(
        self, registry: CollectorRegistry, read: Callable[[], Awaitable[Mapping[tuple[str, str], int]]]
    ) -> None:
        self._read = read
        self._gauge = Gauge(
            "marketplace_event_lag", "Events that a group has not taken.", ["group", "topic"], registry=registry
        )

    async def run(self) -> None:
        """Look until cancelled; what cannot be read stays as it was."""
        while True:
            try:
                for (group, topic), behind in (await self._read()).items():
                    self._gauge.labels(group, topic).set(behind)
            except MarketplaceError as error:
                _log.info("how far consumers are cannot be read: %s", error.code)
            await asyncio.sleep(LOOK_SECONDS)
