"""Ends the claims of calls in the transaction that settles them: their replies are kept, or their keys freed."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from chassis.database.transaction import Transaction
from consumption.settlement.rules import UNKNOWN, EndedCall, ReplyFate, UnmadeCall, within_room

# Bytes of replies that are kept for a team at once, give or take what is settled at the same moment.
REPLY_ROOM = 1 << 30
# A reply lives for a day from its claim, and an hour counts until all that came in it are forgotten.
_COUNTED = timedelta(hours=25)


async def end_claims(
    transaction: Transaction, calls: Sequence[EndedCall], unmade: Sequence[UnmadeCall], room: int, now: datetime
) -> None:
    """Where no call of a batch came with a key, nothing is asked of the database."""
    kept = [call for call in calls if call.reply is not None and call.reply.fate is not ReplyFate.RELEASED]
    if kept:
        await _keep(transaction, await _in_room(transaction, kept, room, now))
    unknown = [(call.usage.team_id, call.usage.call_id) for call in calls if call.usage.outcome == UNKNOWN]
    if unknown:
        await transaction.execute(
            "UPDATE stored_replies s SET state = 'unknown' FROM unnest($1::text[], $2::text[]) AS u (team_id, call_id)"
            " WHERE s.team_id = u.team_id AND s.call_id = u.call_id AND s.state = 'open'",
            *_columns(unknown),
        )
    freed = [(call.team_id, call.call_id) for call in unmade]
    freed += [
        (call.usage.team_id, call.usage.call_id)
        for call in calls
        if call.reply is not None and call.reply.fate is ReplyFate.RELEASED
    ]
    if freed:
        await transaction.execute(
            "DELETE FROM stored_replies s USING unnest($1::text[], $2::text[]) AS f (team_id, call_id)"
            " WHERE s.team_id = f.team_id AND s.call_id = f.call_id AND s.state = 'open'",
            *_columns(freed),
        )


async def free_claims_of(transaction: Transaction, holder: str) -> None:
    """All calls of a holder are settled: what it still claims it never used."""
    await transaction.execute("DELETE FROM stored_replies WHERE holder = $1 AND state = 'open'", holder)


async def _in_room(transaction: Transaction, calls: Sequence[EndedCall], room: int, now: datetime) -> list[EndedCall]:
    """These calls with the replies that their teams have room for, which then count."""
    used = await transaction.fetch(
        "SELECT team_id, sum(bytes)::bigint AS bytes FROM reply_room"
        " WHERE team_id = ANY($1::text[]) AND hour > $2 GROUP BY team_id",
        *(sorted({call.usage.team_id for call in calls}), now - _COUNTED),
    )
    kept = within_room(calls, {row["team_id"]: row["bytes"] for row in used}, room)
    more: Counter[str] = Counter()
    for call in kept:
        if call.reply is not None:
            more[call.usage.team_id] += call.reply.size
    if any(more.values()):
        # In one order everywhere, so that two batches never dead-lock.
        await transaction.execute(
            "INSERT INTO reply_room AS r (team_id, hour, bytes)"
            " SELECT team_id, date_trunc('hour', $3::timestamptz, 'UTC'), bytes"
            " FROM unnest($1::text[], $2::bigint[]) AS m (team_id, bytes)"
            " ON CONFLICT (team_id, hour) DO UPDATE SET bytes = r.bytes + excluded.bytes",
            *(_columns(sorted(more.items()))),
            now,
        )
    return kept


async def _keep(transaction: Transaction, calls: Sequence[EndedCall]) -> None:
    rows = [
        (
            *(call.usage.team_id, call.usage.call_id, call.usage.cost),
            *(call.reply.fate.value, call.reply.status, call.reply.header_lines, call.reply.body),
        )
        for call in calls
        if call.reply is not None
    ]
    await transaction.execute(
        "UPDATE stored_replies s SET state = r.fate, status = r.status, header_lines = r.header_lines, body = r.body,"
        " cost_nanodollars = r.cost"
        " FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::integer[], $6::bytea[], $7::bytea[])"
        " AS r (team_id, call_id, cost, fate, status, header_lines, body)"
        " WHERE s.team_id = r.team_id AND s.call_id = r.call_id AND s.state = 'open'",
        *_columns(rows),
    )


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
