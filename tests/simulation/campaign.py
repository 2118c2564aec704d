"""Many seeds one after the other: broken off, a campaign goes on where it was; at its end it says what it proves."""

import os
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from fixtures.campaign_record import CampaignRecord
from simulation.plan import plan_of
from simulation.seams import Seams
from simulation.shrinking import told
from simulation.simulation_run import run_seed
from simulation.violation import Violation

_LEG = 250
_SAMPLE = 500


class InvariantBroken(AssertionError):
    """A seed failed; the text says which, and what is left of its plan."""


@dataclass
class Figures:
    """What seeds have shown."""

    seeds: int = 0
    counts: Counter[str] = field(default_factory=Counter[str])
    died_at: Counter[str] = field(default_factory=Counter[str])

    def lines(self) -> list[str]:
        """For people to read; 3/n bounds what n seeds without a failure leave possible, with 95 % confidence."""
        counts = ", ".join(f"{count} {name}" for name, count in sorted(self.counts.items()))
        points = ", ".join(f"{count} {name}" for name, count in sorted(self.died_at.items()))
        bound = 3 / self.seeds if self.seeds else 1.0
        return [
            f"money, simulated: {self.seeds} seeds, 0 failed, so less than {bound:.2g} of such runs fail",
            f"  {counts}",
            f"  killed: {points}",
        ]


def run_seeds(seeds: Iterable[int], seams: Seams | None = None) -> Figures:
    """Run these; raises InvariantBroken with the shrunk plan of the first that fails."""
    figures, seams = Figures(), seams or Seams()
    for seed in seeds:
        try:
            seen = run_seed(seed, seams)
        except Violation as violation:
            raise InvariantBroken(told(plan_of(seed), violation, seams)) from None
        figures.seeds += 1
        figures.counts += seen.figures
        figures.died_at += seen.died_at
    return figures


def run_campaign(count: int) -> Figures:
    """The first so many seeds, in legs; more than the sample are kept on the way, for the same code."""
    record = CampaignRecord.open("simulation", count, keeps=count > _SAMPLE)
    for leg, start in enumerate(range(0, count, _LEG)):
        if not record.holds(leg):
            figures = run_seeds(range(start, min(start + _LEG, count)))
            died_at = {f"died {name}": n for name, n in figures.died_at.items()}
            record.add(leg, {"seeds": figures.seeds, **figures.counts, **died_at})
        _show(record.totals()["seeds"], count)
    totals = record.totals()
    record.forget()
    died_at = Counter({name.removeprefix("died "): n for name, n in totals.items() if name.startswith("died ")})
    counts = Counter({name: n for name, n in totals.items() if name != "seeds" and not name.startswith("died ")})
    return Figures(totals["seeds"], counts, died_at)


def seeds_asked(default: int) -> range:
    """The one seed of SIMULATION_SEED, else the first so many."""
    one = os.environ.get("SIMULATION_SEED")
    return range(default) if one is None else range(int(one), int(one) + 1)


def campaign_size() -> int:
    """SIMULATION_SEEDS, else the sample."""
    return int(os.environ.get("SIMULATION_SEEDS", _SAMPLE))


def _show(done: int, count: int) -> None:
    if count > _SAMPLE:
        end = "\r" if sys.stderr.isatty() else "\n"
        sys.stderr.write(f"{done} of {count} seeds{end}")
        sys.stderr.flush()
