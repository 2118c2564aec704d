"""Wires the data plane of one gateway process: journal, leases, settlement and the door of calls."""

import asyncio
import secrets
import time

from chassis.clock import SystemClock
from chassis.ids import new_id
from chassis.rpc.channel import Peer
from dataplane.admission import AdmissionState
from dataplane.asgi_door import CallDoor
from dataplane.call_ledger import CallLedger
from dataplane.journal import open_journal
from dataplane.journal_reader import JournalReader, seal_the_dead
from dataplane.key_check import Authenticate
from dataplane.lease_keeper import LeaseKeeper
from dataplane.pooled_upstream import PooledUpstream
from dataplane.settlement import Settlement, holder_name, replay
from gateway.calls.keys_client import GrpcKeyRecords
from gateway.calls.leases_client import GrpcLeaseSource
from gateway.calls.routes_client import GrpcRoutes
from gateway.calls.settlement_client import GrpcSettler
from gateway.settings import GatewaySettings
from gateway.signals import GatewaySignals

DRAIN_SECONDS = 4.0


def _microseconds() -> int:
    return time.time_ns() // 1000


def _new_id(prefix: str) -> str:
    return new_id(prefix, SystemClock().now())


class Calls:
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
