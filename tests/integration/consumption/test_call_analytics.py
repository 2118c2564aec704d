"""How calls went, from the gateway's client through consumption's door to the sums, on a real PostgreSQL."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from fakes.call_facts import some_facts, some_settled
from fixtures.consumption_shop import Shop
from fixtures.marketplace_database import ProvisionedServer
from msgspec.structs import replace

from chassis.database.pool import Database
from chassis.errors import ErrorKind, MarketplaceError
from consumption.sla.call_counts import EndedCalls, Fault, summed
from consumption.sla.counts_store import PostgresCallCounts
from dataplane.call_records import Outcome, Released
from dataplane.control_plane.analytics_client import GrpcAnalytics, call_group
from dataplane.ended_calls import CallEnd, CallRows
from dataplane.ended_calls import EndedCalls as GatewayCalls
from marketplace.consumption.v1 import analytics_pb2
from marketplace.consumption.v1.analytics_pb2_grpc import AnalyticsStub

NOW = datetime.now(UTC)


@pytest.fixture
async def worker(marketplace_database: ProvisionedServer) -> AsyncIterator[Database]:
    """The role that sees all listings."""
    async with Database.open(marketplace_database.url("consumption_worker"), name="test", size=2) as database:
        yield database


def batch_of(ends: Sequence[CallEnd]) -> list[GatewayCalls]:
    """These calls as a gateway keeps them."""
    rows = CallRows(len(ends))
    for end in ends:
        rows.add(end)
    [batch] = rows.take(len(ends))
    return batch


def calls_of(listing: str) -> list[CallEnd]:
    """A call that succeeded, one that the vendor refused, one that never left; all now."""
    started_at = int(datetime.now(UTC).timestamp() * 1e6)
    facts = replace(some_facts(started_at), listing_id=listing)
    good = replace(some_settled(started_at), facts=facts, duration=20_000, first_byte=5000)
    bad = replace(good, outcome=Outcome.UPSTREAM_ERROR, status=429, first_byte=None)
    return [(good, started_at + 70), (bad, started_at + 70), (Released(facts, 502, "upstream_unreachable"), 0)]


async def test_a_batch_is_counted_once_however_often_it_comes(shop: Shop, worker: Database) -> None:
    calls = calls_of("lst_once")
    async with shop.gateway() as peer:
        for _ in range(3):
            await GrpcAnalytics(peer).record("anb_1", batch_of(calls))
        await GrpcAnalytics(peer).record("anb_2", batch_of(calls[:1]))
    async with worker.transaction() as transaction:
        row = await transaction.fetch_one(
            "SELECT sum(succeeded) AS good, sum(vendor_faults) AS bad, sum(limited) AS limited,"
            " sum(prompt_tokens) AS tokens, sum(added_microseconds) AS added"
            " FROM sla_minutes WHERE listing_id = 'lst_once'"
        )
        assert row is not None
        assert tuple(row) == (2, 2, 1, 120, 210)
        hours = await transaction.fetch(
            "SELECT (SELECT sum(c) FROM unnest(totals) c) AS n, (SELECT sum(c) FROM unnest(first_bytes) c) AS m"
            " FROM sla_histograms WHERE listing_id = 'lst_once' AND grain = 'hour'"
        )
    assert [sum(column) for column in zip(*hours, strict=True)] == [2, 2]


def broken(change: str) -> analytics_pb2.RecordCallsRequest:
    """A batch with one thing wrong."""
    [group] = [call_group(calls) for calls in batch_of(calls_of("lst_bad"))]
    request = analytics_pb2.RecordCallsRequest(batch_id="anb_bad", groups=[group])
    group = request.groups[0]
    if change == "nameless":
        request.batch_id = ""
    elif change == "listing":
        group.listing_id = ""
    elif change == "short":
        del group.status[0]
    elif change == "negative":
        group.total_microseconds[0] = -5
    else:
        group.ended_at_microseconds.extend([0] * 2000)
    return request


@pytest.mark.parametrize("change", ["nameless", "listing", "short", "negative", "many"])
async def test_a_batch_that_makes_no_sense_is_refused_whole(shop: Shop, worker: Database, change: str) -> None:
    async with shop.gateway() as peer:
        with pytest.raises(MarketplaceError) as caught:
            await peer.ask(AnalyticsStub(peer.channel).RecordCalls, broken(change))
    assert caught.value.kind is ErrorKind.INVALID
    async with worker.transaction() as transaction:
        assert await transaction.fetch_value("SELECT count(*) FROM sla_minutes WHERE listing_id = 'lst_bad'") == 0
        assert await transaction.fetch_value("SELECT count(*) FROM sla_batches WHERE batch_id = 'anb_bad'") == 0


async def test_what_no_window_looks_at_any_more_is_forgotten(worker: Database) -> None:
    store = PostgresCallCounts(worker)
    for age in (timedelta(0), timedelta(hours=3), timedelta(days=33)):
        then = NOW - age
        figures = (round(then.timestamp()) * 1_000_000, 200, Fault.NONE, 1000, 5, 1, 1, 500)
        call = EndedCalls("lst_old", "ver_1", False, [figures])
        assert await store.add(f"anb_{age}", summed([call], then), then)
    await store.forget_old(NOW)
    async with worker.transaction() as transaction:
        assert await transaction.fetch_value("SELECT count(*) FROM sla_minutes WHERE listing_id = 'lst_old'") == 2
        grains = await transaction.fetch("SELECT grain FROM sla_histograms WHERE listing_id = 'lst_old' ORDER BY grain")
        assert [row["grain"] for row in grains] == ["hour", "hour", "minute"]
        assert await transaction.fetch_value("SELECT count(*) FROM sla_batches WHERE batch_id LIKE 'anb_33%'") == 0
