"""The ListingCatalogue over a real door: who may ask, and what a call's route holds."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from fakes.publishing_peers import Peers, peers
from fixtures.marketplace_database import ProvisionedServer
from fixtures.publishing_actions import RED, content, submission
from fixtures.publishing_units import publishing_settings

from chassis.clock import SystemClock
from chassis.database.pool import Database
from chassis.errors import ErrorKind
from chassis.event_log.postgres_log import PostgresEventLog
from chassis.ids import new_id
from chassis.rpc.channel import Peer, RemoteError
from marketplace.publishing.v1 import listing_catalogue_pb2 as messages
from marketplace.publishing.v1.listing_catalogue_pb2_grpc import ListingCatalogueStub
from publishing.compose import api
from publishing.lifecycle.actions import PublishVersion
from publishing.listings.actions import PipelineEntry, Submission, SubmitListing, SubmitVersion
from publishing.listings.postgres_store import PostgresListings
from publishing.listings.sealed_credentials import CredentialSeal
from publishing.pipeline.publication_phases import PHASE_NAMES
from publishing.settings import PublishingSettings


@asynccontextmanager
async def asking(others: Peers, settings: PublishingSettings, service: str) -> AsyncGenerator[Peer]:
    """Publishing's gRPC door, asked by one of the services."""
    async with api(settings) as unit:
        server, _ = unit.grpc[0].build()
        await server.start()
        try:
            async with Peer.open("publishing", unit.grpc[0].address, others.issuer(service)) as peer:
                yield peer
        finally:
            await server.stop(0)


async def published(
    server: ProvisionedServer, settings: PublishingSettings, first: Submission, *further: Submission
) -> str:
    """The id of a listing whose versions went past the pipeline, one after the other."""
    clock = SystemClock()
    seal = CredentialSeal(settings.credential_key, bytes)
    async with (
        Database.open(server.url("publishing_runtime"), name="test") as own,
        Database.open(server.url("publishing_worker"), name="test") as across,
    ):
        listings = PostgresListings(own, PostgresEventLog(own))
        entry = PipelineEntry(seal, clock, new_id, settings.endpoint_allowlist, PHASE_NAMES)
        publish = PublishVersion(PostgresListings(across, PostgresEventLog(across)), clock, new_id)
        receipt = await SubmitListing(listings, entry)(RED, first)
        await publish(receipt.run_id)
        listing_id = receipt.listing.listing_id
        for version in further:
            await publish((await SubmitVersion(listings, entry)(RED, listing_id, version, None)).run_id)
        return listing_id


async def test_the_call_path_alone_gets_a_route_with_its_credential(
    marketplace_database: ProvisionedServer, unused_tcp_port_factory
) -> None:
    async with peers(marketplace_database) as others:
        settings = publishing_settings(
            marketplace_database,
            others,
            endpoint_allowlist=frozenset({"127.0.0.1:3010"}),
            grpc_port=unused_tcp_port_factory(),
        )
        first = submission(content=content(tags=("demo",)))
        listing_id = await published(marketplace_database, settings, first)
        async with asking(others, settings, "gateway") as peer:
            stub = ListingCatalogueStub(peer.channel)
            for wanted in (listing_id, "red/echo", "red/echo@1.0.0"):
                request = messages.ResolveRouteRequest(listing=wanted, team_id="tea_blue")
                route = (await peer.ask(stub.ResolveRoute, request)).route
                assert (route.credential, route.upstream_model) == ("vendor-secret", "demo-chat")
                assert (route.name, route.team_slug, route.state) == ("echo", "red", "published")
                # What policies decide by.
                assert (list(route.tags), route.visibility, route.provider) == (["demo"], "workspace", "red")
            with pytest.raises(RemoteError) as unseen:
                await peer.ask(stub.ResolveRoute, messages.ResolveRouteRequest(listing="red/echo"))
            assert (unseen.value.kind, unseen.value.code) == (ErrorKind.NOT_FOUND, "listing_not_found")
            listed = await peer.ask(stub.ListRoutes, messages.ListRoutesRequest(team_id="tea_blue"))
            assert [(route.name, route.credential) for route in listed.routes] == [("echo", "")]
            past = messages.ListRoutesRequest(team_id="tea_blue", after_name="red/echo")
            assert not (await peer.ask(stub.ListRoutes, past)).routes
        async with asking(others, settings, "discovery") as peer:
            stub = ListingCatalogueStub(peer.channel)
            found = await peer.ask(stub.GetListing, messages.GetListingRequest(listing_id=listing_id))
            assert (found.listing.state, found.listing.revision) == ("published", 2)
            with pytest.raises(RemoteError) as refused:
                await peer.ask(stub.ResolveRoute, messages.ResolveRouteRequest(listing=listing_id, team_id="tea_red"))
            assert refused.value.kind is ErrorKind.FORBIDDEN


async def test_the_credential_of_a_private_version_is_its_teams_also_once_a_newer_one_is_public(
    marketplace_database: ProvisionedServer, unused_tcp_port_factory
) -> None:
    async with peers(marketplace_database) as others:
        settings = publishing_settings(
            marketplace_database,
            others,
            endpoint_allowlist=frozenset({"127.0.0.1:3010"}),
            grpc_port=unused_tcp_port_factory(),
        )
        closed = submission(name="opened", content=content(visibility="private"))
        opened = submission(name="opened", version="2.0.0", content=content(visibility="public"))
        await published(marketplace_database, settings, closed, opened)
        async with asking(others, settings, "gateway") as peer:
            stub = ListingCatalogueStub(peer.channel)
            old = messages.ResolveRouteRequest(listing="red/opened@1.0.0", team_id="tea_blue")
            with pytest.raises(RemoteError) as unseen:
                await peer.ask(stub.ResolveRoute, old)
            assert unseen.value.code == "listing_not_found"
            old.team_id = "tea_red"
            assert (await peer.ask(stub.ResolveRoute, old)).route.credential == "vendor-secret"
            new = messages.ResolveRouteRequest(listing="red/opened", team_id="tea_blue")
            assert (await peer.ask(stub.ResolveRoute, new)).route.version == "2.0.0"
