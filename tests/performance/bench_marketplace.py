"""How fast the whole marketplace starts and ends, and what it costs while nobody asks anything of it.

`python tests/performance/bench_marketplace.py` starts a fresh fleet three times; figures are medians.
"""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from measured_fleet import MeasuredFleet, Start, a_fleet
from process_costs import cpu_seconds, family, pss_mib
from scale import scaled
from tables import Cell, print_table

_STEPS = ("migrations", "development")


@dataclass(frozen=True)
class Round:
    """One fleet: its first start, its rest, its end, and its second start on the same folder."""

    first: Start
    again: Start
    pss: dict[str, float]
    cpu_a_minute: dict[str, float]
    stop: float


def measure_round(settle_seconds: float, watch_seconds: float) -> Round:
    """A life of a fleet from an empty folder."""
    with a_fleet() as fleet:
        first = fleet.started()
        time.sleep(settle_seconds)
        families = {name: family(pid) for name, pid in fleet.pids().items()}
        own = set(families["fleet"]) - {pid for name, pids in families.items() if name != "fleet" for pid in pids}
        pss = {name: pss_mib(own if name == "fleet" else pids) for name, pids in families.items()}
        cpu = _cpu_a_minute(fleet, watch_seconds)
        stop = fleet.stop()
        again = fleet.started()
        fleet.stop()
    return Round(first, again, pss, cpu, stop)


def _cpu_a_minute(fleet: MeasuredFleet, seconds: float) -> dict[str, float]:
    pids = fleet.pids()
    before = {name: cpu_seconds(pid) for name, pid in pids.items()}
    time.sleep(seconds)
    used = {name: (cpu_seconds(pid) - before[name]) * 60 / seconds for name, pid in pids.items()}
    # The fleet's family is everybody.
    used["fleet"] -= sum(share for name, share in used.items() if name != "fleet")
    return used


def _rows(rounds: Sequence[Round]) -> list[list[Cell]]:
    started = [name for name in rounds[0].first.parts if name not in _STEPS]
    rows = [_row(name, [_figures_of(name, one) for one in rounds]) for name in [*started, *_STEPS, "fleet"]]
    return [*rows, _row("**whole**", [_figures_of_all(one) for one in rounds])]


def _figures_of(name: str, one: Round) -> Sequence[float | None]:
    return one.first.parts.get(name), one.again.parts.get(name), one.pss.get(name), one.cpu_a_minute.get(name)


def _figures_of_all(one: Round) -> Sequence[float | None]:
    return one.first.whole, one.again.whole, sum(one.pss.values()), sum(one.cpu_a_minute.values())


def _row(name: str, figures: Sequence[Sequence[float | None]]) -> list[Cell]:
    columns = zip(*figures, strict=True)
    return [name, *("" if None in column else median(value or 0.0 for value in column) for column in columns)]


def main() -> None:
    """Print the table."""
    settle, watch = scaled(40.0, 0.5), scaled(30.0, 1.0)
    rounds = [measure_round(settle, watch) for _ in range(scaled(3, 1))]
    print_table(
        f"The marketplace at rest, {len(rounds)} fresh starts, medians",
        ["part", "first start s", "second start s", "idle PSS MiB", "idle CPU s/min"],
        _rows(rounds),
        "Start: of a part from its spawning to its own readiness, of the whole from `fleet up` to a green /ready.",
        "The first start makes the database and publishes the demo.",
        f"Idle: {settle:.0f} s after the start; PSS and CPU of whole process trees, CPU over {watch:.0f} s.",
        f"Ctrl-C to the end of the last process: {median(one.stop for one in rounds):.1f} s.",
    )


if __name__ == "__main__":
    main()
