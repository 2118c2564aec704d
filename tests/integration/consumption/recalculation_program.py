"""Consumption's worker as far as it recalculates, started to die: it kills itself at the n-th pass of a named point.

The one line of standard input says where; a life that nothing ends goes on until there is nothing left to do.
Production code knows nothing of this: the points wrap what a step consists of from outside.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from threading import Timer
from typing import Any

from pydantic import SecretStr

from chassis.clock import SystemClock
from chassis.database.pool import Database
from chassis.event_log.postgres_log import PostgresEventLog
from consumption.recalculation import postgres_store
from consumption.recalculation.correcting import IDLE_SECONDS, carry_on
from consumption.recalculation.postgres_store import PostgresCorrections

Count = Callable[[], None]


class NothingLeft(Exception):
    """The worker would wait for somebody to ask for a recalculation."""


def _before(owner: object, name: str, count: Count) -> None:
    plain = getattr(owner, name)

    def counted(*arguments: Any) -> Any:
        count()
        return plain(*arguments)

    setattr(owner, name, counted)


def _after(owner: object, name: str, count: Count) -> None:
    plain = getattr(owner, name)

    async def counted(*arguments: Any) -> Any:
        answer = await plain(*arguments)
        count()
        return answer

    setattr(owner, name, counted)


# Where a life may end: (what is wrapped, its function, which side of it). Each step passes each of the first five once.
POINTS: dict[str, tuple[object, str, Callable[[object, str, Count], None]]] = {
    "before the corrections": (postgres_store, "_write", _before),
    "before the balances": (postgres_store, "movements_of", _before),
    "after the balances": (postgres_store, "_write", _after),
    "before the commit": (postgres_store, "_keep_place", _after),
    "after the commit": (PostgresCorrections, "step", _after),
    "before the end's event": (postgres_store, "completed", _before),
    "after the end's event": (PostgresEventLog, "append", _after),
}


def _doom(point: str, passes: int, delay: float) -> None:
    left = passes

    def count() -> None:
        nonlocal left
        left -= 1
        if left == 0 and delay:
            # Of another thread's making, so that it comes at any instruction.
            Timer(delay, _die).start()
        elif left == 0:
            _die()

    owner, name, wrap = POINTS[point]
    wrap(owner, name, count)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def _pause(seconds: float) -> None:
    if seconds == IDLE_SECONDS:
        raise NothingLeft
    await asyncio.sleep(seconds)


async def _live(name: str, url: str, batch: int) -> None:
    async with Database.open(SecretStr(url), name=name) as database:
        corrections = PostgresCorrections(database, PostgresEventLog(database), batch)
        try:
            await carry_on(corrections, SystemClock(), _pause)
        except NothingLeft:
            return


if __name__ == "__main__":
    order = json.loads(sys.stdin.readline())
    if order["death"]:
        _doom(**order["death"])
    asyncio.run(_live(order["name"], order["url"], order["batch"]))
