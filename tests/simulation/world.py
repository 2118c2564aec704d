"""The whole of the money path in one place: gateways, consumption, their network, disks, vendor and callers.

It is stepped from outside; after every step the invariants are checked where anything changed.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any

from fakes.rate_buckets import BucketsOf, RateBuckets
from simulation.call_attempts import CallAttempts
from simulation.consumption_process import VirtualClock, doors_of
from simulation.gateway_process import GatewayProcess, Known, Place
from simulation.invariants import check_balances, check_holder
from simulation.ledger_tables import LedgerTables
from simulation.memory_disk import MemoryDisk, MemoryPath
from simulation.mortality import Mortal
from simulation.network import Network, Server, Weather
from simulation.plan import SLOTS, Plan
from simulation.seams import Seams
from simulation.shop import SECRETS, keys_of, routes
from simulation.vendor import Vendor
from simulation.violation import Verdict
from simulation.virtual_database import VirtualDatabase
from simulation.virtual_loop import ProcessLoop, VirtualTime
from simulation.witness import Witness

from consumption.budgets.rules import Limit
from dataplane.key_check import key_digest
from dataplane.rate_asks import RateAnswer, RateAsk
from dataplane.settlement import holder_name

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTH_END = datetime(2026, 12, 1, tzinfo=UTC)
_MICROSECONDS = 1_000_000


class _RatesOf(BucketsOf):
    """The shared buckets, on the simulation's clock."""

    def __init__(self, world: "World", holder: str) -> None:
        super().__init__(world.buckets, holder, SLOTS)
        self._world = world

    async def exchange(self, asks: Sequence[RateAsk]) -> Sequence[RateAnswer | None]:
        self.buckets.now = self._world.microseconds()
        return await super().exchange(asks)


