"""Carries recalculations on, batch by batch; the worker runs it, and goes on where a killed one stopped."""

import logging
from collections.abc import Awaitable, Callable

from chassis.clock import Clock
from chassis.errors import MarketplaceError
from consumption.recalculation.ports import CorrectionStore

IDLE_SECONDS = 2.0
_RETRY_AFTER = 5.0
# Between two batches, so that the settling of calls is never kept waiting for long.
_BREATH = 0.005
_log = logging.getLogger("consumption.recalculation")


async def carry_on(store: CorrectionStore, clock: Clock, pause: Callable[[float], Awaitable[None]]) -> None:
    """Do what there is to do, until cancelled."""
    while True:
        try:
            wait = _BREATH if await store.step(clock.now()) else IDLE_SECONDS
        except MarketplaceError as error:
            _log.warning("recalculation goes on later: %s", error.code)
            wait = _RETRY_AFTER
        await pause(wait)
