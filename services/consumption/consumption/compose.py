"""Wires consumption: the only module that sees every layer."""

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import grpc
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from chassis.clock import SystemClock
from chassis.database.pool import Database
from chassis.database.schema_check import schema_check
from chassis.event_log.consuming import follow_from_now, run_consumers
from chassis.event_log.opening import open_event_log
from chassis.event_log.postgres_log import PostgresEventLog
from chassis.health import Readiness
from chassis.identity.access_tokens import AccessTokens
from chassis.identity.issuer_client import AccountEpochs, IssuerKeys, epoch_follower
from chassis.identity.service_identity import ServiceIdentity
from chassis.ids import new_id
from chassis.lifecycle import Unit
from chassis.rpc.channel import Peer
from chassis.rpc.server import GrpcDoor, Register
from chassis.web.application import Application
from chassis.web.pages import Cursors
from consumption.access_requests.actions import (
    CollectKey,
    DecideAccess,
    ReadAccess,
    RequestAccess,
    WithdrawAccess,
)
from consumption.access_requests.event_handlers import access_consumers
from consumption.access_requests.grants_store import PostgresAskableListings, PostgresGrants
from consumption.access_requests.http_api import router as access_router
from consumption.access_requests.postgres_store import PostgresRequests
from consumption.budgets.actions import AcquireLeases
from consumption.budgets.grpc_api import LeasesDoor
from consumption.budgets.http_api import router as budgets_router
from consumption.budgets.limits_store import PostgresBalanceReader, PostgresBudgets
from consumption.budgets.postgres_notices import PostgresLeaseNotices
from consumption.budgets.postgres_recall_store import PostgresRecallStore
from consumption.budgets.postgres_store import PostgresLeaseStore
from consumption.budgets.set_budget import SetBudget
from consumption.compose_calls import door_of_calls
from consumption.compose_invoices import invoice_actions
from consumption.compose_ledger import ledger_actions, ledger_tasks
from consumption.compose_sla import sla_actions, sla_tasks
from consumption.explain.http_api import router as explain_router
from consumption.facts import KEY_TOPIC
from consumption.invoices.http_api import router as invoices_router
from consumption.keys.actions import ChangeKey, CreateKey, IdentifyKey, RevokeKey, RotateKey, SecretMint
from consumption.keys.argon2_hasher import Argon2Hasher
from consumption.keys.event_handlers import key_ending_consumer
from consumption.keys.first_sight import FirstSight
from consumption.keys.grpc_api import KeysDoor
from consumption.keys.http_api import router as keys_router
from consumption.keys.key_changes import KeyChanges
from consumption.keys.postgres_store import PostgresKeyStore
from consumption.keys.records_store import PostgresKeyRecords, PostgresTeamKeys
from consumption.ledger.http_api import router as ledger_router
from consumption.prices.event_handlers import price_book_consumer
from consumption.prices.grpc_api import PricesDoor
from consumption.prices.http_api import router as prices_router
from consumption.prices.postgres_store import PostgresPriceBook
from consumption.recalculation.http_api import router as recalculation_router
from consumption.replies.actions import ClaimReply, PurgeReplies
from consumption.replies.grpc_api import RepliesDoor
from consumption.replies.postgres_store import PostgresExpiredReplies, PostgresReplies
from consumption.replies.purging import keep_purging
from consumption.settings import ConsumptionSettings
from consumption.settlement.grpc_api import SettlementDoor
from consumption.settlement.partitions import keep_partitions_ahead
from consumption.settlement.postgres_store import PostgresSettlementStore
from consumption.sla.counts_store import PostgresCallCounts
from consumption.sla.event_handlers import sla_consumer
from consumption.sla.grpc_api import AnalyticsDoor
from consumption.sla.http_api import router as sla_router
from consumption.sla.postgres_store import PostgresSlaListings
from consumption.tiers.actions import SetTier
from consumption.tiers.http_api import router as tiers_router
from consumption.tiers.postgres_store import PostgresTiers, PostgresTierStore
from consumption.usage.http_api import router as usage_router
from consumption.usage.postgres_store import PostgresUsageReader
from marketplace.consumption.v1 import (
    analytics_pb2_grpc,
    keys_pb2_grpc,
    leases_pb2_grpc,
    prices_pb2_grpc,
    replies_pb2_grpc,
    settlement_pb2_grpc,
)

