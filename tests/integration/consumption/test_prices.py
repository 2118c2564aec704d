"""The price book on a real database: what listings state, what a public list says, what the platform sets."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
from fixtures.consumption_shop import Shop, Shopper, numbered
from fixtures.marketplace_database import ProvisionedServer

from chassis.clock import SystemClock, rfc3339
from chassis.database.pool import Database
from chassis.database.transaction import Transaction
from chassis.event_log.port import Consumer, RecordedEvent
from chassis.event_log.postgres_log import PostgresEventLog
from chassis.ids import new_id
from consumption.facts import LEDGER_TOPIC
from consumption.prices.actions import KeepReferences
from consumption.prices.event_handlers import price_book_consumer
from consumption.prices.postgres_store import PostgresPriceBook
from consumption.prices.reference_client import GenaiPrices
from consumption.prices.reference_store import PostgresReferences
from consumption.prices.rules import Reference, ReferencePrice
from dataplane.control_plane.routes_client import price_of
from dataplane.pricing import cost_nanodollars
from dataplane.usage import Usage
from marketplace.consumption.v1 import prices_pb2
from marketplace.consumption.v1.prices_pb2_grpc import PricesStub
from marketplace.events.v1.ledger_pb2 import PriceSet
from marketplace.events.v1.listing_pb2 import ListingPublished, ListingSnapshot, Pricing

PATH = "/api/v1/prices"
NOW = datetime.now(UTC)
ACME = ReferencePrice("acme", "big", 150_000_000, 600_000_000, Reference("a list 1", date(2026, 1, 1)))
NUMBERS: Iterator[int] = count(100)


@pytest.fixture
async def worker(marketplace_database: ProvisionedServer) -> AsyncIterator[Database]:
    """The role that sees all teams, with a public list of one model."""
    async with Database.open(marketplace_database.url("consumption_worker"), name="test", size=2) as database:
        await PostgresReferences(database).replace([ACME])
        yield database


@pytest.fixture
def governor(shop: Shop) -> Shopper:
    """An admin of the platform."""
    return shop.person(platform="admin", account=99)


async def published(
    worker: Database, pricing: Pricing, *, team: int = 1, visibility: str = "public", at: datetime = NOW
) -> str:
    """A listing of a number of its own that was published with this price; its id."""
    number = next(NUMBERS)
    listing = ListingSnapshot(
        listing_id=numbered("lst", number),
        listing_version_id=numbered("ver", number),
        pricing=pricing,
        provider="Acme",
        upstream_model="Big",
    )
    kind = ListingPublished.DESCRIPTOR.full_name
    data = ListingPublished(listing=listing).SerializeToString()
    consumer = price_book_consumer(PostgresPriceBook(worker), lambda now: new_id("prc", now))
    event = RecordedEvent(new_id("evt", at), consumer.topic, listing.listing_id, kind, "publishing", at, data)
    async with worker.transaction() as transaction:
        await consumer.handlers[kind](transaction, event)
        await transaction.execute(
            "INSERT INTO askable_listings (listing_id, team_id, full_name, visibility, state, revision)"
            " VALUES ($1, $2, $3, $4, 'published', 1)",
            *(listing.listing_id, numbered("tea", team), f"team{team}/l{number}", visibility),
        )
    return listing.listing_id


def stated(
    given: int | None = None, taken: int | None = None, model: str = "usage", cached: int | None = None
) -> Pricing:
    return Pricing(
        model=model,
        input_nanodollars_per_million=given,
        output_nanodollars_per_million=taken,
        cached_input_nanodollars_per_million=cached,
    )


async def told(person: Shopper, listing: str) -> list[dict[str, object]]:
    items = (await person.good("GET", f"{PATH}?listing={listing}"))["items"]
    return [
        {name: one[name] for name in ("source", "input_per_million", "output_per_million", "effective_until")}
        for one in items
    ]


def price(source: str, given: str | None, taken: str | None, until: datetime | None = None) -> dict[str, object]:
    return {
        "source": source,
        "input_per_million": given,
        "output_per_million": taken,
        "effective_until": until and rfc3339(until),
    }


async def test_a_listing_costs_what_it_states_and_where_it_states_nothing_what_a_public_list_says(
    shop: Shop, worker: Database
) -> None:
    anyone = shop.person(team=77, role="viewer")
    for pricing, expected in (
        (stated(2_500_000_000, 10_000_000_000), price("listing", "2.5", "10")),
        (stated(model="free"), price("listing", "0", "0")),
        (stated(2_500_000_000), price("reference", "0.15", "0.6")),
        (stated(model="unknown"), price("reference", "0.15", "0.6")),
    ):
        assert await told(anyone, await published(worker, pricing)) == [expected]
    await PostgresReferences(worker).replace([ReferencePrice("acme", "other", 1, 1, ACME.reference)])
    assert await told(anyone, await published(worker, stated(None, 5))) == [price("listing", None, "0.000000005")]


async def priced(shop: Shop, listing: str, usage: Usage) -> tuple[str, int | None]:
    """What a gateway makes of the listing's one version now: the source of its price, and the cost of that usage."""
    request = prices_pb2.GetPriceRequest(listing_version_id=f"ver_{listing[4:]}")
    request.at.FromDatetime(datetime.now(UTC) + timedelta(seconds=1))
    async with shop.gateway() as peer:
        answer = await peer.ask(PricesStub(peer.channel).GetPrice, request)
    return answer.source, cost_nanodollars(usage, price_of(answer).price)


