"""How far consumers are behind and what they set aside, as metrics: read now and then, not at each look at them."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Protocol

from prometheus_client import CollectorRegistry, Gauge

from chassis.errors import MarketplaceError

LOOK_SECONDS = 5.0
_log = logging.getLogger("event_log")


class Watched(Protocol):
    """What is looked at: events, by group and topic."""

    async def lag(self) -> Mapping[tuple[str, str], int]:
        """Those that are left."""
        ...

    async def set_aside(self) -> Mapping[tuple[str, str], int]:
        """Those that failed for good and were not taken since."""
        ...


class LagWatch:
    """`run` it as a task."""

    def __init__(self, registry: CollectorRegistry, log: Watched) -> None:
        self._log = log
        self._lag = _gauge(registry, "marketplace_event_lag", "Events that a group has not taken.")
        self._set_aside = _gauge(
            registry, "marketplace_events_set_aside", "Events that failed for good, so that a group passed over them."
        )

    async def run(self) -> None:
        """Look until cancelled; what cannot be read stays as it was."""
        while True:
            try:
                _show(self._lag, await self._log.lag())
                _show(self._set_aside, await self._log.set_aside())
            except MarketplaceError as error:
                _log.info("how far consumers are cannot be read: %s", error.code)
            await asyncio.sleep(LOOK_SECONDS)


def _gauge(registry: CollectorRegistry, name: str, meaning: str) -> Gauge:
    return Gauge(name, meaning, ["group", "topic"], registry=registry)


def _show(gauge: Gauge, found: Mapping[tuple[str, str], int]) -> None:
    for (group, topic), events in found.items():
        gauge.labels(group, topic).set(events)
