"""Wires what listings promise and keep: the actions behind the routes, and what the worker does beside its events."""

import asyncio
from collections.abc import Awaitable, Callable

from chassis.clock import Clock, SystemClock
from chassis.database.pool import Database
from chassis.event_log.port import EventLog
from chassis.ids import new_id
from consumption.sla.actions import EvaluateListings, ReadStanding, SetTargets
from consumption.sla.counts_store import PostgresCallCounts
from consumption.sla.evaluation_store import PostgresEvaluation
from consumption.sla.evaluator import repeat
from consumption.sla.postgres_store import PostgresSla

_FORGET_SECONDS = 600.0


def sla_actions(database: Database, worker: Database, log: EventLog) -> dict[str, object]:
    """What the routes ask for, by name; `log` appends in whatever transaction it is handed."""
    store = PostgresSla(database, worker, log)
    return {
        "read_standing": ReadStanding(store, SystemClock()),
        "set_targets": SetTargets(store, SystemClock()),
    }


def sla_tasks(database: Database, log: EventLog, clock: Clock, every: float) -> list[Callable[[], Awaitable[None]]]:
    """Judge the listings each so many seconds, and forget what no window looks at any more."""
    evaluate = EvaluateListings(PostgresEvaluation(database, log, lambda now: new_id("brc", now)), clock)
    counts = PostgresCallCounts(database)
    return [
        lambda: repeat(evaluate, asyncio.sleep, every),
        lambda: repeat(lambda: counts.forget_old(clock.now()), asyncio.sleep, _FORGET_SECONDS),
    ]
