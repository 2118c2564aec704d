"""The API as a process: a real catalogue in, its gRPC door, and a clean end."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
from fixtures.discovery_machine import SERVICE_KEY, DiscoveryMachine, id_of, snapshot, until
from fixtures.discovery_process import DiscoveryProcess, discovery_process
from fixtures.real_inputs import real_input

from chassis.clock import SystemClock
from chassis.errors import ErrorKind
from chassis.identity.service_tokens import ServiceTokenIssuer
from chassis.rpc.channel import Peer, RemoteError
from marketplace.discovery.v1.index_status_pb2 import GetIndexedListingRequest, GetIndexedListingResponse
from marketplace.discovery.v1.index_status_pb2_grpc import IndexStatusStub
from marketplace.events.v1.listing_pb2 import ListingCatalogued, ListingSnapshot


@pytest.fixture(scope="module")
async def process(
    discovery: DiscoveryMachine, free_tcp_port_factory: Callable[[], int]
) -> AsyncIterator[DiscoveryProcess]:
    async with discovery_process(discovery, free_tcp_port_factory(), free_tcp_port_factory()) as running:
        yield running


@asynccontextmanager
async def asked_as(service: str, process: DiscoveryProcess) -> AsyncIterator[Peer]:
    issuer = ServiceTokenIssuer(service, SERVICE_KEY, SystemClock())
    async with Peer.open("discovery", process.grpc_address, issuer) as peer:
        yield peer


async def indexed(peer: Peer, name: str) -> GetIndexedListingResponse:
    request = GetIndexedListingRequest(listing_id=id_of(name))
    return await peer.ask(IndexStatusStub(peer.channel).GetIndexedListing, request)


async def test_publishing_sees_what_search_answers_with(discovery: DiscoveryMachine, process: DiscoveryProcess) -> None:
    async with asked_as("publishing", process) as peer:
        with pytest.raises(RemoteError) as missing:
            await indexed(peer, "seen_by_peer")
        assert missing.value.kind is ErrorKind.NOT_FOUND
        await discovery.publish(snapshot("seen_by_peer", revision=7, visibility="private", state="deprecated"))

        async def there() -> GetIndexedListingResponse | None:
            try:
                return await indexed(peer, "seen_by_peer")
            except RemoteError:
                return None

        answer: GetIndexedListingResponse = await until(there)
    assert (answer.listing_version_id, answer.revision, answer.state) == ("ver_seen_by_peer", 7, "deprecated")


async def test_another_service_may_not_ask(process: DiscoveryProcess) -> None:
    async with asked_as("gateway", process) as peer:
        with pytest.raises(RemoteError) as refused:
            await indexed(peer, "anything")
    assert refused.value.kind is ErrorKind.FORBIDDEN


def catalogued() -> list[ListingSnapshot]:
    """Every sixth model, because each costs the model of meanings 0.1 s; a campaign of the journeys takes them all."""
    models = json.loads(real_input("catalogue/models.json").read_text())["data"][::6]
    return [
        snapshot(
            model["id"],
            title=model["name"],
            description=model["description"],
            category="chat",
            provider=model["id"].partition("/")[0],
            state="catalogue_only",
        )
        for model in models
    ]


async def test_a_real_catalogue_is_searchable_by_words_and_by_meaning(
    discovery: DiscoveryMachine, process: DiscoveryProcess
) -> None:
    rows = catalogued()
    facts = [(row.listing_id, ListingCatalogued(listing=row)) for row in rows]
    await discovery.append("publishing_runtime", "marketplace.listing.v1", facts)
    async with httpx.AsyncClient(base_url=process.url) as http:

        async def stands() -> bool:
            stats = (await http.get("/api/v1/stats")).json()
            return stats["listings"] >= len(rows) and stats["without_vectors"] == 0

        await until(stands, seconds=180)
        answer = (await http.post("/api/v1/search", json={"query": "write unit tests for my code"})).json()
    assert answer["total"] > 0
    assert not answer["degraded"]
    print(f"resident {process.resident_megabytes():.0f} MB with {len(rows)} listings")