class World:
    """Everything under one plan; `trace` gets a line for each effect where it is a list."""

    def __init__(self, plan: Plan, seams: Seams, trace: list[str] | None = None) -> None:
        self.plan = plan
        self.seams = seams
        self.trace = trace
        self.dice = Random(plan.seed + 1_000_003)
        self.time = VirtualTime()
        self.loop = ProcessLoop(self.time, "world", self.broke)
        self.verdict = Verdict()
        self.died_at: Counter[str] = Counter()
        self.mortals: dict[ProcessLoop, Mortal] = {}
        self.keys = keys_of(plan.setting)
        self.witness = Witness(self.verdict, {key.key_id: key for key in self.keys})
        limits = {s.scope_id: Limit(s.scope_id, s.kind, "", s.unit, s.limit) for s in self.keys[0].scopes}
        self.tables = LedgerTables(limits, self.witness, self.verdict)
        models = seams.lease_model(self.tables), seams.settlement_model(self.tables)
        self.database = VirtualDatabase(self.dice, *models)
        self.network = Network(self.dice, Weather())
        self.vendor = Vendor(self.dice, self.witness)
        self.buckets = RateBuckets()
        self.disks = [self._disk(), self._disk()]
        self.known = [self._known() for _ in range(SLOTS)]
        self.gateways: list[GatewayProcess | None] = [None] * SLOTS
        self.attempts = CallAttempts(self)
        self.lost_holders: set[str] = set()
        self.respawns = True
        self.lives = 0
        self._seen = -1
        self._started_at = int((_MONTH_END - _EPOCH).total_seconds() - plan.setting.seconds_to_month_end)
        for number in range(2):
            self._start_consumption(number)
        for slot in range(SLOTS):
            self.start_gateway(slot)

    # The course of time.

    def run_until(self, moment: float, enough: Callable[[], bool] = lambda: False) -> None:
        """Step until that moment or until it is enough; raises the first Violation."""
        while not enough():
            loop = self.time.step(moment)
            if loop is None:
                break
            self._check(loop)

    def microseconds(self) -> int:
        """The true time since 1970."""
        return self._started_at * _MICROSECONDS + round(self.time.now * _MICROSECONDS)

    def note(self, what: str) -> None:
        """A line of the trace."""
        if self.trace is not None:
            self.trace.append(f"{self.time.now:9.3f}s {what}")

    def broke(self, what: str) -> None:
        """Something of the product ended that must not end."""
        if self.verdict.first is None:
            self.verdict.broken("alive", what)

    def bury(self) -> None:
        """End all that still runs."""
        self.respawns = False
        self.time.running = None
        for mortal in self.mortals.values():
            mortal.kill()
        self.loop.die()
        self.time.name(None)

    def _check(self, loop: ProcessLoop) -> None:
        if self.verdict.first is not None:
            raise self.verdict.first
        if self.tables.changes != self._seen:
            self._seen = self.tables.changes
            check_balances(self.tables, self.witness, self.verdict)
        if loop.stepped is not None:
            loop.stepped()
        if self.witness.touched:
            self._check_touched()
        if self.verdict.first is not None:
            raise self.verdict.first

    def _check_touched(self) -> None:
        alive = {gateway.holder: gateway for gateway in self.alive()}
        for holder in self.witness.touched:
            self._check_holder(holder, alive.get(holder))
        self.witness.touched.clear()

    def _check_leases(self, gateway: GatewayProcess) -> None:
        if gateway.process.is_dead:
            # What it could have spent died with it.
            return
        book = gateway.state.leases
        available = [lease.available for lease in book.leases.values()]
        if available != gateway.seen_available:
            gateway.seen_available = available
            self._check_holder(gateway.holder, gateway)

    def _check_holder(self, holder: str, gateway: GatewayProcess | None) -> None:
        book, unwritten = (None, []) if gateway is None else (gateway.state.leases, gateway.unwritten())
        check_holder(self.tables, self.witness, holder, book, unwritten)

    # Processes.

    def alive(self) -> list[GatewayProcess]:
        """The gateways that have started and not died."""
        return [gateway for gateway in self.gateways if gateway is not None and gateway.is_up]

    def disk_of(self, slot: int) -> MemoryDisk:
        """Two slots share a machine."""
        return self.disks[0 if slot < SLOTS - 1 else 1]

    def start_gateway(self, slot: int) -> None:
        """A new life in a slot; where the last one still runs, nothing."""
        before = self.gateways[slot]
        if before is not None and not before.process.is_dead:
            return
        self.lives += 1
        mortal = self._mortal(f"gateway-{slot}.{self.lives}")
        gateway = GatewayProcess(mortal, self._place(slot), self.microseconds)
        self.gateways[slot] = gateway
        mortal.buried.append(lambda: self._gateway_died(slot, gateway))
        mortal.loop.call_soon(self._begin, gateway)

    def _begin(self, gateway: GatewayProcess) -> None:
        try:
            gateway.start(self.seams)
            gateway.process.loop.stepped = lambda: self._check_leases(gateway)
        except OSError as error:
            self.note(f"{gateway.process.loop.name} could not start: {error}")
            gateway.process.kill()

    def _gateway_died(self, slot: int, gateway: GatewayProcess) -> None:
        self.note(f"{gateway.process.loop.name} died")
        if gateway.holder:
            self.witness.died(gateway.holder)
        if self.respawns:
            self.loop.call_later(0.1 + self.dice.random() * 1.5, self.start_gateway, slot)

    def start_consumption(self) -> None:
        """As many processes of consumption as there should be."""
        self.network.servers = [server for server in self.network.servers if not server.process.is_dead]
        while len(self.network.servers) < 2:
            self._start_consumption(len(self.network.servers))

    def _start_consumption(self, number: int) -> None:
        self.lives += 1
        mortal = self._mortal(f"consumption-{number}.{self.lives}")
        skew = int(self.plan.setting.consumption_skew * number * _MICROSECONDS)
        clock = VirtualClock(lambda: self.microseconds() + skew, _EPOCH)
        self.network.servers.append(Server(mortal, doors_of(mortal, self.database, clock, self.dice)))
        mortal.buried.append(self._consumption_died)

    def _consumption_died(self) -> None:
        if self.respawns:
            self.loop.call_later(0.5, self.start_consumption)

    def lose_disk(self, slot: int) -> None:
        """The machine of a slot and its disk are gone; another one stands in."""
        disk = self.disk_of(slot)
        for other in range(SLOTS):
            gateway = self.gateways[other]
            if self.disk_of(other) is disk and gateway is not None:
                gateway.process.kill()
        folders = [name.rpartition("/")[2] for name in disk.folders]
        self.lost_holders |= {holder_name(int(name, 16)) for name in folders if len(name) == 16}
        disk.wipe()

    def _mortal(self, name: str) -> Mortal:
        loop = ProcessLoop(self.time, name, self.broke)
        mortal = Mortal(loop, self.died_at, None if self.trace is None else self.note)
        self.mortals[loop] = mortal
        return mortal

    def _owner(self) -> Mortal | None:
        running = self.time.running
        return None if running is None else self.mortals.get(running)

    def _disk(self) -> MemoryDisk:
        return MemoryDisk(self.dice, self.witness.appended, self._owner)

    def _known(self) -> Known:
        digests = [key_digest(b"pepper", secret) for secret in SECRETS]
        return Known(dict(zip(digests, self.keys, strict=True)), routes())

    def _place(self, slot: int) -> Place:
        setting = self.plan.setting
        rates: Any = (lambda holder: _RatesOf(self, holder)) if setting.with_rates else None
        return Place(
            root=MemoryPath(self.disk_of(slot), "/journals"),
            network=self.network,
            vendor=self.vendor,
            known=self.known[slot],
            dice=self.dice,
            segment_bytes=setting.segment_bytes,
            batch_size=setting.batch_size,
            rates=rates,
            broke=self.broke,
            broke_rule=self.verdict.broken,
        )
