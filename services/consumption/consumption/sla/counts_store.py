"""Sums of calls in PostgreSQL, as the worker role: added to what is there, kept as long as windows need them."""

from dataclasses import astuple
from datetime import datetime, timedelta

from chassis.database.pool import Database
from chassis.database.transaction import Transaction
from consumption.sla.call_counts import OLDEST, CallCounts

_KEPT = timedelta(days=32)
_FINE_KEPT = timedelta(hours=2)
_ADD_MINUTE = """
    INSERT INTO sla_minutes AS m (
        listing_id, listing_version_id, minute, succeeded, caller_faults, vendor_faults, our_faults, limited, streamed,
        prompt_tokens, completion_tokens, added_microseconds
    ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
    ON CONFLICT (listing_id, minute, listing_version_id) DO UPDATE SET
        succeeded = m.succeeded + excluded.succeeded, caller_faults = m.caller_faults + excluded.caller_faults,
        vendor_faults = m.vendor_faults + excluded.vendor_faults, our_faults = m.our_faults + excluded.our_faults,
        limited = m.limited + excluded.limited, streamed = m.streamed + excluded.streamed,
        prompt_tokens = m.prompt_tokens + excluded.prompt_tokens,
        completion_tokens = m.completion_tokens + excluded.completion_tokens,
        added_microseconds = m.added_microseconds + excluded.added_microseconds
"""
_ADD_DURATIONS = """
    INSERT INTO sla_histograms AS h (listing_id, grain, begins_at, totals, first_bytes) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (listing_id, grain, begins_at) DO UPDATE SET
        totals = add_counts(h.totals, excluded.totals), first_bytes = add_counts(h.first_bytes, excluded.first_bytes)
"""


class PostgresCallCounts:
    """Sums of the calls of all listings."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, batch_id: str, counts: CallCounts, now: datetime) -> bool:
        """Add the sums of a batch in one transaction; False where that batch was added before."""
        async with self._database.transaction() as transaction:
            tag = await transaction.execute(
                "INSERT INTO sla_batches (batch_id, taken_at) VALUES ($1, $2) ON CONFLICT DO NOTHING", batch_id, now
            )
            if tag != "INSERT 0 1":
                return False
            # In one order everywhere, so that two gateways' batches never dead-lock.
            minutes = sorted(counts.minutes.items(), key=lambda item: item[0])
            await transaction.execute_many(_ADD_MINUTE, [(*key, *astuple(one)) for key, one in minutes])
            durations = sorted(counts.durations.items(), key=lambda item: item[0])
            await transaction.execute_many(
                _ADD_DURATIONS, [(*key, one.totals, one.first_bytes) for key, one in durations]
            )
        return True

    async def forget_old(self, now: datetime) -> None:
        """Let go of what no window looks at any more."""
        async with self._database.transaction() as transaction:
            await _forget(transaction, now)


async def _forget(transaction: Transaction, now: datetime) -> None:
    await transaction.execute("DELETE FROM sla_batches WHERE taken_at < $1", now - 2 * OLDEST)
    await transaction.execute("DELETE FROM sla_minutes WHERE minute < $1", now - _KEPT)
    for grain, kept in (("minute", _FINE_KEPT), ("hour", _KEPT)):
        await transaction.execute("DELETE FROM sla_histograms WHERE grain = $1 AND begins_at < $2", grain, now - kept)
