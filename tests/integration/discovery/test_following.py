"""From a fact of publishing to a hit, on a real database."""

import asyncio

import pytest
from fixtures.discovery_machine import DiscoveryMachine, RunningDiscovery, id_of, snapshot, until
from fixtures.postgres import run_statement

from chassis.database.pool import Database
from discovery.embeddings.minilm_embedder import MiniLmEmbedder
from discovery.following.postgres_store import PostgresListingChanges
from marketplace.events.v1 import listing_pb2
from marketplace.events.v1.listing_pb2 import ListingSnapshot

TOPIC = "marketplace.listing.v1"


async def tell(discovery: DiscoveryMachine, kind: type, one: ListingSnapshot) -> None:
    await discovery.append("publishing_runtime", TOPIC, [(one.listing_id, kind(listing=one))])


async def test_a_published_listing_is_found_by_words_and_then_by_meaning(
    discovery: DiscoveryMachine, api: RunningDiscovery
) -> None:
    await api.until_settled()
    await discovery.publish(snapshot("letters", title="Legal letters", description="Translates contracts"))
    await api.until_found("contracts", "letters")
    stats = (await api.get("stats")).json()
    assert stats["freshness_seconds"] < 2
    await api.until_settled()
    reply = await api.search("interpreter for lawyers' documents")
    assert [hit["title"] for hit in reply["hits"]] == ["Legal letters"]
    assert not reply["degraded"]


async def test_a_newer_fact_replaces_and_an_older_one_changes_nothing(
    discovery: DiscoveryMachine, api: RunningDiscovery
) -> None:
    await discovery.publish(snapshot("gliders", revision=3, description="flies gliders"))
    await api.until_found("gliders", "gliders")
    await discovery.publish(snapshot("gliders", revision=2, description="flies balloons"))
    await discovery.publish(snapshot("marker_one"))
    await api.until_found("marker_one")
    assert (await api.get(f"services/{id_of('gliders')}")).json()["description"] == "flies gliders"


@pytest.mark.parametrize(
    ("kind", "state"),
    [(listing_pb2.ListingRetired, "retired"), (listing_pb2.ListingRejected, "rejected")],
)
async def test_what_was_retired_or_rejected_is_never_found_again(
    discovery: DiscoveryMachine, api: RunningDiscovery, kind: type, state: str
) -> None:
    name = f"kites_{state}"
    await discovery.publish(snapshot(name))
    await api.until_found(name)
    await tell(discovery, kind, snapshot(name, revision=2, state=state))
    await until(lambda: is_gone(api, name))
    assert (await api.get(f"services/{id_of(name)}")).status_code == 404
    await discovery.publish(snapshot(name, revision=1))
    await discovery.publish(snapshot(f"marker_{state}"))
    await api.until_found(f"marker_{state}")
    assert name not in await api.found(name)


async def is_gone(api: RunningDiscovery, name: str) -> bool:
    return name not in await api.found(name)


async def test_a_rejected_version_leaves_the_published_one_findable(
    discovery: DiscoveryMachine, api: RunningDiscovery
) -> None:
    await tell(discovery, listing_pb2.ListingRejected, snapshot("stays", revision=5))
    await api.until_found("stays", "stays")


async def test_submitted_listings_are_not_found(discovery: DiscoveryMachine, api: RunningDiscovery) -> None:
    await tell(discovery, listing_pb2.ListingSubmitted, snapshot("submitted_one", state="submitted"))
    await discovery.publish(snapshot("marker_submitted"))
    await api.until_found("marker_submitted")
    assert "submitted_one" not in await api.found("submitted_one")


async def test_a_restart_takes_the_vectors_from_the_table(
    discovery: DiscoveryMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with discovery.api() as api:
        await discovery.publish(snapshot("mountains", description="names peaks on photographs"))
        await api.until_found("mountains")
        await api.until_settled()
    embedded: list[int] = []
    embed = MiniLmEmbedder.embed

    async def counting(self: MiniLmEmbedder, texts: list[str]) -> object:
        embedded.append(len(texts))
        return await embed(self, texts)

    monkeypatch.setattr(MiniLmEmbedder, "embed", counting)
    async with discovery.api() as again:
        await again.until_settled()
        reply = await again.search("alpine summits in pictures")
        assert reply["hits"][0]["title"] == "mountains"
        assert "meaning" in {reason["kind"] for reason in reply["hits"][0]["reasons"]}
    assert embedded == [1]


async def test_vectors_of_another_model_or_of_older_texts_are_made_anew(
    discovery: DiscoveryMachine, api: RunningDiscovery
) -> None:
    await discovery.publish(snapshot("rivers", description="draws rivers"))
    await api.until_found("rivers")
    await api.until_settled()
    async with Database.open(discovery.settings.worker_database_url, name="test") as database:
        changes = PostgresListingChanges(database)
        row = next(one for one in await changes.since(0, 1000) if one.document.id == id_of("rivers"))
        assert row.passages is not None
        assert len(row.passages.vectors) == 2
    await discovery.publish(snapshot("rivers", revision=2, description="draws lakes"))
    # By its former text it is not found.
    await api.until_found("maps of standing water", "rivers")


async def test_a_lost_connection_of_the_listener_only_delays(
    discovery: DiscoveryMachine, api: RunningDiscovery
) -> None:
    await api.until_settled()
    cut_off = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'discovery_worker'"
    await asyncio.to_thread(run_statement, discovery.server.superuser_url, cut_off)
    await discovery.publish(snapshot("after_the_cut"))
    await api.until_found("after_the_cut", "after_the_cut")
