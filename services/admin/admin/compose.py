"""Wires admin: the unit that serves people and services, and the unit that adds up what it hears."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from prometheus_client import CollectorRegistry

from admin.accounts.argon2_hashing import Argon2Passwords
from admin.analytics.actions import RecordListing, RecordUsage
from admin.analytics.event_handlers import analytics_consumers
from admin.analytics.postgres_store import PostgresFigures
from admin.approvals.event_handlers import access_consumer
from admin.audit.actions import RecordDeed
from admin.audit.postgres_store import PostgresTrail
from admin.audit.told_deeds import deed_consumers
from admin.compose_actions import Parts, first_start, route_state
from admin.compose_doors import ALLOWED_CALLERS, grpc_services, web_application
from admin.compose_work import PostgresWork
from admin.epochs.actions import ListRecentEpochs
from admin.facts import POLICY_TOPIC, SERVICE
from admin.first_start import FirstStart
from admin.policies.bundle_news import BundleNews
from admin.sessions.forgetting import ForgetOldSessions
from admin.sessions.signing import SigningKey
from admin.settings import AdminSettings
from admin.signals import forgotten_rows
from chassis.clock import Clock, SystemClock
from chassis.database.migrations import require_schema
from chassis.database.pool import Database
from chassis.database.schema_check import schema_check
from chassis.database.transaction import Transaction
from chassis.errors import MarketplaceError
from chassis.event_log.consuming import follow_from_now, run_consumers
from chassis.event_log.lag_watch import LagWatch
from chassis.event_log.opening import open_event_log
from chassis.event_log.postgres_log import PostgresEventLog
from chassis.health import Readiness
from chassis.identity.access_tokens import private_key_of
from chassis.identity.issuer_client import AccountEpochs
from chassis.identity.service_identity import ServiceIdentity
from chassis.lifecycle import HttpDoor, Unit
from chassis.rpc.server import GrpcDoor

MIGRATIONS = Path(__file__).parents[1] / "migrations"
# Five connections a process at most: three across teams, for signing in and governing, two for one team at a time.
PLATFORM_CONNECTIONS = 3
TEAM_CONNECTIONS = 2
CLEANING_SECONDS = 600.0
_log = logging.getLogger("admin")


@dataclass(frozen=True)
class _Opened:
    parts: Parts
    work: PostgresWork
    platform_database: Database
    log: PostgresEventLog
    clock: Clock


@asynccontextmanager
async def api(settings: AdminSettings | None = None) -> AsyncGenerator[Unit]:
    """The unit with the HTTP and the gRPC door."""
    settings = settings or AdminSettings.read()
    async with AsyncExitStack() as stack:
        opened = await _open(stack, settings, "admin-api")
        start = _first_start(opened)
        readiness = Readiness(
            required={"database": schema_check(opened.platform_database, MIGRATIONS), "start": start.check}
        )
        registry, policy_news = CollectorRegistry(), BundleNews()
        app = web_application(route_state(opened.parts), readiness, registry, opened.clock)
        identity = ServiceIdentity.of(SERVICE, settings, opened.clock)
        grpc_address = f"{settings.host}:{settings.grpc_port}"
        yield Unit(
            name="admin-api",
            http=[HttpDoor(app, settings.host, settings.http_port, settings.trusted_proxies)],
            grpc=[GrpcDoor(grpc_address, grpc_services(opened.parts, policy_news), identity.verifier, ALLOWED_CALLERS)],
            tasks=[
                opened.log.listen,
                start,
                # Admin watches over all: its role may see how far every service's groups are.
                LagWatch(registry, opened.log).run,
                lambda: follow_from_now(opened.log, POLICY_TOPIC, policy_news.take),
            ],
            readiness=readiness,
        )


@asynccontextmanager
async def worker(settings: AdminSettings | None = None) -> AsyncGenerator[Unit]:
    """The unit that adds up usage and forgets old sessions; it has no door."""
    settings = settings or AdminSettings.read()
    async with AsyncExitStack() as stack:
        opened = await _open(stack, settings, "admin-worker")
        consumers = [
            *analytics_consumers(RecordUsage(PostgresFigures), RecordListing(PostgresFigures)),
            *deed_consumers(RecordDeed(_platform_trail)),
            access_consumer(opened.work.joined),
        ]
        forget = ForgetOldSessions(opened.parts.open_work, forgotten_rows(CollectorRegistry()))

        async def take_events() -> None:
            await run_consumers(opened.log, consumers)

        yield Unit(
            name="admin-worker",
            tasks=[opened.log.listen, take_events, _repeating(forget)],
            readiness=Readiness(required={"database": schema_check(opened.platform_database, MIGRATIONS)}),
        )


async def _open(stack: AsyncExitStack, settings: AdminSettings, name: str) -> _Opened:
    clock = SystemClock()
    platform = await stack.enter_async_context(
        Database.open(settings.worker_database_url, name=name, size=PLATFORM_CONNECTIONS)
    )
    team = await stack.enter_async_context(
        Database.open(settings.database_url, name=f"{name}-team", size=TEAM_CONNECTIONS)
    )
    passwords = Argon2Passwords()
    stack.callback(passwords.close)
    log = await stack.enter_async_context(open_event_log(settings.events_url, platform))
    epochs = AccountEpochs()
    work = PostgresWork(team, platform, log, epochs, clock)
    parts = Parts(
        open_work=work,
        passwords=passwords,
        signing_key=SigningKey(private_key_of(settings.token_signing_key)),
        epochs=epochs,
        settings=settings,
    )
    return _Opened(parts, work, platform, log, clock)


def _platform_trail(transaction: Transaction, at: datetime, row_id: str) -> PostgresTrail:
    return PostgresTrail(transaction, at, row_id, "platform")


def _repeating(deed: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    async def repeat() -> None:
        while True:
            try:
                await deed()
            except MarketplaceError as error:
                _log.warning("cleaning up waits: %s", error.code)
            await asyncio.sleep(CLEANING_SECONDS)

    return repeat


def _first_start(opened: _Opened) -> FirstStart:
    async def schema_is_current() -> None:
        async with opened.platform_database.transaction(read_only=True) as transaction:
            await require_schema(transaction, MIGRATIONS)

    return FirstStart(
        bootstrap=first_start(opened.parts),
        list_recent_epochs=ListRecentEpochs(opened.parts.open_work),
        epochs=opened.parts.epochs,
        log=opened.log,
        settings=opened.parts.settings,
        clock=opened.clock,
        schema_is_current=schema_is_current,
    )
