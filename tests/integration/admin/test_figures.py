"""The figures out of real usage events, read back over HTTP."""

import json
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from fixtures.admin_people import AdminHouse
from fixtures.marketplace_database import ProvisionedServer
from google.protobuf.timestamp_pb2 import Timestamp

from admin.analytics.actions import RecordListing, RecordUsage
from admin.analytics.event_handlers import analytics_consumers
from admin.analytics.postgres_store import PostgresFigures
from chassis.database.pool import Database
from chassis.event_log.port import Event
from chassis.event_log.postgres_log import PostgresEventLog
from chassis.ids import new_id
from marketplace.events.v1.listing_pb2 import ListingDeprecated, ListingPublished, ListingSnapshot
from marketplace.events.v1.usage_pb2 import UsageRecorded, UsageRow

NOW = datetime.now(UTC)


def row(team_id: str, number: int, *, cost: int | None = 1_500, status: int = 200) -> UsageRow:
    """One call that ended."""
    started = Timestamp()
    started.FromDatetime(NOW - timedelta(days=number % 3))
    found = UsageRow(
        call_id=f"call_{number}",
        team_id=team_id,
        account_id="acc_1",
        key_id="key_1",
        listing_id=f"lst_{number % 2}",
        listing_name=f"red/model-{number % 2}",
        provider="demo",
        model="demo-1",
        prompt_tokens=10 + number,
        completion_tokens=5,
        outcome="settled",
        status=status,
        duration_microseconds=1000 * (number + 1),
        started_at=started,
    )
    if cost is not None:
        found.cost_nanodollars = cost
    return found


def usage_event(*rows: UsageRow) -> Event:
    """A batch as consumption appends it."""
    kind = UsageRecorded.DESCRIPTOR.full_name
    data = UsageRecorded(rows=rows).SerializeToString()
    return Event(new_id("evt", NOW), "marketplace.usage.v1", rows[0].team_id, kind, "consumption", NOW, data)


def listing_event(fact: ListingPublished | ListingDeprecated) -> Event:
    """A fact as publishing appends it."""
    kind = fact.DESCRIPTOR.full_name
    key = fact.listing.listing_id
    return Event(new_id("evt", NOW), "marketplace.listing.v1", key, kind, "publishing", NOW, fact.SerializeToString())


class Elsewhere:
    """The services that append what admin only reads."""

    def __init__(self, server: ProvisionedServer) -> None:
        self._server = server

    async def append(self, service: str, *events: Event) -> None:
        """Append as that service."""
        async with Database.open(self._server.url(f"{service}_worker"), name="elsewhere", size=1) as database:
            log = PostgresEventLog(database)
            async with database.transaction() as transaction:
                await log.append(transaction, events)


@pytest.fixture
async def log(worker_database: Database, marketplace_database: ProvisionedServer) -> PostgresEventLog:
    """The log as admin's worker sees it, and no figures yet."""
    with psycopg.connect(marketplace_database.url("admin_migrator").get_secret_value(), autocommit=True) as connection:
        connection.execute("TRUNCATE usage_daily, latency_daily, listing_states")
    return PostgresEventLog(worker_database)


async def take_all(log: PostgresEventLog) -> int:
    """Let both readers take what is there."""
    taken = 0
    for consumer in analytics_consumers(RecordUsage(PostgresFigures), RecordListing(PostgresFigures)):
        taken += await log.consume_once(consumer)
    return taken


async def test_the_figures_agree_with_the_rows_to_the_token(
    house: AdminHouse, log: PostgresEventLog, marketplace_database: ProvisionedServer
) -> None:
    person = await house.person(team="figures-red")
    team_id = (await house.client.get("/auth/me", headers=person.headers)).json()["team_id"]
    other = await house.team("figures-blue")
    rows = [row(team_id, n, cost=None if n == 4 else 1_500, status=500 if n == 5 else 200) for n in range(20)]
    elsewhere = Elsewhere(marketplace_database)
    await elsewhere.append("consumption", usage_event(*rows[:12]), usage_event(*rows[12:]), usage_event(row(other, 1)))
    assert await take_all(log) == 3
    assert await take_all(log) == 0
    metrics = (await house.client.get("/dashboard/metrics", headers=person.headers)).json()
    assert metrics["calls"] == 20
    assert metrics["prompt_tokens"] == sum(r.prompt_tokens for r in rows)
    assert metrics["completion_tokens"] == 100
    assert metrics["total_tokens"] == metrics["prompt_tokens"] + 100
    assert (metrics["cost_nanodollars"], metrics["cost_usd"], metrics["unpriced_calls"]) == (28_500, "0.0000285", 1)
    assert metrics["error_rate"] == 0.05
    assert 8 <= metrics["latency_ms"]["p50"] <= 12.5
    assert [one["id"] for one in metrics["by_team"]] == [team_id]
    assert sum(one["calls"] for one in metrics["by_listing"]) == 20
    trends = (await house.client.get("/dashboard/trends?days=7", headers=person.headers)).json()["items"]
    assert len(trends) == 7
    assert sum(day["total_tokens"] for day in trends) == metrics["total_tokens"]
    usage = (await house.client.get(f"/api/v1/teams/{team_id}/usage", headers=person.headers)).json()
    for split in ("by_day", "by_listing", "by_user", "by_key", "by_model", "by_provider"):
        assert sum(one["total_tokens"] for one in usage[split]) == metrics["total_tokens"], split


async def test_the_platform_sees_all_teams_and_a_team_its_own(
    house: AdminHouse, log: PostgresEventLog, marketplace_database: ProvisionedServer
) -> None:
    red, blue = await house.person(team="mine-red"), await house.person(team="mine-blue")
    watcher = await house.person("viewer")
    ids = [(await house.client.get("/auth/me", headers=p.headers)).json()["team_id"] for p in (red, blue)]
    await Elsewhere(marketplace_database).append("consumption", *(usage_event(row(team_id, 1)) for team_id in ids))
    await take_all(log)
    seen = (await house.client.get("/dashboard/metrics", headers=watcher.headers)).json()
    assert {one["name"] for one in seen["by_team"]} == {"mine-red", "mine-blue"}
    peeked = await house.client.get("/dashboard/metrics", params={"team_id": ids[1]}, headers=red.headers)
    assert (peeked.json()["calls"], peeked.json()["cost_usd"]) == (0, "0")
    assert (await house.client.get("/dashboard/metrics", headers=(await house.person()).headers)).status_code == 403


async def test_a_listing_counts_in_its_newest_state(
    house: AdminHouse, log: PostgresEventLog, marketplace_database: ProvisionedServer
) -> None:
    first = await house.first()
    team_id = await house.team("states-red")

    def snapshot(state: str, revision: int) -> ListingSnapshot:
        return ListingSnapshot(
            listing_id="lst_state", team_id=team_id, team_slug="states-red", name="m", state=state, revision=revision
        )

    published = listing_event(ListingPublished(listing=snapshot("published", 1)))
    deprecated = listing_event(ListingDeprecated(listing=snapshot("deprecated", 2)))
    late = listing_event(ListingPublished(listing=snapshot("published", 1)))
    await Elsewhere(marketplace_database).append("publishing", published, deprecated, late)
    await take_all(log)
    metrics = (await house.client.get("/dashboard/metrics", headers=first.headers)).json()
    assert metrics["listings_by_state"] == {"deprecated": 1}
    assert json.dumps(metrics)
