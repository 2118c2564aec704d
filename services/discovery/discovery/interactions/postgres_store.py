"""Looks in PostgreSQL: the note, what it adds to popularity, and the fact, in one transaction."""

from collections.abc import Callable, Sequence
from datetime import datetime

from chassis.database.pool import Database
from chassis.event_log.port import Event, EventLog
from chassis.identity.principal import Principal
from discovery.interactions.ports import Look
from discovery.trending.ports import UseBook
from discovery.trending.rules import LOOK_WEIGHT, Use
from marketplace.events.v1.interaction_pb2 import ListingViewed

TOPIC = "marketplace.interaction.v1"
_NOTE = """
INSERT INTO interactions (account_id, listing_id, kind, day, team_id, first_at)
SELECT $1, looks.listing_id, looks.kind, $4, $5, $6 FROM unnest($2::text[], $3::text[]) AS looks (listing_id, kind)
ORDER BY 2, 3 ON CONFLICT DO NOTHING RETURNING listing_id, kind
"""


class PostgresDiary:
    """Writes as the role that sees one team."""

    def __init__(
        self, database: Database, book: UseBook, log: EventLog, new_event_id: Callable[[datetime], str]
    ) -> None:
        self._database = database
        self._book = book
        self._log = log
        self._new_event_id = new_event_id

    async def note(self, looker: Principal, looks: Sequence[Look], now: datetime) -> int:
        """How many were new today."""
        team_id = looker.tenant or ""
        async with self._database.transaction(team_id) as transaction:
            fresh = await transaction.fetch(
                _NOTE,
                *(looker.account_id, [look.listing_id for look in looks], [look.kind for look in looks]),
                *(now.date(), team_id, now),
            )
            if fresh:
                await self._book.add(transaction, [Use(row["listing_id"], now, LOOK_WEIGHT) for row in fresh])
                viewed = [row["listing_id"] for row in fresh if row["kind"] == "view"]
                await self._log.append(transaction, [self._fact(looker, one, now) for one in viewed])
        return len(fresh)

    def _fact(self, looker: Principal, listing_id: str, now: datetime) -> Event:
        viewed = ListingViewed(listing_id=listing_id, account_id=looker.account_id)
        viewed.at.FromDatetime(now)
        return Event(
            id=self._new_event_id(now),
            topic=TOPIC,
            key=listing_id,
            type=ListingViewed.DESCRIPTOR.full_name,
            source="discovery",
            time=now,
            data=viewed.SerializeToString(),
        )
