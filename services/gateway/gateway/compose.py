"""Wires the gateway: the only module that sees every layer."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry

from chassis.clock import SystemClock
from chassis.errors import Unavailable
from chassis.health import Check, Readiness
from chassis.identity.service_identity import ServiceIdentity
from chassis.lifecycle import Unit
from chassis.valkey import open_valkey, ping
from chassis.web.refusals import refusal
from dataplane.opened_plane import Host, open_data_plane
from gateway.compose_front import Front, Services
from gateway.routes.coarse_limit import CoarseLimit
from gateway.routes.service_check import ServiceCheck
from gateway.settings import GatewaySettings
from gateway.signals import GatewaySignals
from wire.server import Server
from wire.ticker import Ticker

SERVICE = "gateway"


@asynccontextmanager
async def api(settings: GatewaySettings | None = None) -> AsyncGenerator[Unit]:
    """The public door."""
    knobs = settings or GatewaySettings.read()
    clock = SystemClock()
    identity = ServiceIdentity.of(SERVICE, knobs, clock)
    signals = GatewaySignals(registry := CollectorRegistry())
    async with AsyncExitStack() as stack:
        valkey = await stack.enter_async_context(open_valkey(knobs.valkey_url, name=SERVICE))
        stack.callback((ticker := Ticker()).stop)
        services = Services.of(knobs, ticker)
        stack.callback(services.client.close)
        host = Host(identity.issuer, valkey, ticker, signals.data_plane)
        plane = await stack.enter_async_context(open_data_plane(knobs.plane, host))
        readiness = Readiness(
            required={**_service_checks(services), **_file_check(knobs.awaited_file), "policies": plane.policies_known},
            optional={"valkey": lambda: ping(valkey), "rates": plane.rates_exact},
        )
        limit = CoarseLimit(valkey, knobs.coarse_requests_per_second, signals, clock)
        front = Front(plane.accept, ticker, signals, limit, services, readiness, registry, clock)
        crossing = front.open(knobs)
        yield Unit(
            name="gateway",
            doors=[Server(crossing.accept, refusal, knobs.host, knobs.http_port, ticker, reuse_port=knobs.reuse_port)],
            tasks=[plane.run],
            readiness=readiness,
            on_drain=[plane.drain],
        )


def _service_checks(services: Services) -> dict[str, Check]:
    return {service: ServiceCheck(services.client, origin) for service, origin in services.origins.items()}


def _file_check(awaited: Path | None) -> dict[str, Check]:
    async def check() -> str | None:
        if awaited is not None and not await asyncio.to_thread(awaited.exists):
            raise Unavailable("is being prepared")
        return None

    return {} if awaited is None else {"development": check}
