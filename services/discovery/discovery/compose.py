"""Wires discovery: the only module that sees every layer."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import grpc
from prometheus_client import CollectorRegistry

from chassis.clock import SystemClock
from chassis.database.migrations import require_schema
from chassis.database.pool import Database
from chassis.event_log.consuming import run_consumers
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
from discovery.embeddings.cached_embedder import CachedEmbedder
from discovery.embeddings.minilm_embedder import MiniLmEmbedder
from discovery.following.actions import GiveVectors, TakeChanges
from discovery.following.grpc_api import IndexStatusDoor
from discovery.following.loops import follow_table, give_vectors
from discovery.following.postgres_news import PostgresNews
from discovery.following.postgres_store import PostgresListingChanges
from discovery.following.progress import Progress
from discovery.indexing.event_handlers import indexing_consumer
from discovery.indexing.postgres_store import PostgresListings
from discovery.search.actions import Search
from discovery.search.http_api import router as search_router
from discovery.search.in_process_index import InProcessIndex
from discovery.settings import DiscoverySettings
from discovery.signals import SearchMetrics, watch_index
from marketplace.discovery.v1 import index_status_pb2_grpc

SERVICE = "discovery"
MIGRATIONS = Path(__file__).parent.parent / "migrations"
ALLOWED_CALLERS = {"/marketplace.discovery.v1.IndexStatus/GetIndexedListing": frozenset({"publishing"})}


@asynccontextmanager
async def api(settings: DiscoverySettings | None = None) -> AsyncGenerator[Unit]:
    """The HTTP and gRPC doors, and the index that follows the table of listings."""
    knobs = settings or DiscoverySettings.read()  # pyright: ignore[reportUnknownMemberType]
    clock = SystemClock()
    identity = ServiceIdentity.of(SERVICE, knobs, clock)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database.open(knobs.database_url, name="discovery"))
        listings = await stack.enter_async_context(
            Database.open(knobs.worker_database_url, name="discovery-index", size=2)
        )
        admin = await stack.enter_async_context(Peer.open("admin", knobs.admin_address, identity.issuer))
        embedder = MiniLmEmbedder(knobs.data_folder)
        stack.push_async_callback(embedder.close)
        index, progress = InProcessIndex(), Progress()
        queries = CachedEmbedder(embedder, knobs.query_cache)
        log = PostgresEventLog(database)
        epochs = AccountEpochs()
        registry = CollectorRegistry()
        watch_index(registry, progress, queries)
        readiness = Readiness(
            required={"database": _schema_check(database)},
            optional={"index": progress.loading, "meaning": _meaning_check(embedder, progress)},
        )
        application = Application(
            service=SERVICE,
            description="Find a listing by words, by meaning and by filters.",
            routers=[search_router],
            state={
                "access_tokens": AccessTokens(IssuerKeys(admin, clock), epochs),
                "cursors": Cursors(knobs.cursor_key.get_secret_value().encode()),
                "search": Search(index, queries),
                "search_metrics": SearchMetrics(registry),
            },
            readiness=readiness,
            registry=registry,
            new_request_id=lambda: new_id("req", clock.now()),
        )

        def register(server: grpc.aio.Server) -> None:
            index_status_pb2_grpc.add_IndexStatusServicer_to_server(IndexStatusDoor(index), server)

        changes = PostgresListingChanges(listings)
        news = PostgresNews(listings)
        take = TakeChanges(changes, index, embedder.model_name, progress, clock)
        give = GiveVectors(embedder, index, changes, progress)
        yield Unit(
            name="discovery-api",
            http=[HttpDoor(application.build(), knobs.host, knobs.http_port)],
            grpc=[GrpcDoor(f"{knobs.host}:{knobs.grpc_port}", register, identity.verifier, ALLOWED_CALLERS)],
            tasks=[
                log.listen,
                epoch_follower(log, admin, clock, epochs, asyncio.sleep),
                news.listen,
                partial(follow_table, take, news),
                partial(give_vectors, give, progress, embedder.start),
            ],
            readiness=readiness,
        )


@asynccontextmanager
async def worker(settings: DiscoverySettings | None = None) -> AsyncGenerator[Unit]:
    """The event consumers."""
    knobs = settings or DiscoverySettings.read()  # pyright: ignore[reportUnknownMemberType]
    async with Database.open(knobs.worker_database_url, name="discovery-worker") as database:
        log = PostgresEventLog(database)
        consumers = [indexing_consumer(PostgresListings())]
        yield Unit(
            name="discovery-worker",
            tasks=[log.listen, lambda: run_consumers(log, consumers)],
            readiness=Readiness(required={"database": _schema_check(database)}),
        )


def _schema_check(database: Database) -> Callable[[], Awaitable[str | None]]:
    async def check() -> str | None:
        async with database.transaction(read_only=True) as transaction:
            await require_schema(transaction, MIGRATIONS)
        return None

    return check


def _meaning_check(embedder: MiniLmEmbedder, progress: Progress) -> Callable[[], Awaitable[str | None]]:
    async def check() -> str | None:
        if embedder.failure is not None:
            return f"search answers by words alone: {embedder.failure}"
        if not embedder.ready:
            return "the sentence model is loading, search answers by words alone"
        return f"{len(progress.waiting)} listings wait for vectors" if progress.waiting else None

    return check