SERVICE = "consumption"
ROUTERS = (
    keys_router,
    usage_router,
    tiers_router,
    budgets_router,
    access_router,
    prices_router,
    ledger_router,
    explain_router,
    recalculation_router,
    sla_router,
    invoices_router,
)
MIGRATIONS = Path(__file__).parent.parent / "migrations"
_PACKAGE = "/marketplace.consumption.v1"
# Who carries calls: gateways, and this service by its own door.
CALL_PATH = frozenset({"gateway", SERVICE})
ALLOWED_CALLERS = {
    f"{_PACKAGE}.Keys/GetKeyByDigest": CALL_PATH,
    f"{_PACKAGE}.Keys/WatchKeyChanges": CALL_PATH,
    f"{_PACKAGE}.Leases/AcquireLeases": CALL_PATH,
    f"{_PACKAGE}.Leases/WatchRecalls": CALL_PATH,
    f"{_PACKAGE}.Leases/ReturnLeases": CALL_PATH,
    f"{_PACKAGE}.Settlement/CommitFrames": CALL_PATH,
    f"{_PACKAGE}.Settlement/CommitEnds": CALL_PATH,
    f"{_PACKAGE}.Settlement/SealHolder": CALL_PATH,
    f"{_PACKAGE}.Prices/GetPrice": CALL_PATH,
    f"{_PACKAGE}.Replies/ClaimReply": CALL_PATH,
    f"{_PACKAGE}.Analytics/RecordCalls": CALL_PATH,
}


@asynccontextmanager
async def api(settings: ConsumptionSettings | None = None) -> AsyncGenerator[Unit]:
    """The HTTP and gRPC doors."""
    knobs = settings or ConsumptionSettings.read()
    clock = SystemClock()
    identity = ServiceIdentity.of(SERVICE, knobs, clock)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database.open(knobs.database_url, name="consumption"))
        worker = await stack.enter_async_context(Database.open(knobs.worker_database_url, name="consumption-ledger"))
        admin = await stack.enter_async_context(Peer.open("admin", knobs.admin_address, identity.issuer))
        hasher = Argon2Hasher()
        stack.callback(hasher.close)
        log = PostgresEventLog(database)
        epochs, changes = AccountEpochs(), KeyChanges()
        calls = await stack.enter_async_context(door_of_calls(knobs, identity.issuer, registry := CollectorRegistry()))
        readiness = Readiness({"database": schema_check(database, MIGRATIONS)}, calls.checks)
        state = _actions(knobs, database, worker, hasher)
        state["access_tokens"] = AccessTokens(IssuerKeys(admin, clock), epochs)
        pages = _pages(state, readiness, registry)
        notices = PostgresLeaseNotices(worker)
        replies = RepliesDoor(ClaimReply(PostgresReplies(database), clock))
        room = knobs.kept_replies_mib_per_team << 20
        settlement = PostgresSettlementStore(worker, PostgresEventLog(worker), room)
        register = _grpc_doors(worker, settlement, changes, hasher, notices, replies)
        yield Unit(
            name="consumption-api",
            doors=[calls.beside(pages)],
            grpc=[GrpcDoor(f"{knobs.host}:{knobs.grpc_port}", register, identity.verifier, ALLOWED_CALLERS)],
            tasks=[
                log.listen,
                notices.listen,
                epoch_follower(log, admin, clock, epochs, asyncio.sleep),
                lambda: follow_from_now(log, KEY_TOPIC, changes.take, changes.heard),
                calls.plane.run,
            ],
            readiness=readiness,
            on_drain=[calls.plane.drain],
        )


def _pages(state: Mapping[str, object], readiness: Readiness, registry: CollectorRegistry) -> FastAPI:
    """Everything at the HTTP door that is no call."""
    return Application(
        service=SERVICE,
        description="Keys, quotas and usage of a team.",
        routers=ROUTERS,
        state=state,
        readiness=readiness,
        registry=registry,
        new_request_id=lambda: new_id("req", SystemClock().now()),
    ).build()


