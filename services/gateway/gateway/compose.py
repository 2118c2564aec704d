"""Wires the gateway: the only module that sees every layer."""

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
from prometheus_client import CollectorRegistry

from chassis.clock import SystemClock
from chassis.errors import Unavailable
from chassis.health import Readiness
from chassis.identity.service_identity import ServiceIdentity
from chassis.ids import new_id
from chassis.lifecycle import HttpDoor, Unit
from chassis.rpc.channel import Peer
from chassis.valkey import open_valkey, ping
from dataplane.admission import AdmissionState
from dataplane.asgi_door import CallDoor
from dataplane.call_ledger import CallLedger
from dataplane.caller import Authenticate
from dataplane.journal import open_journal
from dataplane.journal_reader import JournalReader, seal_the_dead
from dataplane.lease_keeper import LeaseKeeper
from dataplane.pooled_upstream import PooledUpstream
from dataplane.settlement import Settlement, holder_name, replay
from gateway.calls.keys_client import GrpcKeyRecords
from gateway.calls.leases_client import GrpcLeaseSource
from gateway.calls.routes_client import GrpcRoutes
from gateway.calls.settlement_client import GrpcSettler
from gateway.front.documentation_client import DocumentationClient
from gateway.front.door import PublicDoor
from gateway.front.operations import Operations
from gateway.routes.coarse_limit import CoarseLimit
from gateway.routes.proxy import Proxy
from gateway.settings import GatewaySettings
from gateway.signals import GatewaySignals

SERVICE = "gateway"
DRAIN_SECONDS = 4.0


def _microseconds() -> int:
    return time.time_ns() // 1000


@asynccontextmanager
async def api(settings: GatewaySettings | None = None) -> AsyncGenerator[Unit]:
    """The public door."""
    knobs = settings or GatewaySettings.read()
    clock = SystemClock()
    identity = ServiceIdentity.of(SERVICE, knobs, clock)
    signals = GatewaySignals(registry := CollectorRegistry())
    async with AsyncExitStack() as stack:
        publishing = await stack.enter_async_context(Peer.open("publishing", knobs.publishing_address, identity.issuer))
        consumption = await stack.enter_async_context(
            Peer.open("consumption", knobs.consumption_address, identity.issuer)
        )
        valkey = await stack.enter_async_context(open_valkey(knobs.valkey_url, name=SERVICE))
        services = await stack.enter_async_context(_service_client())
        vendors = PooledUpstream()
        stack.push_async_callback(vendors.close)
        base_urls = _base_urls(knobs)
        limit = CoarseLimit(valkey, knobs.coarse_requests_per_second, signals, clock)
        keys = GrpcKeyRecords(consumption, time.monotonic)
        calls = _Calls(knobs, publishing, consumption, keys, vendors)
        stack.callback(calls.journal.close)
        readiness = Readiness(
            required={service: _service_check(services, url) for service, url in base_urls.items()},
            optional={"valkey": lambda: ping(valkey)},
        )
        door = PublicDoor(
            calls=calls.door,
            operations=Operations(
                readiness, registry, DocumentationClient(services, base_urls, time.monotonic).document
            ),
            proxy=Proxy(services, base_urls, signals),
            check_limit=limit.check,
            signals=signals,
            new_request_id=lambda: new_id("req", clock.now()),
        )
        yield Unit(
            name="gateway",
            http=[HttpDoor(door, knobs.host, knobs.http_port)],
            tasks=[keys.forget_changed, calls.settlement.run, calls.replay_the_dead, lambda: calls.show(signals)],
            readiness=readiness,
            on_drain=[calls.drain],
        )


class _Calls:
    """The data plane of this process."""

    def __init__(
        self,
        knobs: GatewaySettings,
        publishing: Peer,
        consumption: Peer,
        keys: GrpcKeyRecords,
        vendors: PooledUpstream,
    ) -> None:
        self.root = knobs.data_folder / "journals"
        self.dead = seal_the_dead(self.root)
        self.settler = GrpcSettler(consumption)
        incarnation = secrets.randbits(63) | 1
        self.journal = open_journal(self.root, incarnation)
        self.settlement = Settlement(JournalReader(self.journal.folder, incarnation), self.settler)
        state = AdmissionState()
        ledger = CallLedger(state, self.journal, self.settlement.wake, lambda: _new_id("ret"))
        keeper = LeaseKeeper(
            state,
            GrpcLeaseSource(consumption),
            holder_name(incarnation),
            _microseconds,
            lambda: _new_id("lrq"),
            ledger.give_up,
        )
        self.door = CallDoor(
            authenticate=Authenticate(keys, knobs.key_pepper.get_secret_value().encode()),
            routes=GrpcRoutes(publishing, consumption, time.monotonic, _microseconds),
            keeper=keeper,
            ledger=ledger,
            upstream=vendors,
            now=_microseconds,
            new_call_id=lambda: _new_id("call"),
        )

    async def replay_the_dead(self) -> None:
        """Settle what processes before this one left behind; then there is nothing to do but stay."""
        for journal in self.dead:
            await replay(journal, self.settler)
        await asyncio.Event().wait()

    async def show(self, signals: GatewaySignals) -> None:
        """Keep the gauges up to date until cancelled."""
        while True:
            signals.settled.set(self.settlement.health.sent)
            signals.settlement_failures.set(self.settlement.health.failures_in_a_row)
            signals.in_flight.set(self.door.in_flight)
            await asyncio.sleep(1)

    async def drain(self) -> None:
        """Refuse new calls, let those under way end, settle, and give the leases back, as far as the time goes."""
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await self.door.drained()
                await self.settlement.seal()
        except TimeoutError:
            return


def _new_id(prefix: str) -> str:
    return new_id(prefix, SystemClock().now())


def _base_urls(knobs: GatewaySettings) -> dict[str, str]:
    return {
        "admin": knobs.admin_url,
        "publishing": knobs.publishing_url,
        "discovery": knobs.discovery_url,
        "consumption": knobs.consumption_url,
    }


def _service_client() -> httpx.AsyncClient:
    return httpx.AsyncClient(
        follow_redirects=False,
        trust_env=False,
        timeout=httpx.Timeout(30, connect=2, pool=5),
        limits=httpx.Limits(max_connections=200, max_keepalive_connections=50),
    )


def _service_check(client: httpx.AsyncClient, base_url: str) -> Callable[[], Awaitable[str | None]]:
    async def check() -> str | None:
        try:
            answer = await client.get(f"{base_url}/ready", timeout=1.5)
        except httpx.HTTPError as error:
            raise Unavailable("does not answer") from error
        if answer.status_code != 200:
            raise Unavailable("is not ready")
        degraded = [part["name"] for part in answer.json()["parts"] if part["state"] == "degraded"]
        return f"degraded: {', '.join(degraded)}" if degraded else None

    return check
