"""The ticker of the data plane's exchanges, in the order in which they began, so that a seed replays."""

from dataclasses import dataclass, field

from simulation.virtual_loop import ProcessLoop

from wire.ticker import NEVER, Timed

_TICK = 0.5


@dataclass
class Deadlines:
    """Looks at every deadline twice a second while there is one."""

    loop: ProcessLoop
    _watched: dict[int, Timed] = field(default_factory=dict[int, Timed])
    _ticks: bool = False

    def watch(self, timed: Timed) -> None:
        """Look at this one too."""
        self._watched[id(timed)] = timed
        if not self._ticks:
            self._ticks = True
            self.loop.call_later(_TICK, self._tick)

    def forget(self, timed: Timed) -> None:
        """Not any more."""
        self._watched.pop(id(timed), None)

    def _tick(self) -> None:
        for timed in [timed for timed in self._watched.values() if timed.deadline <= self.loop.time()]:
            timed.deadline = NEVER
            timed.late()
        self._ticks = bool(self._watched)
        if self._ticks:
            self.loop.call_later(_TICK, self._tick)
