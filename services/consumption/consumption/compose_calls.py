"""Wires the calls of consumption's own door: the data plane in this process, and how ready it is."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from chassis.health import Check
from chassis.identity.service_tokens import ServiceTokenIssuer
from chassis.valkey import Valkey, open_valkey, ping
from consumption.settings import ConsumptionSettings
from dataplane.call_signals import CallSignals
from dataplane.documented_calls import with_calls
from dataplane.opened_plane import DataPlane, Host, open_data_plane
from dataplane.shared_door import SharedDoor
from wire.ticker import Ticker


@dataclass(frozen=True)
class DoorOfCalls:
    """The data plane, and the door where it stands beside the pages."""

    plane: DataPlane
    valkey: Valkey
    host: Host
    knobs: ConsumptionSettings

    @property
    def checks(self) -> dict[str, Check]:
        """Nothing here is required: keys, usage and what gateways ask go on where calls must wait."""
        return {
            "policies": self.plane.policies_known,
            "valkey": lambda: ping(self.valkey),
            "rates": self.plane.rates_exact,
        }

    def beside(self, application: FastAPI) -> SharedDoor:
        """The door of calls and of this application, whose document tells of both."""
        own_document = application.openapi
        application.openapi = lambda: with_calls(own_document())
        host, knobs = self.host, self.knobs
        return SharedDoor(application, self.plane.accept, host.signals, host.ticker, knobs.host, knobs.http_port)


@asynccontextmanager
async def door_of_calls(
    knobs: ConsumptionSettings, issuer: ServiceTokenIssuer, registry: CollectorRegistry
) -> AsyncGenerator[DoorOfCalls]:
    """Opens the data plane; it asks this service's own gRPC door as any other process would."""
    async with AsyncExitStack() as stack:
        valkey = await stack.enter_async_context(open_valkey(knobs.valkey_url, name="consumption"))
        stack.callback((ticker := Ticker()).stop)
        host = Host(issuer, valkey, ticker, CallSignals(registry))
        plane = await stack.enter_async_context(open_data_plane(knobs.plane, host))
        yield DoorOfCalls(plane, valkey, host, knobs)
