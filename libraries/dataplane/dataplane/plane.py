"""Wires the data plane of one process: journal, leases, settlement and the door of calls."""

import asyncio
import itertools
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from chassis.clock import SystemClock
from chassis.ids import new_id
from chassis.rpc.channel import Peer
from chassis.valkey import Valkey
from dataplane.admission import AdmissionState
from dataplane.analytics_buffer import AnalyticsBuffer
from dataplane.call_door import CallDoor
from dataplane.call_ids import CallIds
from dataplane.call_ledger import CallLedger
from dataplane.call_limits import CallLimits
from dataplane.call_parts import CallParts
from dataplane.call_signals import CallSignals
from dataplane.control_plane.analytics_client import GrpcAnalytics
from dataplane.control_plane.keys_client import GrpcKeyRecords
from dataplane.control_plane.leases_client import GrpcLeaseSource
from dataplane.control_plane.replies_client import GrpcReplies
from dataplane.control_plane.routes_client import GrpcRoutes
from dataplane.control_plane.settlement_client import GrpcSettler
from dataplane.control_plane.valkey_rate_store import ValkeyRateStore
from dataplane.ending_calls import end_calls
from dataplane.journal import open_journal
from dataplane.journal_reader import JournalReader, seal_the_dead
from dataplane.key_check import Authenticate
from dataplane.lease_keeper import LeaseKeeper
from dataplane.moments import now_in_microseconds
from dataplane.passages import Passages
from dataplane.plane_settings import PlaneSettings
from dataplane.ports import Vendors
from dataplane.rate_leaser import RateLeaser
from dataplane.recall_answers import RecallAnswers
from dataplane.settlement import Settlement, holder_name, replay_all
from dataplane.surroundings import Surroundings
from wire.ticker import Ticker

_log = logging.getLogger("dataplane")
# For what comes after the last call has ended: to settle it, and to give back what is held.
_SETTLE_SECONDS = 1.0
_DISK_AGAIN_SECONDS = 0.5


def _new_id(prefix: str) -> str:
    return new_id(prefix, SystemClock().now())


@dataclass(frozen=True)
class Outside:
    """What the data plane speaks to."""

    publishing: Peer
    consumption: Peer
    valkey: Valkey
    vendors: Vendors
    ticker: Ticker


class Calls:
    """The data plane of this process; `drained` once nothing is under way and all of it is settled."""

    drained = False

    def __init__(self, knobs: PlaneSettings, outside: Outside, keys: GrpcKeyRecords) -> None:
        self._drain_seconds = knobs.drain_seconds
        self.root = knobs.data_folder / "journals"
        self.dead = seal_the_dead(self.root)
        self.settler = GrpcSettler(outside.consumption)
        incarnation = secrets.randbits(63) | 1
        self.journal = open_journal(self.root, incarnation, gather=outside.ticker.outbox.ahead)
        self.settlement = Settlement(JournalReader(self.journal.folder, incarnation), self.settler)
        self.state = state = AdmissionState()
        rates = ValkeyRateStore(outside.valkey, holder_name(incarnation))
        self.rates = RateLeaser(state.rates, rates, now_in_microseconds, knobs.expected_processes)
        self.ledger = CallLedger(state, self.journal, self.settlement.wake, lambda: _new_id("ret"))
        self.leases = GrpcLeaseSource(outside.consumption)
        requests = itertools.count(1)
        keeper = LeaseKeeper(
            state,
            self.leases,
            holder_name(incarnation),
            now_in_microseconds,
            lambda: f"{next(requests):016x}",
            self.ledger.give_up,
            rates=self.rates,
        )
        self.recalls = RecallAnswers(keeper, self.leases, lambda: _new_id("ret"), self.ledger.is_written)
        self.analytics = AnalyticsBuffer(GrpcAnalytics(outside.consumption), lambda: _new_id("anb"))
        limits = CallLimits()
        self.parts = CallParts(
            passages=Passages(
                Authenticate(keys, knobs.key_pepper.get_secret_value().encode()),
                GrpcRoutes(outside.publishing, outside.consumption, time.monotonic, now_in_microseconds),
            ),
            keeper=keeper,
            ledger=self.ledger,
            vendors=outside.vendors,
            around=Surroundings(self.ledger, now_in_microseconds, limits, outside.ticker, self.analytics.append),
            now=now_in_microseconds,
            limits=limits,
        )
        self.door = CallDoor(self.parts, CallIds(), replies=GrpcReplies(outside.consumption, holder_name(incarnation)))

    def tasks(self, signals: CallSignals) -> list[Callable[[], Awaitable[None]]]:
        """What runs beside the calls until the process ends."""
        senders = [self.settlement.run, self.analytics.run, self.rates.run]
        beside = [*senders, self.replay_the_dead, self.answer_recalls, self.catch_up]
        return [*beside, lambda: self.show(signals)]

    async def replay_the_dead(self) -> None:
        """Settle what processes before this one left behind; then there is nothing to do but stay."""
        await replay_all(self.dead, self.settler)
        await asyncio.Event().wait()

    async def answer_recalls(self) -> None:
        """Give back what other processes lack, until cancelled."""
        hearing = self.leases.watch_recalls(self.recalls.keeper.holder, self.recalls.hear)
        await asyncio.gather(hearing, self.recalls.run())

    async def catch_up(self) -> None:
        """Write what found the disk full as soon as it has room, until cancelled."""
        while True:
            await asyncio.sleep(_DISK_AGAIN_SECONDS)
            if self.ledger.is_behind:
                self.ledger.catch_up()

    async def show(self, signals: CallSignals) -> None:
        """Keep the gauges up to date until cancelled."""
        while True:
            signals.settlement.show(self.settlement.health)
            signals.in_flight.set(self.parts.in_flight)
            signals.rates.show(self.rates)
            signals.analytics.show(self.analytics)
            book = self.state.policy_book
            signals.policy_bundle.set(0 if book.enforced is None else book.enforced.bundle.version)
            signals.policy_denials.set(book.denials)
            await asyncio.sleep(1)

    async def rates_are_exact(self) -> str | None:
        """A check of readiness: what is to be told about the rates, None while they are exact across processes."""
        return self.rates.degraded

    async def drain(self) -> None:
        """Refuse new calls, end those under way, settle, and give the leases back, as far as the time goes."""
        try:
            async with asyncio.timeout(self._drain_seconds + _SETTLE_SECONDS):
                await end_calls(self.door, self.journal, self._drain_seconds)
                await self.rates.give_all_back()
                await self.settlement.seal()
                await self.analytics.send_kept()
                self.drained = True
        except OSError as error:
            # Out of time, or the journal cannot be read: it stays for the next start.
            _log.warning("calls are not all settled: %s", str(error) or "out of time")

    def close(self) -> None:
        """Let go of the journal. Where all of it is settled and its leases are given up, nothing stays of it."""
        try:
            if self.drained and self.settlement.is_done(self.journal.end):
                self.journal.delete()
        except OSError as error:
            _log.warning("%s stays for the next start to read: %s", self.journal.folder, error)
        finally:
            self.journal.close()
