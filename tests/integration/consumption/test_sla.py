"""What listings promise and keep, on a real PostgreSQL: who may see and set what, when a breach comes and goes."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from fixtures.consumption_shop import Shop, eventually, numbered
from fixtures.marketplace_database import ProvisionedServer

from chassis.database.errors import RowRefused
from chassis.database.pool import Database
from chassis.event_log.port import Consumer, RecordedEvent
from chassis.event_log.postgres_log import PostgresEventLog
from chassis.ids import new_id
from consumption.facts import SLA_TOPIC
from consumption.sla.actions import EvaluateListings, ReadStanding, SetTargets
from consumption.sla.call_counts import EndedCalls, Fault, summed
from consumption.sla.counts_store import PostgresCallCounts
from consumption.sla.evaluation_store import PostgresEvaluation
from consumption.sla.event_handlers import sla_consumer
from consumption.sla.postgres_store import PostgresSlaListings
from marketplace.events.v1.listing_pb2 import ListingPublished, ListingSnapshot, ServiceLevel
from marketplace.events.v1.sla_pb2 import SlaBreached, SlaRecovered, SlaTargetsChanged

NOTHING = {"latency_p95_ms": None, "error_rate": None, "uptime_percent": None}
WIRED = (ReadStanding, SetTargets)


@pytest.fixture
async def worker(marketplace_database: ProvisionedServer) -> AsyncIterator[Database]:
    """The role that sees all listings."""
    async with Database.open(marketplace_database.url("consumption_worker"), name="test", size=4) as database:
        yield database


async def publish(worker: Database, number: int, team: int, visibility: str = "public", **promise: float) -> str:
    """A listing as its fact is taken; the id."""
    snapshot = ListingSnapshot(
        listing_id=numbered("lst", number),
        team_id=numbered("tea", team),
        team_slug=f"team{team}",
        name=f"chat{number}",
        visibility=visibility,
        revision=1,
        sla=ServiceLevel(**promise),
    )
    data = ListingPublished(listing=snapshot).SerializeToString()
    name = ListingPublished.DESCRIPTOR.full_name
    event = RecordedEvent("evt_1", "marketplace.listing.v1", snapshot.listing_id, name, "publishing", now(), data)
    async with worker.transaction() as transaction:
        await sla_consumer(PostgresSlaListings()).handlers[name](transaction, event)
    return snapshot.listing_id


def now() -> datetime:
    return datetime.now(UTC)


def microseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)


async def called(worker: Database, listing: str, good: int, bad: int = 0, milliseconds: int = 100) -> None:
    """So many calls that ended now."""
    calls = [
        (microseconds(now()), 200, fault, milliseconds * 1000, 70, 1, 1, 900)
        for fault, count in ((Fault.NONE, good), (Fault.VENDOR, bad))
        for _ in range(count)
    ]
    counts = summed([EndedCalls(listing, "ver_1", False, calls)], now())
    await PostgresCallCounts(worker).add(new_id("anb", now()), counts, now())


class Clock:
    """Ahead of the real one by so many seconds."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> datetime:
        return now() + timedelta(seconds=self.ahead)


def evaluation(worker: Database, clock: Clock) -> EvaluateListings:
    store = PostgresEvaluation(worker, PostgresEventLog(worker), lambda at: new_id("brc", at))
    return EvaluateListings(store, clock)


async def test_a_listing_that_nobody_called_has_figures_that_are_unknown(shop: Shop, worker: Database) -> None:
    listing = await publish(worker, 1, 1, uptime_percent=99.5, latency_p95_ms=800)
    found = await shop.person(team=2, role="viewer").good("GET", f"/api/v1/sla/{listing}")
    assert found["promised"] == found["targets"] == {**NOTHING, "latency_p95_ms": 800, "uptime_percent": 99.5}
    assert (found["is_breached"], found["breaches"]) == (False, [])
    assert [window["window"] for window in found["windows"]] == ["5m", "1h", "24h", "30d"]
    for window in found["windows"]:
        assert (window["calls"], window["error_rate"], window["uptime_percent"], window["added_ms"]) == (
            *(0, None, None, None),
        )
        assert set(window["latency_ms"].values()) == {None}
        assert window["met"] == NOTHING


async def test_the_figures_of_every_window_are_those_of_the_calls_in_it(shop: Shop, worker: Database) -> None:
    listing = await publish(worker, 2, 1, uptime_percent=99.5, latency_p95_ms=50)
    await called(worker, listing, 30, 10)
    counts = PostgresCallCounts(worker)
    for name, age in (("a", timedelta(minutes=30)), ("b", timedelta(hours=12)), ("c", timedelta(days=20))):
        figures = (microseconds(now() - age), 200, Fault.CALLER, 5, 70, 1, 1, -1)
        old = EndedCalls(listing, "ver_1", False, [figures])
        await counts.add(f"anb_{name}", summed([old], now() - age), now())
    found = await shop.person(team=2).good("GET", f"/api/v1/sla/{listing}")
    assert [window["calls"] for window in found["windows"]] == [40, 41, 42, 43]
    for window in found["windows"]:
        assert (window["error_rate"], window["failed"]["vendor"]) == (0.25, 10)
        assert window["latency_ms"]["p95"] == pytest.approx(100, rel=0.13)
        assert window["met"] == {"latency_p95_ms": False, "error_rate": None, "uptime_percent": True}


