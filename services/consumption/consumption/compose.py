"""Wires consumption: the only module that sees every layer."""

import asyncio
import secrets
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import grpc
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
from chassis.lifecycle import HttpDoor, Unit
from chassis.rpc.channel import Peer
from chassis.rpc.server import GrpcDoor, Register
from chassis.web.application import Application
from chassis.web.pages import Cursors
from consumption.budgets.grpc_api import LeasesDoor
from consumption.budgets.postgres_store import PostgresBalanceReader, PostgresLeaseStore
from consumption.keys.actions import ChangeKey, CreateKey
from consumption.keys.argon2_hasher import Argon2Hasher
from consumption.keys.event_handlers import key_ending_consumer
from consumption.keys.events import TOPIC as KEY_TOPIC
from consumption.keys.grpc_api import KeyChanges, KeysDoor
from consumption.keys.http_api import router as keys_router
from consumption.keys.postgres_store import PostgresKeyRecords, PostgresKeyStore, PostgresTeamKeys
from consumption.prices.event_handlers import price_book_consumer
from consumption.prices.grpc_api import PricesDoor
from consumption.prices.postgres_store import PostgresPriceBook
from consumption.settings import ConsumptionSettings
from consumption.settlement.grpc_api import SettlementDoor
from consumption.settlement.partitions import keep_partitions_ahead
from consumption.settlement.postgres_store import PostgresSettlementStore
from consumption.usage.http_api import router as usage_router
from consumption.usage.postgres_store import PostgresUsageReader
from marketplace.consumption.v1 import keys_pb2_grpc, leases_pb2_grpc, prices_pb2_grpc, settlement_pb2_grpc

SERVICE = "consumption"
ROUTERS = (keys_router, usage_router)
MIGRATIONS = Path(__file__).parent.parent / "migrations"
_PACKAGE = "/marketplace.consumption.v1"
GATEWAY = frozenset({"gateway"})
ALLOWED_CALLERS = {
    f"{_PACKAGE}.Keys/GetKeyByDigest": GATEWAY,
    f"{_PACKAGE}.Keys/WatchKeyChanges": GATEWAY,
    f"{_PACKAGE}.Leases/AcquireLeases": GATEWAY,
    f"{_PACKAGE}.Settlement/CommitEnds": GATEWAY,
    f"{_PACKAGE}.Settlement/SealHolder": GATEWAY,
    f"{_PACKAGE}.Prices/GetPrice": GATEWAY,
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
        readiness = Readiness(required={"database": schema_check(database, MIGRATIONS)})
        application = Application(
            service=SERVICE,
            description="Keys, quotas and usage of a team.",
            routers=ROUTERS,
            state=_actions(knobs, database, log, hasher)
            | {"access_tokens": AccessTokens(IssuerKeys(admin, clock), epochs)},
            readiness=readiness,
            registry=CollectorRegistry(),
            new_request_id=lambda: new_id("req", clock.now()),
        )
        register = _grpc_doors(worker, changes)
        yield Unit(
            name="consumption-api",
            http=[HttpDoor(application.build(), knobs.host, knobs.http_port)],
            grpc=[GrpcDoor(f"{knobs.host}:{knobs.grpc_port}", register, identity.verifier, ALLOWED_CALLERS)],
            tasks=[
                log.listen,
                epoch_follower(log, admin, clock, epochs, asyncio.sleep),
                lambda: follow_from_now(log, KEY_TOPIC, changes.take),
            ],
            readiness=readiness,
        )


def _actions(
    knobs: ConsumptionSettings, database: Database, log: PostgresEventLog, hasher: Argon2Hasher
) -> dict[str, object]:
    """What the routes ask for, by name."""
    clock = SystemClock()
    pepper = knobs.key_pepper.get_secret_value().encode()
    keys = PostgresKeyStore(database, log)
    return {
        "cursors": Cursors(pepper),
        "clock": clock,
        "key_store": keys,
        "create_key": CreateKey(keys, hasher, clock, pepper, secrets.token_bytes),
        "change_key": ChangeKey(keys, clock),
        "usage_reader": PostgresUsageReader(database),
        "balance_reader": PostgresBalanceReader(database),
    }


def _grpc_doors(worker: Database, changes: KeyChanges) -> Register:
    """What the gateway asks: keys, leases, settlement and prices of all teams."""
    clock = SystemClock()
    settlement = PostgresSettlementStore(worker, PostgresEventLog(worker))

    def register(server: grpc.aio.Server) -> None:
        keys_pb2_grpc.add_KeysServicer_to_server(KeysDoor(PostgresKeyRecords(worker), changes, clock), server)
        leases_pb2_grpc.add_LeasesServicer_to_server(LeasesDoor(PostgresLeaseStore(worker), clock), server)
        settlement_pb2_grpc.add_SettlementServicer_to_server(SettlementDoor(settlement, clock), server)
        prices_pb2_grpc.add_PricesServicer_to_server(PricesDoor(PostgresPriceBook(worker)), server)

    return register


@asynccontextmanager
async def worker(settings: ConsumptionSettings | None = None) -> AsyncGenerator[Unit]:
    """The event consumers and the making of partitions."""
    knobs = settings or ConsumptionSettings.read()
    clock = SystemClock()
    async with (
        Database.open(knobs.worker_database_url, name="consumption-worker") as database,
        open_event_log(knobs.events_url, database) as log,
    ):
        consumers = [
            price_book_consumer(PostgresPriceBook(database), lambda now: new_id("prc", now)),
            key_ending_consumer(PostgresTeamKeys(log)),
        ]
        yield Unit(
            name="consumption-worker",
            tasks=[
                log.listen,
                lambda: run_consumers(log, consumers),
                lambda: keep_partitions_ahead(database, clock, asyncio.sleep, timedelta(hours=6)),
            ],
        )
