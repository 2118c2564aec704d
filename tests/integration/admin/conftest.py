"""Admin's real stores and doors on a real PostgreSQL, without a process of their own."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fixtures.admin_people import FIRST_EMAIL, FIRST_PASSWORD, AdminHouse
from fixtures.marketplace_database import ProvisionedServer
from pydantic import SecretStr

from admin.compose import api
from admin.compose_work import PostgresWork
from admin.settings import AdminSettings
from chassis.clock import SystemClock
from chassis.database.pool import Database
from chassis.event_log.postgres_log import PostgresEventLog
from chassis.identity.issuer_client import AccountEpochs


def private_pem() -> SecretStr:
    """A fresh Ed25519 key."""
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return SecretStr(pem.decode())


@pytest.fixture(scope="module")
def admin_settings(marketplace_database: ProvisionedServer) -> AdminSettings:
    """Settings as fleet gives them, on the test's database."""
    return AdminSettings(
        database_url=marketplace_database.url("admin_runtime"),
        worker_database_url=marketplace_database.url("admin_worker"),
        service_key=private_pem(),
        trusted_services={},
        token_signing_key=private_pem(),
        cursor_key=SecretStr("a secret of sixteen"),
        bootstrap_email=FIRST_EMAIL,
        bootstrap_password=SecretStr(FIRST_PASSWORD),
    )


@asynccontextmanager
async def opened(settings: AdminSettings) -> AsyncGenerator[AdminHouse]:
    """The api unit's application, started, with a client in front of it."""
    async with AsyncExitStack() as stack:
        unit = await stack.enter_async_context(api(settings))
        app: Any = unit.http[0].app
        state = await stack.enter_async_context(app.router.lifespan_context(app))
        transport = httpx.ASGITransport(app=_with_state(app, state))
        client = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://admin"))
        yield AdminHouse(client=client, unit=unit, state=dict(state))


def _with_state(app: Any, state: Any) -> Any:
    # What a server does with the lifespan's state.
    async def call(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "state": dict(state)}, receive, send)

    return call


@pytest.fixture(scope="module")
async def house(admin_settings: AdminSettings) -> AsyncIterator[AdminHouse]:
    """The application with its first super_admin, built once for a module."""
    async with opened(admin_settings) as house:
        await house.first_start()
        yield house


@pytest.fixture
async def runtime_database(admin_settings: AdminSettings) -> AsyncIterator[Database]:
    """The role that sees one team at a time."""
    async with Database.open(admin_settings.database_url, name="test-runtime", size=2) as database:
        yield database


@pytest.fixture
async def worker_database(admin_settings: AdminSettings) -> AsyncIterator[Database]:
    """The role that sees all teams."""
    async with Database.open(admin_settings.worker_database_url, name="test-worker", size=2) as database:
        yield database


@pytest.fixture
async def work(admin_settings: AdminSettings) -> AsyncIterator[PostgresWork]:
    """Work as admin's worker has it."""
    async with Database.open(admin_settings.worker_database_url, name="test-work", size=2) as database:
        yield PostgresWork(database, database, PostgresEventLog(database), AccountEpochs(), SystemClock())