async def test_cached_tokens_cost_what_the_listing_states_of_them_and_else_what_other_prompt_tokens_cost(
    shop: Shop, worker: Database
) -> None:
    await PostgresReferences(worker).replace([replace(ACME, cached_input_price=50_000_000)])
    usage, plain = Usage(1_000_000, 0, 400_000), 2_500_000_000
    for pricing, expected in (
        (stated(plain, 10_000_000_000), ("listing", 2_500_000_000)),
        (stated(plain, 10_000_000_000, cached=1_250_000_000), ("listing", 2_000_000_000)),
        (stated(plain, 10_000_000_000, cached=0), ("listing", 1_500_000_000)),
        (stated(model="free", cached=5_000_000_000), ("listing", 0)),
        (stated(model="unknown"), ("reference", 110_000_000)),
        (stated(plain, cached=1), ("reference", 110_000_000)),
    ):
        assert await priced(shop, await published(worker, pricing), usage) == expected


async def test_a_list_that_brings_a_cached_price_takes_over_from_the_one_without_it_once(
    shop: Shop, worker: Database
) -> None:
    references, usage = PostgresReferences(worker), Usage(1_000_000, 0, 400_000)
    listing, own = await published(worker, stated()), await published(worker, stated(7, 7))
    assert await priced(shop, listing, usage) == ("reference", 150_000_000)

    class Newer(GenaiPrices):
        """A list that knows what cached tokens cost."""

        async def name(self) -> str:
            return "a list 2"

        async def read(self) -> list[ReferencePrice]:
            reference = Reference(await self.name(), date(2026, 2, 1))
            return [replace(ACME, reference=reference, cached_input_price=50_000_000)]

    keep = KeepReferences(references, Newer(), SystemClock(), new_id)
    assert [await keep() > 0, await keep()] == [True, 0]
    assert await priced(shop, listing, usage) == ("reference", 110_000_000)
    last, first = (await shop.person().good("GET", f"{PATH}?listing={listing}"))["items"]
    assert (last["cached_input_per_million"], first["cached_input_per_million"]) == ("0.05", None)
    assert await priced(shop, own, usage) == ("listing", 7)


async def test_a_list_that_comes_later_prices_what_had_no_price_and_its_age_is_shown(
    shop: Shop, worker: Database
) -> None:
    references = PostgresReferences(worker)
    await references.replace([ReferencePrice("acme", "other", 1, 1, ACME.reference)])
    listing = await published(worker, stated())
    await references.replace([ACME])

    class Same(GenaiPrices):
        """The list that is there already."""

        async def name(self) -> str:
            return ACME.reference.name

    keep = KeepReferences(references, Same(), SystemClock(), new_id)
    assert await keep() >= 1
    assert await keep() == 0
    last, first = (await shop.person().good("GET", f"{PATH}?listing={listing}"))["items"]
    assert (first["source"], first["input_per_million"], first["effective_until"]) == (
        *("listing", None, last["effective_from"]),
    )
    age = (datetime.now(UTC).date() - date(2026, 1, 1)).days
    assert last["reference"] == {"name": "a list 1", "as_of": "2026-01-01", "age_days": age}


async def test_the_installed_public_list_is_read_with_its_name_and_date() -> None:
    found = await GenaiPrices().read()
    assert len(found) > 1000
    assert {one.reference for one in found} == {Reference(await GenaiPrices().name(), date(2026, 11, 1))}
    by_name = {(one.provider, one.model): one for one in found}
    assert by_name["openai", "gpt-4o-mini"].output_price == 600_000_000
    assert by_name["openai", "gpt-4o-mini"].cached_input_price == 75_000_000
    assert by_name["openai", "gpt-4"].cached_input_price is None