def _actions(
    knobs: ConsumptionSettings, database: Database, worker: Database, hasher: Argon2Hasher
) -> dict[str, object]:
    """What the routes ask for, by name; `worker` reaches across teams, for the platform's people."""
    clock = SystemClock()
    pepper = knobs.key_pepper.get_secret_value().encode()
    log = PostgresEventLog(database)
    platform_log = PostgresEventLog(worker)
    keys, tiers = PostgresKeyStore(database, log), PostgresTiers(database)
    mint = SecretMint(hasher, pepper, secrets.token_bytes)
    budgets = PostgresBudgets(database, worker, platform_log)
    return {
        "cursors": Cursors(pepper),
        "clock": clock,
        "key_store": keys,
        "create_key": CreateKey(keys, tiers, mint, clock),
        "change_key": ChangeKey(keys, tiers, clock),
        "rotate_key": RotateKey(keys, mint, clock),
        "revoke_key": RevokeKey(keys, clock),
        **_access(PostgresRequests(database, log), mint),
        **sla_actions(database, worker, log),
        **invoice_actions(worker, platform_log),
        "tiers": tiers,
        "set_tier": SetTier(PostgresTierStore(worker, platform_log), clock),
        "budget_store": budgets,
        "set_budget": SetBudget(budgets, clock),
        "usage_reader": PostgresUsageReader(database),
        "balance_reader": PostgresBalanceReader(database),
        **ledger_actions(database, worker, platform_log),
    }


def _access(requests: PostgresRequests, mint: SecretMint) -> dict[str, object]:
    clock = SystemClock()
    return {
        "request_store": requests,
        "request_access": RequestAccess(requests, clock, new_id),
        "read_access": ReadAccess(requests),
        "withdraw_access": WithdrawAccess(requests, clock),
        "collect_key": CollectKey(requests, mint, clock),
    }


def _grpc_doors(
    worker: Database,
    settlement: PostgresSettlementStore,
    changes: KeyChanges,
    hasher: Argon2Hasher,
    notices: PostgresLeaseNotices,
    replies: RepliesDoor,
) -> Register:
    """What the call path asks and tells: keys, leases, prices and ends of all teams, replies of one."""
    clock = SystemClock()
    identify = IdentifyKey(PostgresKeyRecords(worker), FirstSight(hasher), clock)

    def register(server: grpc.aio.Server) -> None:
        keys_pb2_grpc.add_KeysServicer_to_server(KeysDoor(identify, changes, clock), server)
        leases_pb2_grpc.add_LeasesServicer_to_server(leases_door(worker, notices), server)
        settlement_pb2_grpc.add_SettlementServicer_to_server(SettlementDoor(settlement, clock), server)
        prices_pb2_grpc.add_PricesServicer_to_server(PricesDoor(PostgresPriceBook(worker)), server)
        replies_pb2_grpc.add_RepliesServicer_to_server(replies, server)
        analytics_pb2_grpc.add_AnalyticsServicer_to_server(AnalyticsDoor(PostgresCallCounts(worker), clock), server)

    return register


def leases_door(worker: Database, notices: PostgresLeaseNotices) -> LeasesDoor:
    """The door of leases and their recalls, on the database as the worker role sees it."""
    acquire = AcquireLeases(PostgresLeaseStore(worker), notices, SystemClock(), time.monotonic)
    return LeasesDoor(acquire, PostgresRecallStore(worker), notices)


@asynccontextmanager
async def worker(settings: ConsumptionSettings | None = None) -> AsyncGenerator[Unit]:
    """The event consumers, the making of partitions, the judging of listings."""
    knobs = settings or ConsumptionSettings.read()
    clock = SystemClock()
    async with (
        Database.open(knobs.worker_database_url, name="consumption-worker") as database,
        open_event_log(knobs.events_url, database) as log,
    ):
        consumers = [
            price_book_consumer(PostgresPriceBook(database), lambda now: new_id("prc", now)),
            key_ending_consumer(PostgresTeamKeys(log)),
            *access_consumers(DecideAccess(PostgresGrants(log), new_id), PostgresAskableListings()),
            sla_consumer(PostgresSlaListings()),
        ]
        yield Unit(
            name="consumption-worker",
            tasks=[
                log.listen,
                lambda: run_consumers(log, consumers),
                lambda: keep_partitions_ahead(database, clock, asyncio.sleep, timedelta(hours=6)),
                lambda: keep_purging(PurgeReplies(PostgresExpiredReplies(database), clock)),
                *sla_tasks(database, log, clock, knobs.sla_evaluation_seconds),
                *ledger_tasks(database, log, clock, reference_prices=knobs.reference_prices),
            ],
        )
