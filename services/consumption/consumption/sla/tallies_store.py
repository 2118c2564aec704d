"""Tallies of listings in windows, out of the sums of their minutes and hours."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from chassis.database.transaction import Transaction
from consumption.sla.rules import Tally, Window

_COUNTS = """
    SELECT listing_id, sum(succeeded)::bigint, sum(caller_faults)::bigint, sum(vendor_faults)::bigint,
        sum(our_faults)::bigint, sum(limited)::bigint, sum(added_microseconds)::bigint,
        count(*) FILTER (WHERE succeeded + vendor_faults > 0), count(*) FILTER (WHERE vendor_faults > succeeded)
    FROM (
        SELECT listing_id, minute, sum(succeeded) AS succeeded, sum(caller_faults) AS caller_faults,
            sum(vendor_faults) AS vendor_faults, sum(our_faults) AS our_faults, sum(limited) AS limited,
            sum(added_microseconds) AS added_microseconds
        FROM sla_minutes WHERE listing_id = ANY($1::text[]) AND minute >= $2 GROUP BY listing_id, minute
    ) AS minutes GROUP BY listing_id
"""
_DURATIONS = """
    SELECT listing_id, array_agg(total ORDER BY place), array_agg(first_byte ORDER BY place)
    FROM (
        SELECT listing_id, place, sum(total)::bigint AS total, sum(first_byte)::bigint AS first_byte
        FROM sla_histograms, unnest(totals, first_bytes) WITH ORDINALITY AS counts (total, first_byte, place)
        WHERE listing_id = ANY($1::text[]) AND grain = $2 AND begins_at >= $3 GROUP BY listing_id, place
    ) AS buckets GROUP BY listing_id
"""


async def tallies_of(
    transaction: Transaction, listing_ids: Sequence[str], windows: Iterable[Window], now: datetime
) -> Mapping[str, Mapping[str, Tally]]:
    """By listing, then by the window's name; a listing without calls in a window has no tally there."""
    found: dict[str, dict[str, Tally]] = {listing_id: {} for listing_id in listing_ids}
    for window in windows:
        begins = window.begins(now)
        durations = {
            row[0]: (row[1], row[2])
            for row in await transaction.fetch(_DURATIONS, list(listing_ids), window.grain, begins)
        }
        for row in await transaction.fetch(_COUNTS, list(listing_ids), begins):
            listing_id, *counts = row
            totals, first_bytes = durations.get(listing_id, ((), ()))
            found[listing_id][window.name] = Tally(*counts, totals=totals, first_bytes=first_bytes)
    return found
