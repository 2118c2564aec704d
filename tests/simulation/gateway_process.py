"""A gateway process: the real data plane, wired as the gateway wires it, over the simulation's disk and network."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

from fakes.journal_records import read_frames
from simulation.busy_outbox import BusyOutbox
from simulation.deadlines import Deadlines
from simulation.memory_disk import MemoryPath
from simulation.mortality import Mortal
from simulation.network import Network, SimulatedChannel
from simulation.seams import Seams
from simulation.vendor import Vendor, VendorLines

from chassis.errors import MarketplaceError
from chassis.rpc.channel import Peer
from dataplane.admission import AdmissionState
from dataplane.call_door import CallDoor
from dataplane.call_ledger import CallLedger
from dataplane.call_limits import CallLimits
from dataplane.call_parts import CallParts
from dataplane.call_records import JournalRecord, Returned, Unmade
from dataplane.control_plane.leases_client import GrpcLeaseSource
from dataplane.control_plane.settlement_client import GrpcSettler
from dataplane.ending_calls import end_calls
from dataplane.journal import Journal, open_journal
from dataplane.journal_frames import frame
from dataplane.journal_reader import JournalReader, seal_the_dead
from dataplane.key_check import Authenticate
from dataplane.lease_keeper import LeaseKeeper
from dataplane.leases import LeaseBook
from dataplane.passages import Passages
from dataplane.rate_asks import RateSource
from dataplane.rate_leaser import RateLeaser
from dataplane.records import KeyRecord, Route
from dataplane.settlement import Settlement, holder_name
from dataplane.surroundings import Surroundings

LIMITS = CallLimits(head_seconds=4.0, idle_seconds=2.0, total_seconds=400.0)
_DRAIN_SECONDS, _SETTLE_SECONDS = 3.0, 1.0


class _NoToken:
    """Stands where service tokens are issued: the simulated network asks for none."""

    def token_for(self, audience: str, account_id: str | None = None) -> str:
        return "token"


@dataclass
class Known:
    """Keys and routes of a process; a cold one asks first."""

    keys: dict[bytes, KeyRecord]
    all_routes: dict[str, Route]
    cold: bool = False

    @property
    def changes(self) -> int:
        return int(self.cold)

    def known(self, what: Any, named: Any, version: str = "") -> Any:
        if self.cold:
            return None
        return self.keys.get(what) if isinstance(what, bytes) else self.all_routes.get(named)

    async def by_digest(self, digest: bytes, prove: Callable[[], bytes]) -> KeyRecord | None:
        await asyncio.sleep(0.003)
        return self.keys.get(digest)

    async def resolve(self, key: KeyRecord, model: str, version: str = "") -> Route | None:
        await asyncio.sleep(0.003)
        return self.all_routes.get(model)

    async def visible(self, key: KeyRecord) -> Sequence[Route]:
        return list(self.all_routes.values())


@dataclass(frozen=True)
class Place:
    """Where a process runs, and with what."""

    root: MemoryPath
    network: Network
    vendor: Vendor
    known: Known
    dice: Random
    segment_bytes: int
    batch_size: int
    rates: Callable[[str], RateSource] | None
    broke: Callable[[str], None]
    broke_rule: Callable[[str, str], object]


@dataclass
class GatewayProcess:
    """One life of a gateway; `skew` is what its clock is ahead, in microseconds."""

    process: Mortal
    place: Place
    clock: Callable[[], int]
    skew: int = 0
    next_call_id: str = ""
    outbox: BusyOutbox = field(default_factory=BusyOutbox)
    journal: Journal = field(init=False)
    state: AdmissionState = field(init=False)
    settlement: Settlement = field(init=False)
    door: CallDoor = field(init=False)
    holder: str = ""
    is_started: bool = False
    seen_available: list[int] = field(default_factory=list[int])
    parts: CallParts = field(init=False)
    ledger: CallLedger = field(init=False)

    def start(self, seams: Seams) -> None:
        """Take over the dead, open a journal, and run what runs beside the calls. May die of it."""
        place = self.place
        root: Any = place.root
        dead = seal_the_dead(root)
        incarnation = place.dice.getrandbits(63) | 1
        self.holder = holder_name(incarnation)
        self.journal = journal = open_journal(root, incarnation, place.segment_bytes, self.outbox.ahead)
        peer = Peer("consumption", _channel(place.network, self.process), _issuer())
        settler = GrpcSettler(peer)
        self.settlement = Settlement(JournalReader(journal.folder, incarnation), settler, batch_size=place.batch_size)
        self.state = AdmissionState(_watched(seams.lease_book, self._taken_back))
        ids = itertools.count(1)
        self.ledger = ledger = seams.call_ledger(
            self.state, journal, self.settlement.wake, lambda: f"ret_{self.holder}_{next(ids)}"
        )
        source = GrpcLeaseSource(peer)
        rates = None if place.rates is None else RateLeaser(self.state.rates, place.rates(self.holder), self.now)
        requests = itertools.count(1)
        keeper = seams.lease_keeper(
            *(self.state, source, self.holder, self.now, lambda: f"{next(requests):016x}", ledger.give_up),
            rates=rates,
        )
        recalls = seams.recall_answers(keeper, source, lambda: f"ret_{self.holder}_{next(ids)}", ledger.is_written)
        self.parts = self._parts(keeper, ledger)
        self.door = CallDoor(self.parts, lambda: self.next_call_id)
        beside: list[Awaitable[None]] = [self.settlement.run(), recalls.run(), self._replay(dead, settler, seams)]
        beside.append(source.watch_recalls(self.holder, recalls.hear))
        if rates is not None:
            beside.append(rates.run())
        for task in beside:
            self._beside(task)
        self.is_started = True

    @property
    def is_up(self) -> bool:
        """Whether it has started and not died."""
        return self.is_started and not self.process.is_dead

    def unwritten(self) -> list[JournalRecord]:
        """What was said to the journal and is not on its disk."""
        journal = self.journal
        known = {kind.number: kind.alike for kind in journal._kinds._by_content.values()}
        writes = [*journal._unwritten, journal._gathered]
        frames = [frame(one, 1) if isinstance(one, Returned | Unmade) else one.frames(1) for one in writes]
        return [record for record, _ in read_frames(b"".join(frames), 1, known)]

    def _taken_back(self) -> None:
        """Invariant 3: what is taken for a recall may be lent to another at once, whatever the journal says then."""
        if self.unwritten():
            self.place.broke_rule("3", f"{self.holder} gives back what its journal says that calls hold")

    def now(self) -> int:
        """Its wall clock, in microseconds since 1970."""
        return self.clock() + self.skew

    def disk_has_room(self) -> None:
        """What the gateway looks at twice a second."""
        if self.is_up and self.ledger.is_behind:
            self.ledger.catch_up()

    def drain(self) -> None:
        """End in peace, as far as the time goes."""
        if not self.process.is_dead and not self.door.draining:
            self.door.draining = True
            self.process.loop.create_task(self._drain())

    async def _drain(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_SECONDS + _SETTLE_SECONDS):
                await end_calls(self.door, self.journal, _DRAIN_SECONDS)
                await self.settlement.seal()
                if self.settlement.is_done(self.journal.end):
                    self.journal.delete()
        self.process.kill()

    def _parts(self, keeper: LeaseKeeper, ledger: CallLedger) -> CallParts:
        deadlines: Any = Deadlines(self.process.loop)
        known: Any = self.place.known
        vendors: Any = VendorLines(self.place.vendor, self.process, self.outbox)
        return CallParts(
            passages=Passages(Authenticate(known, b"pepper"), known),
            keeper=keeper,
            ledger=ledger,
            vendors=vendors,
            around=Surroundings(ledger, self.now, LIMITS, deadlines, seconds=self.process.loop.time),
            now=self.now,
            limits=LIMITS,
        )

    async def _replay(self, dead: Sequence[Any], settler: GrpcSettler, seams: Seams) -> None:
        for journal in dead:
            await seams.replay(journal, settler, batch_size=self.place.batch_size)
        await asyncio.Event().wait()

    def _beside(self, task: Awaitable[None]) -> None:
        """In the gateway the end of any of these ends the process."""
        running = self.process.loop.create_task(task)
        running.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception) and not isinstance(error, MarketplaceError):
            self.place.broke(f"a task of {self.holder} ended: {error!r}")


def _channel(network: Network, process: Mortal) -> Any:
    return SimulatedChannel(network, process)


def _issuer() -> Any:
    return _NoToken()


def _watched(book: type[LeaseBook], taken_back: Callable[[], None]) -> LeaseBook:
    """A book that tells when it gives something up for a recall."""

    class Watched(book):
        __slots__ = ()

        def take_idle(self, scope_id: str, period_ends_at: int | None = None) -> int:
            amount = super().take_idle(scope_id, period_ends_at)
            if amount:
                taken_back()
            return amount

    return Watched()
