"""Wires publishing: opens pools and peers, builds actions, returns the units, closes in reverse."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import grpc
from prometheus_client import CollectorRegistry

from chassis.clock import SystemClock
from chassis.database.pool import Database
from chassis.database.schema_check import schema_check
from chassis.event_log.postgres_log import PostgresEventLog
from chassis.health import Readiness
from chassis.identity.access_tokens import AccessTokens
from chassis.identity.issuer_client import AccountEpochs, IssuerKeys, epoch_follower
from chassis.identity.service_identity import ServiceIdentity
from chassis.ids import new_id
from chassis.lifecycle import HttpDoor, Unit
from chassis.rpc.channel import Peer
from chassis.rpc.server import GrpcDoor
from chassis.web.application import Application
from chassis.web.pages import Cursors
from marketplace.publishing.v1.listing_catalogue_pb2_grpc import add_ListingCatalogueServicer_to_server
from publishing.build import MIGRATIONS, SERVICE
from publishing.catalogue_import.actions import ImportCatalogue
from publishing.catalogue_import.http_api import router as import_router
from publishing.lifecycle.actions import DeprecateListing
from publishing.lifecycle.http_api import router as lifecycle_router
from publishing.listings.actions import PipelineEntry, SubmitListing, SubmitVersion
from publishing.listings.http_api import router as listings_router
from publishing.listings.postgres_store import PostgresListings
from publishing.listings.publication_store import PostgresPublicationPages
from publishing.listings.reading import ReadPublications
from publishing.listings.sealed_credentials import CredentialSeal
from publishing.pipeline.http_api import router as runs_router
from publishing.pipeline.phase_store import PostgresRunReads
from publishing.pipeline.publication_phases import PHASE_NAMES
from publishing.pipeline.watching import WatchRun
from publishing.routes.actions import CallableListings, ListRoutes, ReadListing, ResolveRoute
from publishing.routes.grpc_api import ALLOWED_CALLERS, ListingCatalogueDoor
from publishing.routes.postgres_store import PostgresRoutes
from publishing.settings import PublishingSettings
from publishing.signals import PublishingSignals
from publishing.validation.actions import ValidateDocument
from publishing.validation.http_api import router as validation_router
from publishing.validation.process_runner import ProcessRunner

ROUTERS = (listings_router, lifecycle_router, runs_router, import_router, validation_router)
DESCRIPTION = "Publish LLM services: submit a version, follow its ten-phase pipeline, deprecate, import catalogues."


@asynccontextmanager
async def api(settings: PublishingSettings | None = None) -> AsyncGenerator[Unit]:
    """The HTTP and gRPC doors; never loads the engine of the runs."""
    chosen = settings or PublishingSettings.read()
    clock = SystemClock()
    identity = ServiceIdentity.of(SERVICE, chosen, clock)
    async with AsyncExitStack() as stack:
        own = await stack.enter_async_context(Database.open(chosen.database_url, name="publishing"))
        across = await stack.enter_async_context(Database.open(chosen.worker_database_url, name="publishing", size=3))
        admin = await stack.enter_async_context(Peer.open("admin", chosen.admin_address, identity.issuer))
        log = PostgresEventLog(own)
        epochs = AccountEpochs()
        readiness = Readiness(required={"database": schema_check(own, MIGRATIONS)})
        metrics = CollectorRegistry()
        application = Application(
            service=SERVICE,
            description=DESCRIPTION,
            routers=ROUTERS,
            state={
                "access_tokens": AccessTokens(IssuerKeys(admin, clock), epochs),
                "signals": PublishingSignals(metrics),
                **_actions(chosen, own, across, log),
            },
            readiness=readiness,
            registry=metrics,
            new_request_id=lambda: new_id("req", clock.now()),
        )
        yield Unit(
            name=SERVICE,
            http=[HttpDoor(application.build(), chosen.host, chosen.http_port)],
            grpc=[
                GrpcDoor(
                    f"{chosen.host}:{chosen.grpc_port}",
                    _register(CredentialSeal(chosen.credential_key, secrets.token_bytes), across),
                    identity.verifier,
                    ALLOWED_CALLERS,
                )
            ],
            tasks=[log.listen, epoch_follower(log, admin, clock, epochs, asyncio.sleep)],
            readiness=readiness,
        )


@asynccontextmanager
async def worker(settings: PublishingSettings | None = None) -> AsyncGenerator[Unit]:
    """The consumers of events and the runs."""
    # house: allow local-import, because only the worker's process may load the engine of the runs
    from publishing.compose_worker import open_worker  # noqa: PLC0415

    async with open_worker(settings or PublishingSettings.read()) as unit:
        yield unit


def _actions(chosen: PublishingSettings, own: Database, across: Database, log: PostgresEventLog) -> dict[str, Any]:
    clock = SystemClock()
    listings = PostgresListings(own, log)
    entry = PipelineEntry(
        seal=CredentialSeal(chosen.credential_key, secrets.token_bytes),
        clock=clock,
        new_id=new_id,
        endpoint_allowlist=chosen.endpoint_allowlist,
        phases=PHASE_NAMES,
    )
    return {
        "submit_listing": SubmitListing(listings, entry),
        "submit_version": SubmitVersion(listings, entry),
        "read_publications": ReadPublications(
            listings, PostgresListings(across, log), PostgresPublicationPages(own, across)
        ),
        "deprecate_listing": DeprecateListing(listings, CallableListings(PostgresRoutes(across)), clock, new_id),
        "watch_run": WatchRun(PostgresRunReads(own, across), clock),
        "import_catalogue": ImportCatalogue(listings, clock, new_id),
        "validate_document": ValidateDocument(ProcessRunner()),
        "cursors": Cursors(chosen.cursor_key.get_secret_value().encode()),
    }


def _register(seal: CredentialSeal, across: Database) -> Callable[[grpc.aio.Server], None]:
    source = PostgresRoutes(across)
    door = ListingCatalogueDoor(ReadListing(source), ResolveRoute(source, seal), ListRoutes(source))
    return lambda server: add_ListingCatalogueServicer_to_server(door, server)
