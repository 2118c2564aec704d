"""Wires discovery: the only module that sees every layer."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

import grpc
from prometheus_client import CollectorRegistry

from chassis.clock import Clock, SystemClock
from chassis.database.only_one import as_the_only_one
from chassis.database.pool import Database
from chassis.database.schema_check import schema_check
from chassis.errors import Unavailable
from chassis.event_log.consuming import run_consumers
from chassis.event_log.opening import open_event_log
from chassis.event_log.postgres_log import PostgresEventLog
from chassis.health import Check, Readiness
from chassis.identity.access_tokens import AccessTokens
from chassis.identity.issuer_client import AccountEpochs, IssuerKeys, epoch_follower
from chassis.identity.service_identity import ServiceIdentity
from chassis.ids import new_id
from chassis.lifecycle import HttpDoor, Unit
from chassis.rpc.channel import Peer
from chassis.rpc.server import GrpcDoor
from chassis.web.application import Application
from chassis.web.pages import Cursors
from discovery.browsing.http_api import router as browsing_router
from discovery.embeddings.cached_embedder import CachedEmbedder
from discovery.embeddings.minilm_embedder import MiniLmEmbedder
from discovery.entries.http_api import router as entries_router
from discovery.entries.postgres_store import PostgresEntries
from discovery.following.actions import GiveVectors, TakeChanges
from discovery.following.grpc_api import IndexStatusDoor
from discovery.following.http_api import router as stats_router
from discovery.following.loops import follow_table, give_vectors, keep_model
from discovery.following.postgres_news import PostgresNews
from discovery.following.postgres_store import PostgresListingChanges
from discovery.following.progress import Progress, Waiting
from discovery.following.sharing import TakeIntoShared, mirror_progress
from discovery.indexing.event_handlers import indexing_consumer
from discovery.indexing.postgres_store import PostgresListings
from discovery.interactions.actions import RecordInteractions
from discovery.interactions.http_api import router as interactions_router
from discovery.interactions.postgres_store import PostgresDiary
from discovery.ratings.actions import RateListing
from discovery.ratings.http_api import router as ratings_router
from discovery.ratings.postgres_store import PostgresRatings
from discovery.recommendations.actions import FindSimilar
from discovery.recommendations.http_api import router as recommendations_router
from discovery.search.actions import Search, Suggest
from discovery.search.http_api import router as search_router
from discovery.search.opening import OpenIndex, open_listing_index
from discovery.settings import DiscoverySettings
from discovery.signals import SearchMetrics, watch_index
from discovery.trending.actions import FindTrending
from discovery.trending.event_handlers import popularity_consumer
from discovery.trending.http_api import router as trending_router
from discovery.trending.loops import again_and_again
from discovery.trending.postgres_store import PostgresUse
from discovery.trending.remembered_use import RememberedUse
from marketplace.discovery.v1 import index_status_pb2_grpc

SERVICE = "discovery"
MIGRATIONS = Path(__file__).parent.parent / "migrations"
TRENDS_REMEMBERED = timedelta(seconds=10)
ALLOWED_CALLERS = {"/marketplace.discovery.v1.IndexStatus/GetIndexedListing": frozenset({"publishing"})}


ROUTERS = [
    search_router,
    browsing_router,
    entries_router,
    recommendations_router,
    trending_router,
    ratings_router,
    interactions_router,
    stats_router,
]


Task = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class _Parts:
    """What the doors and the tasks of the API share; `database` sees what one viewer may, `listings` sees all."""

    database: Database
    listings: Database
    admin: Peer
    embedder: MiniLmEmbedder
    queries: CachedEmbedder
    log: PostgresEventLog
    clock: Clock
    opened: OpenIndex
    progress: Progress = field(default_factory=Progress)
    epochs: AccountEpochs = field(default_factory=AccountEpochs)


@asynccontextmanager
async def api(settings: DiscoverySettings | None = None) -> AsyncGenerator[Unit]:
    """The HTTP and gRPC doors, and where the index lives in the process, what fills it."""
    knobs = settings or DiscoverySettings.read()  # pyright: ignore[reportUnknownMemberType]
    clock = SystemClock()
    identity = ServiceIdentity.of(SERVICE, knobs, clock)
    async with AsyncExitStack() as stack:
        parts = await _open(stack, knobs, identity, clock)
        application = _application(parts, knobs)

        def register(server: grpc.aio.Server) -> None:
            index_status_pb2_grpc.add_IndexStatusServicer_to_server(IndexStatusDoor(parts.opened.index), server)

        yield Unit(
            name="discovery-api",
            http=[HttpDoor(application.build(), knobs.host, knobs.http_port)],
            grpc=[GrpcDoor(f"{knobs.host}:{knobs.grpc_port}", register, identity.verifier, ALLOWED_CALLERS)],
            tasks=_tasks(parts),
            readiness=application.readiness,
        )


@asynccontextmanager
async def worker(settings: DiscoverySettings | None = None) -> AsyncGenerator[Unit]:
    """The event consumers, what carries popularity to the listings, and what fills an index that is shared."""
    knobs = settings or DiscoverySettings.read()  # pyright: ignore[reportUnknownMemberType]
    clock = SystemClock()
    async with (
        Database.open(knobs.worker_database_url, name="discovery-worker") as database,
        open_event_log(knobs.events_url, database) as log,
        open_listing_index(knobs.index_url) as opened,
        _filler(knobs, opened, database, clock) as filling,
    ):
        use = PostgresUse(database)
        consumers = [indexing_consumer(PostgresListings()), popularity_consumer(use)]
        yield Unit(
            name="discovery-worker",
            tasks=[
                log.listen,
                lambda: run_consumers(log, consumers),
                partial(again_and_again, use.spread, clock, timedelta(seconds=knobs.popularity_seconds)),
                partial(again_and_again, use.forget, clock, timedelta(hours=1)),
                *filling,
            ],
            readiness=Readiness(required={"database": schema_check(database, MIGRATIONS)}),
        )


async def _open(stack: AsyncExitStack, knobs: DiscoverySettings, identity: ServiceIdentity, clock: Clock) -> _Parts:
    database = await stack.enter_async_context(Database.open(knobs.database_url, name="discovery"))
    listings = await stack.enter_async_context(Database.open(knobs.worker_database_url, name="discovery-index", size=2))
    admin = await stack.enter_async_context(Peer.open("admin", knobs.admin_address, identity.issuer))
    opened = await stack.enter_async_context(open_listing_index(knobs.index_url))
    embedder = MiniLmEmbedder(knobs.data_folder)
    stack.push_async_callback(embedder.close)
    queries = CachedEmbedder(embedder, knobs.query_cache)
    return _Parts(database, listings, admin, embedder, queries, PostgresEventLog(database), clock, opened)


def _application(parts: _Parts, knobs: DiscoverySettings) -> Application:
    clock = parts.clock
    registry = CollectorRegistry()
    watch_index(registry, parts.progress, parts.queries)
    return Application(
        service=SERVICE,
        description="Find a listing by words, by meaning and by filters.",
        routers=ROUTERS,
        state={
            "access_tokens": AccessTokens(IssuerKeys(parts.admin, clock), parts.epochs),
            "cursors": Cursors(knobs.cursor_key.get_secret_value().encode()),
            "search_metrics": SearchMetrics(registry),
            "progress": parts.progress,
            "queries": parts.queries,
            **_actions(parts),
        },
        readiness=Readiness(
            required={"database": schema_check(parts.database, MIGRATIONS), **_first_load(parts)},
            optional={"index": parts.progress.loading, "meaning": _meaning_check(parts.embedder, parts.progress)},
        ),
        registry=registry,
        new_request_id=lambda: new_id("req", clock.now()),
    )


def _actions(parts: _Parts) -> dict[str, object]:
    index, clock = parts.opened.index, parts.clock
    search, use = Search(index, parts.queries), PostgresUse(parts.database)
    diary = PostgresDiary(parts.database, use, parts.log, partial(new_id, "evt"))
    return {
        "index": index,
        "search": search,
        "suggest": Suggest(index),
        "entries": PostgresEntries(parts.database),
        "find_similar": FindSimilar(index, search),
        "find_trending": FindTrending(RememberedUse(use, TRENDS_REMEMBERED), index, clock),
        "rate_listing": RateListing(index, PostgresRatings(parts.listings), clock),
        "record_interactions": RecordInteractions(index, diary, clock),
    }


def _tasks(parts: _Parts) -> list[Task]:
    news = [parts.log.listen, epoch_follower(parts.log, parts.admin, parts.clock, parts.epochs, asyncio.sleep)]
    tasks = [*news, partial(keep_model, parts.embedder.start)]
    if parts.opened.board is not None:
        return [*tasks, partial(mirror_progress, parts.opened.board, parts.progress)]
    return [*tasks, *_filling(parts.opened, parts.listings, parts.embedder, parts.progress, parts.clock)]


@asynccontextmanager
async def _filler(
    knobs: DiscoverySettings, opened: OpenIndex, database: Database, clock: Clock
) -> AsyncGenerator[list[Task]]:
    """What the worker does for an index that is shared; one in a process is filled there."""
    if opened.board is None:
        yield []
        return
    embedder = MiniLmEmbedder(knobs.data_folder)

    async def fill() -> None:
        async with asyncio.TaskGroup() as together:
            for task in _filling(opened, database, embedder, Progress(), clock):
                together.create_task(_done(task))

    try:
        # Two that fill one index would write over what the other just wrote, or each make the first one.
        yield [partial(as_the_only_one, database, "discovery.filling", fill)]
    finally:
        await embedder.close()


async def _done(task: Task) -> None:
    await task()


def _filling(
    opened: OpenIndex, listings: Database, embedder: MiniLmEmbedder, progress: Progress, clock: Clock
) -> list[Task]:
    """The tasks that make the index follow the table of listings."""
    changes, news, waiting = PostgresListingChanges(listings), PostgresNews(listings), Waiting()
    take = TakeChanges(changes, opened.index, embedder.model_name, waiting, progress, clock)
    give = GiveVectors(embedder, opened.index, changes, waiting, progress)
    deed = take if opened.board is None else TakeIntoShared(take, opened.board, waiting, progress)
    return [
        news.listen,
        partial(follow_table, deed, news),
        partial(give_vectors, give, waiting, embedder.start),
    ]


def _first_load(parts: _Parts) -> dict[str, Check]:
    """Until a shared index has been filled once, another build that knows how to ask its own answers better."""

    board, progress = parts.opened.board, parts.progress

    async def check() -> str | None:
        if board is not None and not progress.loaded:
            # Raises where there is no index yet, or nobody who has it.
            await board.read()
            raise Unavailable(await progress.loading() or "")
        return None

    return {} if board is None else {"index_filled": check}


def _meaning_check(embedder: MiniLmEmbedder, progress: Progress) -> Callable[[], Awaitable[str | None]]:
    async def check() -> str | None:
        if embedder.failure is not None:
            return f"search answers by words alone: {embedder.failure}"
        if not embedder.ready:
            return "the sentence model is loading, search answers by words alone"
        return f"{progress.without_vectors} listings wait for vectors" if progress.without_vectors else None

    return check