async def test_the_platform_sets_a_price_from_a_day_on_and_calls_take_it_from_then_on(
    shop: Shop, worker: Database, governor: Shopper
) -> None:
    listing = await published(worker, stated(1_000_000_000, 2_000_000_000), at=NOW - timedelta(days=2))
    start = NOW - timedelta(days=1)
    body = {
        "listing_id": listing,
        "input_per_million": "3",
        "output_per_million": "4.5",
        "cached_input_per_million": "0.3",
        "effective_from": rfc3339(start),
    }
    assert await shop.person().refused("POST", PATH, body) == (403, "forbidden")
    [made] = (await governor.good("POST", PATH, body))["items"]
    assert [made] == (await governor.good("POST", PATH, body))["items"]
    assert await told(governor, listing) == [price("admin", "3", "4.5"), price("listing", "1", "2", start)]
    async with shop.gateway() as peer:
        for at, source, given in ((start - timedelta(seconds=1), "listing", 10**9), (start, "admin", 3 * 10**9)):
            request = prices_pb2.GetPriceRequest(listing_version_id=made["listing_version_id"])
            request.at.FromDatetime(at)
            found = await peer.ask(PricesStub(peer.channel).GetPrice, request)
            assert (found.source, found.pricing.input_nanodollars_per_million) == (source, given)
            assert found.pricing.HasField("cached_input_nanodollars_per_million") is (source == "admin")
    facts: list[PriceSet] = []

    async def hear(_: Transaction, event: RecordedEvent) -> None:
        facts.append(PriceSet.FromString(event.data))

    consumer = Consumer("consumption.test", LEDGER_TOPIC, {PriceSet.DESCRIPTOR.full_name: hear})
    while await PostgresEventLog(worker).consume_once(consumer):
        continue
    [fact] = [fact for fact in facts if fact.listing_id == listing]
    assert (fact.actor, fact.output_nanodollars_per_million) == (governor.principal.account_id, 4_500_000_000)
    assert fact.cached_input_nanodollars_per_million == 300_000_000


@pytest.mark.parametrize("before", [[("5", 3)], [("9", 0), ("5", -3)]])
async def test_a_price_sent_without_a_date_is_what_the_next_call_costs(
    shop: Shop, worker: Database, governor: Shopper, before: list[tuple[str, int]]
) -> None:
    listing = await published(worker, stated(1, 2), at=NOW - timedelta(days=5))
    body = {"listing_id": listing, "input_per_million": "5", "output_per_million": "6"}
    for given, days in before:
        dated = {"input_per_million": given, "effective_from": rfc3339(NOW + timedelta(days=days))}
        await governor.good("POST", PATH, {**body, **dated})
    [made] = (await governor.good("POST", PATH, body))["items"]
    assert await priced(shop, listing, Usage(1_000_000, 0)) == ("admin", 5_000_000_000)
    assert [made] == (await governor.good("POST", PATH, body))["items"]


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"listing_id": numbered("lst", 99_999)}, (404, "price_not_found")),
        ({"input_per_million": "1000001"}, (422, "price_too_high")),
        ({"cached_input_per_million": "1000001"}, (422, "price_too_high")),
        ({"input_per_million": "-1"}, (422, "invalid_input")),
        ({"cached_input_per_million": "-1"}, (422, "invalid_input")),
        ({"output_per_million": None}, (422, "invalid_input")),
        ({"effective_from": "soon"}, (422, "invalid_input")),
    ],
)
async def test_a_price_that_cannot_be_meant_is_refused(
    worker: Database, governor: Shopper, change: dict[str, object], refusal: tuple[int, str]
) -> None:
    listing = await published(worker, stated(1, 2))
    body = {"listing_id": listing, "input_per_million": "1", "output_per_million": "1", **change}
    assert await governor.refused("POST", PATH, body) == refusal
    assert await told(governor, listing) == [price("listing", "0.000000001", "0.000000002")]


async def test_prices_of_a_private_listing_are_seen_by_its_team_and_the_platform_alone(
    shop: Shop, worker: Database, governor: Shopper, marketplace_database: ProvisionedServer
) -> None:
    listing = await published(worker, stated(1, 2), team=31, visibility="private")
    name = f"team31/l{int(listing[4:], 16)}"
    for person in (shop.person(team=31), governor):
        for asked in (listing, name):
            assert len(await told(person, asked)) == 1
    for asked in (listing, name):
        assert await shop.person(team=32).refused("GET", f"{PATH}?listing={asked}") == (404, "price_not_found")
    async with (
        Database.open(marketplace_database.url("consumption_runtime"), name="test", size=1) as database,
        database.transaction(numbered("tea", 32)) as transaction,
    ):
        assert await transaction.fetch("SELECT * FROM prices WHERE listing_id = $1", listing) == []


async def test_many_prices_come_in_pages(shop: Shop, worker: Database, governor: Shopper) -> None:
    listing = await published(worker, stated(1, 2), at=NOW - timedelta(days=9))
    for day in range(3):
        body = {"listing_id": listing, "input_per_million": str(day + 1), "output_per_million": "1"}
        await governor.good("POST", PATH, {**body, "effective_from": rfc3339(NOW + timedelta(days=day))})
    seen: list[str] = []
    cursor = ""
    while True:
        page = await shop.person().good("GET", f"{PATH}?listing={listing}&limit=3{cursor}")
        seen += [one["input_per_million"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == ["3", "2", "1", "0.000000001"]
    assert await shop.person().refused("GET", f"{PATH}?listing={listing}&cursor=x") == (422, "cursor_refused")
