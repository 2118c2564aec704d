"""Wires the gateway: the only module that sees every layer."""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
from prometheus_client import CollectorRegistry

from chassis.clock import SystemClock
from chassis.errors import Unavailable
from chassis.health import Check, Readiness
from chassis.identity.service_identity import ServiceIdentity
from chassis.ids import new_id
from chassis.lifecycle import HttpDoor, Unit
from chassis.rpc.channel import Peer
from chassis.valkey import open_valkey, ping
from dataplane.pooled_upstream import PooledUpstream
from dataplane.vetted_addresses import VettedAddresses
from gateway.calls.keys_client import GrpcKeyRecords
from gateway.compose_calls import Calls
from gateway.front.documentation_client import DocumentationClient
from gateway.front.door import PublicDoor
from gateway.front.operations import Operations
from gateway.routes.coarse_limit import CoarseLimit
from gateway.routes.proxy import Proxy
from gateway.settings import GatewaySettings
from gateway.signals import GatewaySignals

SERVICE = "gateway"


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
        vendors = PooledUpstream(vet=VettedAddresses(knobs.endpoint_allowlist))
        stack.push_async_callback(vendors.close)
        base_urls = _base_urls(knobs)
        limit = CoarseLimit(valkey, knobs.coarse_requests_per_second, signals, clock)
        keys = GrpcKeyRecords(consumption, time.monotonic)
        calls = Calls(knobs, publishing, consumption, keys, vendors)
        stack.callback(calls.journal.close)
        readiness = Readiness(
            required=_service_checks(services, base_urls) | _file_check(knobs.awaited_file),
            optional={"valkey": lambda: ping(valkey)},
        )
        documentation = DocumentationClient(services, base_urls, time.monotonic)
        door = PublicDoor(
            calls=calls.door,
            operations=Operations(readiness, registry, documentation.document),
            proxy=Proxy(services, base_urls, signals, documentation.allow),
            check_limit=limit.check,
            signals=signals,
            new_request_id=lambda: new_id("req", clock.now()),
        )
        yield Unit(
            name="gateway",
            http=[HttpDoor(door, knobs.host, knobs.http_port, knobs.trusted_proxies)],
            tasks=[keys.forget_changed, calls.settlement.run, calls.replay_the_dead, lambda: calls.show(signals)],
            readiness=readiness,
            on_drain=[calls.drain],
        )


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


def _service_checks(client: httpx.AsyncClient, base_urls: Mapping[str, str]) -> dict[str, Check]:
    return {service: _service_check(client, url) for service, url in base_urls.items()}


def _service_check(client: httpx.AsyncClient, base_url: str) -> Check:
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


def _file_check(awaited: Path | None) -> dict[str, Check]:
    async def check() -> str | None:
        if awaited is not None and not await asyncio.to_thread(awaited.exists):
            raise Unavailable("is being prepared")
        return None

    return {} if awaited is None else {"development": check}
