"""Opens the data plane of a process: its way to the control plane and to vendors, its calls, and what runs beside."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field

from chassis.health import Check
from chassis.identity.service_tokens import ServiceTokenIssuer
from chassis.rpc.channel import Peer
from chassis.valkey import Valkey
from dataplane.call_signals import CallSignals
from dataplane.control_plane.keys_client import GrpcKeyRecords
from dataplane.control_plane.policies_client import PolicyFollower
from dataplane.plane import Calls, Outside
from dataplane.plane_settings import PlaneSettings
from dataplane.policies_in_force import policies_of
from dataplane.vetted_addresses import VettedAddresses
from wire.client import Client
from wire.server_state import Accept
from wire.ticker import Ticker


@dataclass(frozen=True)
class Host:
    """What the process lends its data plane."""

    issuer: ServiceTokenIssuer
    valkey: Valkey
    ticker: Ticker
    signals: CallSignals


@dataclass
class DataPlane:
    """The calls of this process. `run` goes on beside them; `drain` comes before the doors close."""

    calls: Calls
    keys: GrpcKeyRecords
    policies: PolicyFollower
    signals: CallSignals
    _beside: "asyncio.Future[list[None]] | None" = field(default=None, repr=False)

    @property
    def accept(self) -> Accept:
        """Takes requests to the call paths."""
        return self.calls.door.accept

    @property
    def policies_known(self) -> Check:
        """A check of readiness: raises while no call may pass for want of policies."""
        return self.policies.check

    @property
    def rates_exact(self) -> Check:
        """A check of readiness: says where this process counts rates alone."""
        return self.calls.rates_are_exact

    async def run(self) -> None:
        """Settle, follow what changes, give back; until cancelled or drained."""
        tasks = [self.keys.forget_changed, self.policies.follow, *self.calls.tasks(self.signals)]
        self._beside = beside = asyncio.gather(*(task() for task in tasks))
        try:
            await beside
        except asyncio.CancelledError:
            if not self.calls.drained:
                raise

    async def drain(self) -> None:
        """Let calls under way end, settle, and let go of the control plane, which may live in this very process."""
        await self.calls.drain()
        if self.calls.drained and self._beside is not None:
            self._beside.cancel()
            with suppress(asyncio.CancelledError):
                await self._beside


@asynccontextmanager
async def open_data_plane(knobs: PlaneSettings, host: Host) -> AsyncGenerator[DataPlane]:
    """The data plane of this process. Nobody needs to answer yet: calls wait for who is missing, or are refused."""
    async with AsyncExitStack() as stack:
        publishing = await stack.enter_async_context(
            Peer.open("publishing", knobs.publishing_address, host.issuer),
        )
        consumption = await stack.enter_async_context(
            Peer.open("consumption", knobs.consumption_address, host.issuer),
        )
        vendors = Client(VettedAddresses(knobs.endpoint_allowlist), host.ticker)
        stack.callback(vendors.close)
        keys = GrpcKeyRecords(consumption, time.monotonic)
        calls = Calls(knobs, Outside(publishing, consumption, host.valkey, vendors, host.ticker), keys)
        stack.callback(calls.close)
        policies = await stack.enter_async_context(policies_of(calls, knobs, host.issuer))
        yield DataPlane(calls, keys, policies, host.signals)
