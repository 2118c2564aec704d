"""What a durable run costs on DBOS and on Temporal: `python tests/performance/bench_runs.py`.

An empty run, and runs of steps that do nothing, one at a time, on servers with their usual durability.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median, quantiles

sys.path.insert(0, str(Path(__file__).parents[1]))

from fixtures.engines import SHELF
from process_costs import cpu_seconds, family, pss_mib
from scale import scaled
from tables import Cell, print_table

from chassis.durable_runs.opening import RunsHome, serve_runs
from chassis.durable_runs.port import Json, ServedRuns, Steps, WorkflowRef
from chassis.durable_runs.registry import RunRegistry
from fleet.embedded_postgres import embedded_postgres
from fleet.engines.temporal_server import temporal_server
from fleet.errors import EngineMissing
from fleet.one_part import running
from fleet.ports import free_port_numbers

_WORKFLOW = WorkflowRef("bench", 1)
_STEPS = (0, 1, 10, 50)
_ROUNDS = 3


async def _nothing(argument: Json) -> Json:
    return argument


async def _steps(steps: Steps, argument: Json) -> Json:
    for number in range(argument["steps"]):
        await steps.call(f"step-{number}", "nothing", {})
    return {}


async def _one(runs: ServedRuns, run_id: str, steps: int) -> float:
    began = time.perf_counter()
    await runs.start(_WORKFLOW, run_id, {"steps": steps})
    while (await runs.status(run_id)).ended_at is None:  # noqa: ASYNC110 - the engine tells nobody
        await asyncio.sleep(0.001)
    return (time.perf_counter() - began) * 1000


async def _row(runs: ServedRuns, steps: int, server_pid: int, home: RunsHome, round_number: int) -> list[Cell]:
    await _one(runs, f"warm-{round_number}-{steps}", steps)
    count = scaled(20, 2)
    server, own = cpu_seconds(server_pid), time.process_time()
    took = [await _one(runs, f"run-{round_number}-{steps}-{number}", steps) for number in range(count)]
    server, own = cpu_seconds(server_pid) - server, time.process_time() - own
    p99 = quantiles(took, n=100)[98]
    memory = pss_mib(family(server_pid))
    return [home.engine, steps, median(took), p99, own * 1000 / count, server * 1000 / count, memory]


async def measure(home: RunsHome, server_pid: int, round_number: int) -> list[list[Cell]]:
    """One row for each number of steps."""
    registry = RunRegistry()
    registry.add_workflow(_WORKFLOW, _steps)
    registry.add_activity("nothing", _nothing)
    async with serve_runs(registry, home) as runs:
        return [await _row(runs, steps, server_pid, home, round_number) for steps in _STEPS]


@contextmanager
def engines(folder: Path) -> Iterator[list[tuple[RunsHome, int]]]:
    """Where runs can live on this machine, with the process id of each server."""
    with ExitStack() as stack:
        postgres = embedded_postgres(folder / "postgres", "not-a-secret")
        pid = stack.enter_context(running(postgres.part, folder / "postgres.log"))
        found = [(RunsHome(postgres.url(), "bench", "bench-1"), pid)]
        try:
            temporal = temporal_server(SHELF, folder / "temporal", *free_port_numbers(1))
        except EngineMissing as error:
            print(f"Without Temporal: {error.message}")
        else:
            pid = stack.enter_context(running(temporal.part, folder / "temporal.log"))
            found.append((RunsHome(f"temporal://{temporal.address}", "bench", "bench-1"), pid))
        yield found


def merged(rounds: list[list[list[Cell]]]) -> list[list[Cell]]:
    """The median of each figure over the rounds."""
    rows: list[list[Cell]] = []
    for same in zip(*rounds, strict=True):
        figures = [median(float(row[column]) for row in same) for column in range(2, len(same[0]))]
        rows.append([*same[0][:2], *figures])
    return rows


def main() -> None:
    """Print the table."""
    rounds = scaled(_ROUNDS, 1)
    with tempfile.TemporaryDirectory() as name:
        # PostgreSQL runs as another account where we are root, and must get in.
        Path(name).chmod(0o711)
        with engines(Path(name)) as homes:
            measured: dict[str, list[list[list[Cell]]]] = {home.engine: [] for home, _ in homes}
            for round_number in range(rounds):
                for home, pid in homes:
                    measured[home.engine].append(asyncio.run(measure(home, pid, round_number)))
    tables = {engine: merged(all_rounds) for engine, all_rounds in measured.items()}
    a_step = {
        engine: (float(rows[-1][2]) - float(rows[1][2])) / (_STEPS[-1] - _STEPS[1]) for engine, rows in tables.items()
    }
    print_table(
        f"Durable runs, one at a time; medians of {rounds} interleaved rounds",
        ["engine", "steps", "p50 ms", "p99 ms", "worker CPU ms", "server CPU ms", "server MiB"],
        [row for rows in tables.values() for row in rows],
        "From start to ended as its starter sees it. One more step: "
        + ", ".join(f"{engine} {took:.1f} ms" for engine, took in a_step.items())
        + ".",
    )


if __name__ == "__main__":
    main()
