"""Wires the worker: consumers of events, and the durable runs that publish versions."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from pydantic import SecretStr

from chassis.clock import SystemClock
from chassis.database.pool import Database
from chassis.database.schema_check import schema_check
from chassis.durable_runs.moving import serve_moving
from chassis.durable_runs.opening import RunsHome, serve_runs
from chassis.durable_runs.port import ServedRuns
from chassis.durable_runs.registry import RunRegistry
from chassis.errors import ErrorKind, MarketplaceError
from chassis.event_log.consuming import run_consumers
from chassis.event_log.opening import open_event_log
from chassis.event_log.postgres_log import PostgresEventLog
from chassis.health import Readiness
from chassis.identity.service_identity import ServiceIdentity
from chassis.ids import new_id
from chassis.lifecycle import Unit
from chassis.rpc.channel import Peer
from publishing.build import MIGRATIONS, SERVICE
from publishing.lifecycle.actions import PublishVersion, StopVersion, WithdrawVersion
from publishing.listings.postgres_store import PostgresListings
from publishing.listings.sealed_credentials import CredentialSeal
from publishing.pipeline.actions import (
    AskApproval,
    CheckPublisher,
    CompleteRun,
    ObserveConsumers,
    ObserveIndex,
    TakeDecision,
    ValidateVersion,
)
from publishing.pipeline.activities import PipelineDeeds, register
from publishing.pipeline.event_handlers import consumers
from publishing.pipeline.event_log_client import LogAcknowledgements
from publishing.pipeline.grpc_client import AdminApprovals, AdminTeams, DiscoveryIndexStatus
from publishing.pipeline.phase_store import PostgresPhaseLedger
from publishing.pipeline.stopping import StopRun
from publishing.pipeline.stranded_runs import MendStrandedRuns, keep_mending
from publishing.pipeline.waiting_store import PostgresWaitingVersions
from publishing.pipeline.workflow import PublicationWorkflow
from publishing.probes.actions import Effort, ProbeEndpoint
from publishing.probes.pinned_client import PinnedVendor
from publishing.settings import PublishingSettings
from publishing.validation.actions import ValidateDocument
from publishing.validation.process_runner import ProcessRunner


class RunsUrlMissing(MarketplaceError):
    """The worker was started without an engine for its runs."""

    code = "runs_url_missing"
    kind = ErrorKind.INVALID


@asynccontextmanager
async def open_worker(settings: PublishingSettings) -> AsyncGenerator[Unit]:
    """The worker's unit. Raises RunsUrlMissing, RunsUrlRefused, TemporalUrlRefused."""
    if settings.runs_url is None:
        raise RunsUrlMissing("The worker needs PUBLISHING_RUNS_URL.")
    clock = SystemClock()
    identity = ServiceIdentity.of(SERVICE, settings, clock)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(
            Database.open(settings.worker_database_url, name="publishing-worker")
        )
        admin = await stack.enter_async_context(Peer.open("admin", settings.admin_address, identity.issuer))
        discovery = await stack.enter_async_context(Peer.open("discovery", settings.discovery_address, identity.issuer))
        log = await stack.enter_async_context(open_event_log(settings.events_url, database))
        registry = RunRegistry()
        deeds = _deeds(settings, database, log, (admin, discovery))
        testing_time = deeds.probe_endpoint.effort.longest
        register(registry, deeds, PublicationWorkflow(timedelta(hours=settings.approval_timeout_hours), testing_time))
        runs = await stack.enter_async_context(_served(registry, settings.runs_url, settings))
        mend = MendStrandedRuns(PostgresWaitingVersions(database), runs, deeds.stop_run, clock)
        yield Unit(
            name="publishing-worker",
            tasks=[
                log.listen,
                lambda: run_consumers(log, consumers(runs)),
                lambda: keep_mending(mend),
                _until_lost(runs),
            ],
            readiness=Readiness(required={"database": schema_check(database, MIGRATIONS)}),
        )


def _deeds(
    settings: PublishingSettings, database: Database, log: PostgresEventLog, peers: tuple[Peer, Peer]
) -> PipelineDeeds:
    clock = SystemClock()
    admin, discovery = peers
    listings = PostgresListings(database, log)
    allowlist = settings.endpoint_allowlist
    approvals = AdminApprovals(admin)
    ask_approval = AskApproval(listings, approvals)
    ledger = PostgresPhaseLedger(database, clock)
    return PipelineDeeds(
        ledger=ledger,
        check_publisher=CheckPublisher(listings, AdminTeams(admin)),
        validate_version=ValidateVersion(listings, ValidateDocument(ProcessRunner()), allowlist, clock, new_id),
        probe_endpoint=ProbeEndpoint(
            listings=listings,
            seal=CredentialSeal(settings.credential_key, secrets.token_bytes),
            vendor=PinnedVendor(allowlist, settings.probe_deadline_seconds),
            allowlist=allowlist,
            clock=clock,
            effort=Effort(
                settings.benchmark_plain_calls, settings.benchmark_streamed_calls, settings.probe_deadline_seconds
            ),
        ),
        ask_approval=ask_approval,
        take_decision=TakeDecision(listings, ask_approval),
        approvals=approvals,
        publish_version=PublishVersion(listings, clock, new_id),
        withdraw_version=WithdrawVersion(listings, clock, new_id),
        stop_run=StopRun(approvals, StopVersion(listings, clock, new_id), ledger),
        observe_index=ObserveIndex(DiscoveryIndexStatus(discovery), asyncio.sleep),
        observe_consumers=ObserveConsumers(LogAcknowledgements(log), asyncio.sleep),
        complete_run=CompleteRun(listings),
        event_groups=settings.event_groups,
        analytics_groups=settings.analytics_groups,
    )


def _served(
    registry: RunRegistry, url: SecretStr, settings: PublishingSettings
) -> AbstractAsyncContextManager[ServedRuns]:
    takeover = timedelta(seconds=settings.runs_takeover_seconds)
    home = RunsHome(url.get_secret_value(), SERVICE, settings.executor_id, takeover)
    before = settings.drain_runs_url.get_secret_value()
    return serve_moving(registry, home, replace(home, url=before)) if before else serve_runs(registry, home)


def _until_lost(runs: ServedRuns) -> Callable[[], Awaitable[None]]:
    """A task that ends the process when the worker cannot keep its promises; the next one takes its runs up."""

    async def wait() -> None:
        raise await asyncio.shield(runs.lost)

    return wait