async def test_targets_are_set_by_the_publisher_or_the_platform_and_nobody_else(shop: Shop, worker: Database) -> None:
    listing = await publish(worker, 3, 1, latency_p95_ms=800)
    path = f"/api/v1/sla/{listing}/targets"
    mine = {**NOTHING, "error_rate": 0.01}
    set_by_owner = await shop.person(team=1).good("PUT", path, mine)
    assert set_by_owner["targets"] == {**mine, "latency_p95_ms": 800}
    assert await shop.person(team=1, role="member").refused("PUT", path, mine) == (403, "forbidden")
    assert await shop.person(team=2).refused("PUT", path, mine) == (403, "not_the_publisher")
    set_by_platform = await shop.person(platform="admin").good("PUT", path, {**NOTHING, "latency_p95_ms": 60})
    assert set_by_platform["targets"] == {**NOTHING, "latency_p95_ms": 60}
    for wrong in ({}, {**NOTHING, "error_rate": 1.1}, {**NOTHING, "latency_p95_ms": 0}, {**NOTHING, "more": 1}):
        assert await shop.person(team=1).refused("PUT", path, wrong) == (422, "invalid_input")


async def test_a_private_listing_is_seen_by_its_team_and_the_platform_alone(
    shop: Shop, worker: Database, marketplace_database: ProvisionedServer
) -> None:
    listing = await publish(worker, 4, 1, "private")
    await called(worker, listing, 5)
    path = f"/api/v1/sla/{listing}"
    assert (await shop.person(team=1).good("GET", path))["windows"][0]["calls"] == 5
    assert (await shop.person(platform="admin").good("GET", path))["windows"][0]["calls"] == 5
    assert await shop.person(team=2).refused("GET", path) == (404, "listing_not_found")
    assert await shop.person(team=2).refused("PUT", f"{path}/targets", NOTHING) == (404, "listing_not_found")
    assert await shop.person(team=1).refused("GET", "/api/v1/sla/lst_0") == (422, "invalid_input")
    async with Database.open(marketplace_database.url("consumption_runtime"), name="test", size=1) as runtime:
        async with runtime.transaction(numbered("tea", 2)) as transaction:
            for query in (
                "SELECT count(*) FROM sla_listings WHERE listing_id = $1",
                "SELECT count(*) FROM sla_minutes WHERE listing_id = $1",
                "SELECT count(*) FROM sla_histograms WHERE listing_id = $1",
            ):
                assert await transaction.fetch_value(query, listing) == 0
        with pytest.raises(RowRefused):
            async with runtime.transaction(numbered("tea", 2)) as transaction:
                await transaction.execute(
                    "INSERT INTO sla_targets (listing_id, team_id, changed_at, changed_by) VALUES ($1, $2, now(), 'x')",
                    *(numbered("lst", 3), numbered("tea", 2)),
                )


async def test_a_breach_comes_and_goes_once_with_its_events_however_many_evaluate(shop: Shop, worker: Database) -> None:
    listing = await publish(worker, 5, 1)
    await shop.person(team=1).good("PUT", f"/api/v1/sla/{listing}/targets", {**NOTHING, "error_rate": 0.1})
    clock = Clock()
    evaluate = evaluation(worker, clock)
    await called(worker, listing, 10, 30)
    for seconds in (0, 30, 61, 90):
        clock.ahead = seconds
        await asyncio.gather(*(evaluate() for _ in range(4)))
    found = await shop.person(team=2).good("GET", f"/api/v1/sla/{listing}")
    assert found["is_breached"]
    [breach] = found["breaches"]
    assert (breach["metric"], breach["target"], breach["measured"], breach["window"]) == ("error_rate", 0.1, 0.75, "5m")
    assert breach["ended_at"] is None
    await called(worker, listing, 2000)
    for seconds in (120, 180, 241, 270):
        clock.ahead = seconds
        await asyncio.gather(*(evaluate() for _ in range(4)))
    found = await shop.person(team=2).good("GET", f"/api/v1/sla/{listing}")
    assert not found["is_breached"]
    assert found["breaches"][0]["ended_at"] > found["breaches"][0]["began_at"]
    facts = await told(worker, listing)
    assert [type(fact) for fact in facts] == [SlaTargetsChanged, SlaBreached, SlaRecovered]
    assert {fact.team_id for fact in facts} == {numbered("tea", 1)}


async def test_while_one_evaluates_another_does_nothing(worker: Database) -> None:
    listing = await publish(worker, 6, 1, uptime_percent=100)
    await called(worker, listing, 5, 30)
    async with worker.transaction() as transaction:
        await transaction.execute("SELECT pg_advisory_xact_lock(hashtextextended('consumption/sla', 0))")
        await evaluation(worker, Clock())()
        assert not await turned(worker, listing)
    await evaluation(worker, Clock())()
    assert await turned(worker, listing)


async def turned(worker: Database, listing: str) -> bool:
    """Whether a turn of the listing is noted."""
    async with worker.transaction(read_only=True) as transaction:
        return await transaction.fetch_value("SELECT count(*) FROM sla_turns WHERE listing_id = $1", listing) > 0


async def told(worker: Database, listing: str) -> list[SlaTargetsChanged | SlaBreached | SlaRecovered]:
    """The facts about a listing, in order, once its recovery is among them."""
    kinds = {kind.DESCRIPTOR.full_name: kind for kind in (SlaTargetsChanged, SlaBreached, SlaRecovered)}
    found: list[SlaTargetsChanged | SlaBreached | SlaRecovered] = []

    async def hear(_: object, event: RecordedEvent) -> None:
        if event.key == listing:
            found.append(kinds[event.type].FromString(event.data))

    consumer = Consumer("consumption.test_told", SLA_TOPIC, dict.fromkeys(kinds, hear))

    async def recovered() -> bool:
        await PostgresEventLog(worker).consume_once(consumer)
        return any(isinstance(fact, SlaRecovered) for fact in found)

    await eventually(recovered)
    return found
