"""The faults of a plan, brought about one by one, and the healing of all."""

from collections.abc import Callable

from simulation.memory_disk import MemoryDisk
from simulation.mortality import Mortal, Sentence
from simulation.network import Weather
from simulation.plan import PlannedFault
from simulation.virtual_loop import Condition
from simulation.world import World

_STORM = Weather(loss=0.25, copies=0.3, delay=3.0)


class Faults:
    """What can go wrong in a world; the names are those of plan.FAULTS."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._deeds: dict[str, Callable[[PlannedFault], None]] = {
            "kill": self._kill,
            "crash at": self._crash_at,
            "stop": self._stop,
            "skew": self._skew,
            "lose caches": self._lose_caches,
            "fill disk": self._fill_disk,
            "lose disk": lambda fault: world.lose_disk(fault.slot),
            "kill consumption": lambda fault: self._consumption(fault).kill(),
            "crash consumption": self._crash_consumption,
            "stop consumption": lambda fault: self._pause(self._consumption(fault), fault.amount),
            "lose database": self._lose_database,
            "storm": self._storm,
            "lose rates": self._lose_rates,
            "restart": self._restart,
        }

    def strike(self, fault: PlannedFault) -> None:
        """Bring one about."""
        self.world.note(f"FAULT {fault.what} {fault.slot} {fault.point}")
        self._deeds[fault.what](fault)

    def heal(self) -> None:
        """Everything works again, and clocks are right."""
        world = self.world
        world.network.weather = Weather()
        world.database.down = world.buckets.away = False
        for disk in world.disks:
            self._empty(disk)
        for known in world.known:
            known.cold = False
        for mortal in list(world.mortals.values()):
            mortal.sentence = None
            mortal.loop.go_on()
        for gateway in world.alive():
            gateway.skew = 0

    def _gateway(self, fault: PlannedFault) -> Mortal | None:
        gateway = self.world.gateways[fault.slot]
        return None if gateway is None else gateway.process

    def _consumption(self, fault: PlannedFault) -> Mortal:
        servers = self.world.network.servers
        return servers[fault.slot % len(servers)].process

    def _kill(self, fault: PlannedFault) -> None:
        process = self._gateway(fault)
        if process is not None:
            process.kill()

    def _crash_at(self, fault: PlannedFault) -> None:
        process = self._gateway(fault)
        if process is not None:
            process.sentence = Sentence(fault.point, 1 + int(fault.amount) // 2, fault.after, fault.part)

    def _crash_consumption(self, fault: PlannedFault) -> None:
        self._consumption(fault).sentence = Sentence("commit", 1 + int(fault.amount) // 2, fault.after)

    def _stop(self, fault: PlannedFault) -> None:
        process = self._gateway(fault)
        if process is not None:
            self._pause(process, fault.amount)

    def _pause(self, process: Mortal, seconds: float) -> None:
        if process.loop.condition is Condition.RUNNING:
            process.loop.stop_running()
            self.world.loop.call_later(seconds, process.loop.go_on)

    def _skew(self, fault: PlannedFault) -> None:
        gateway = self.world.gateways[fault.slot]
        # What a clock that steps does to rates is theirs to say; here it is about money.
        if gateway is not None and not self.world.plan.setting.with_rates:
            gateway.skew = int(fault.amount * 1_000_000)

    def _lose_caches(self, fault: PlannedFault) -> None:
        known = self.world.known[fault.slot]
        known.cold = True
        self._later(fault, lambda: setattr(known, "cold", False))

    def _fill_disk(self, fault: PlannedFault) -> None:
        disk = self.world.disk_of(fault.slot)
        disk.full = True
        self._later(fault, lambda: self._empty(disk))

    def _empty(self, disk: MemoryDisk) -> None:
        disk.full = False
        for gateway in self.world.alive():
            gateway.process.loop.call_later(0.3, gateway.disk_has_room)

    def _lose_database(self, fault: PlannedFault) -> None:
        database = self.world.database
        database.down = True
        self._later(fault, lambda: setattr(database, "down", False))

    def _storm(self, fault: PlannedFault) -> None:
        self.world.network.weather = _STORM
        self._later(fault, lambda: setattr(self.world.network, "weather", Weather()))

    def _lose_rates(self, fault: PlannedFault) -> None:
        buckets = self.world.buckets
        buckets.away = True
        self._later(fault, lambda: setattr(buckets, "away", False))

    def _restart(self, fault: PlannedFault) -> None:
        gateway = self.world.gateways[fault.slot]
        if gateway is not None and gateway.is_up:
            gateway.process.loop.call_soon(gateway.drain)

    def _later(self, fault: PlannedFault, deed: Callable[[], None]) -> None:
        self.world.loop.call_later(fault.amount, deed)
