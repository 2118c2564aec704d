"""Judging of listings in PostgreSQL, as the worker role: read, judged and noted in one transaction with the events."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from chassis.database.pool import Database
from chassis.database.transaction import Transaction
from chassis.event_log.port import Event, EventLog
from consumption.facts import SLA_TOPIC, event_of
from consumption.sla.listing_rows import BREACH_COLUMNS, LISTING_COLUMNS, breach_of, listing_of
from consumption.sla.ports import Evaluated, Judge
from consumption.sla.rules import JUDGED, Breach, Metric, Move, Reading, SlaListing, Step, Watched
from consumption.sla.tallies_store import tallies_of
from marketplace.events.v1.sla_pb2 import SlaBreached, SlaRecovered

LOCK_NAME = "consumption/sla"
PAGE = 100
# Where nobody called for so long, there is nothing new to judge.
_RECENT = timedelta(minutes=10)
_TO_JUDGE = f"""
    SELECT {LISTING_COLUMNS} FROM sla_listings l LEFT JOIN sla_targets t USING (listing_id)
    WHERE l.listing_id > $1 AND (
        EXISTS (SELECT 1 FROM sla_breaches b WHERE b.listing_id = l.listing_id AND b.ended_at IS NULL)
        OR EXISTS (SELECT 1 FROM sla_turns u WHERE u.listing_id = l.listing_id)
        OR (
            coalesce(
                l.promised_latency_p95_ms, l.promised_uptime_percent, t.latency_p95_ms, t.error_rate, t.uptime_percent
            ) IS NOT NULL
            AND EXISTS (SELECT 1 FROM sla_minutes m WHERE m.listing_id = l.listing_id AND m.minute >= $2)
        )
    ) ORDER BY l.listing_id LIMIT $3
"""  # noqa: S608 -- a constant


class PostgresEvaluation:
    """Listings that are to be judged."""

    def __init__(self, database: Database, log: EventLog, new_breach_id: Callable[[datetime], str]) -> None:
        self._database = database
        self._log = log
        self._new_breach_id = new_breach_id

    async def evaluate(self, after: str, now: datetime, judge: Judge) -> Evaluated:
        """Judge a page after a listing id, and keep its moves with their events, all in one transaction.

        One evaluator works at a time: where another does, nothing is done.
        """
        async with self._database.transaction() as transaction:
            is_ours = await transaction.fetch_value(
                "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))", LOCK_NAME
            )
            if not is_ours:
                return Evaluated(None, 0)
            rows = await transaction.fetch(_TO_JUDGE, after, now - _RECENT, PAGE)
            events: list[Event] = []
            for watched in await _watched(transaction, [listing_of(row) for row in rows], now):
                for move in judge(watched, now):
                    events += await self._keep(transaction, watched, move, now)
            await self._log.append(transaction, events)
        return Evaluated(rows[-1]["listing_id"] if len(rows) == PAGE else None, len(events))

    async def _keep(self, transaction: Transaction, watched: Watched, move: Move, now: datetime) -> list[Event]:
        listing, metric = watched.listing, move.metric
        if move.step is Step.TURN:
            await transaction.execute(
                "INSERT INTO sla_turns (listing_id, metric, since) VALUES ($1, $2, $3)",
                *(listing.listing_id, metric, move.since),
            )
            return []
        await transaction.execute(
            "DELETE FROM sla_turns WHERE listing_id = $1 AND metric = $2", listing.listing_id, metric
        )
        event = partial(event_of, SLA_TOPIC, listing.listing_id, now=now)
        if move.step is Step.BREACH and move.reading is not None:
            breach_id = self._new_breach_id(now)
            return [event(await _begin(transaction, listing, breach_id, move.reading, move.since))]
        if move.step is Step.RECOVER:
            return [event(await _end(transaction, listing, watched.breaches[metric], move))]
        return []


async def _begin(
    transaction: Transaction, listing: SlaListing, breach_id: str, reading: Reading, began_at: datetime
) -> SlaBreached:
    await transaction.execute(
        "INSERT INTO sla_breaches (breach_id, listing_id, metric, measured_over, target, measured, calls, began_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        *(breach_id, listing.listing_id, reading.metric, reading.window, reading.target, reading.measured),
        *(reading.calls, began_at),
    )
    fact = SlaBreached(
        breach_id=breach_id,
        listing_id=listing.listing_id,
        listing_name=listing.full_name,
        team_id=listing.team_id,
        metric=reading.metric,
        target=reading.target,
        measured=reading.measured,
        window=reading.window,
        calls=reading.calls,
    )
    fact.began_at.FromDatetime(began_at)
    return fact


async def _end(transaction: Transaction, listing: SlaListing, breach: Breach, move: Move) -> SlaRecovered:
    # A figure may be back since before the breach was noted: it ended no sooner than it began.
    ended_at = max(move.since, breach.began_at)
    await transaction.execute("UPDATE sla_breaches SET ended_at = $2 WHERE breach_id = $1", breach.breach_id, ended_at)
    shown = move.reading or breach
    fact = SlaRecovered(
        breach_id=breach.breach_id,
        listing_id=listing.listing_id,
        listing_name=listing.full_name,
        team_id=listing.team_id,
        metric=breach.metric,
        target=shown.target,
        measured=shown.measured,
        window=shown.window,
    )
    fact.began_at.FromDatetime(breach.began_at)
    fact.ended_at.FromDatetime(ended_at)
    return fact


async def _watched(transaction: Transaction, listings: Sequence[SlaListing], now: datetime) -> list[Watched]:
    ids = [listing.listing_id for listing in listings]
    tallies = await tallies_of(transaction, ids, JUDGED, now)
    turns: dict[str, dict[Metric, datetime]] = defaultdict(dict)
    for row in await transaction.fetch("SELECT * FROM sla_turns WHERE listing_id = ANY($1::text[])", ids):
        turns[row["listing_id"]][Metric(row["metric"])] = row["since"]
    breaches: dict[str, dict[Metric, Breach]] = defaultdict(dict)
    rows = await transaction.fetch(
        f"SELECT listing_id, {BREACH_COLUMNS} FROM sla_breaches"  # noqa: S608 -- a constant
        " WHERE ended_at IS NULL AND listing_id = ANY($1::text[])",
        ids,
    )
    for row in rows:
        breaches[row["listing_id"]][Metric(row["metric"])] = breach_of(row)
    return [
        Watched(listing, tallies[listing.listing_id], turns[listing.listing_id], breaches[listing.listing_id])
        for listing in listings
    ]
