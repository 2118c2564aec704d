"""Wires what looks at the books and mends them: prices, explanations, verification, recalculation."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from chassis.clock import Clock, SystemClock
from chassis.database.pool import Database
from chassis.event_log.port import EventLog
from chassis.ids import new_id
from consumption.explain.actions import ExplainCall
from consumption.explain.postgres_store import PostgresCallRecords
from consumption.ledger.postgres_store import PostgresLedger
from consumption.prices.actions import KeepReferences, SetPrice
from consumption.prices.postgres_store import PostgresListedPrices, PostgresPriceBook, PostgresPriceSetting
from consumption.prices.reference_client import GenaiPrices
from consumption.prices.reference_store import PostgresReferences
from consumption.prices.reference_upkeep import keep_references
from consumption.recalculation.actions import PreviewRecalculation, ReadRecalculation, StartRecalculation
from consumption.recalculation.correcting import carry_on
from consumption.recalculation.postgres_store import PostgresCorrections, PostgresDryRun, PostgresRuns


def ledger_actions(database: Database, worker: Database, log: EventLog) -> dict[str, object]:
    """What the routes ask for, by name; `worker` and its log reach across teams."""
    clock = SystemClock()
    runs = PostgresRuns(worker, log)
    return {
        "listed_prices": PostgresListedPrices(database, worker),
        "set_price": SetPrice(PostgresPriceSetting(worker, log), clock, new_id),
        "ledger_reader": PostgresLedger(worker),
        "explain_call": ExplainCall(PostgresCallRecords(database, worker), PostgresPriceBook(worker)),
        "recalculations": runs,
        "preview_recalculation": PreviewRecalculation(PostgresDryRun(worker), runs, clock, time.monotonic),
        "start_recalculation": StartRecalculation(runs, clock, new_id),
        "read_recalculation": ReadRecalculation(runs),
    }


def ledger_tasks(
    database: Database, log: EventLog, clock: Clock, *, reference_prices: bool
) -> list[Callable[[], Awaitable[None]]]:
    """What the worker does beside its consumers: recalculations, and where wanted the upkeep of reference prices."""
    corrections = PostgresCorrections(database, log)
    references = KeepReferences(PostgresReferences(database), GenaiPrices(), clock, new_id)
    upkeep = [lambda: keep_references(references, asyncio.sleep)] if reference_prices else []
    return [lambda: carry_on(corrections, clock, asyncio.sleep), *upkeep]
