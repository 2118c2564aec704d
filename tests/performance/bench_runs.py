"""What a durable run costs on DBOS: `python tests/performance/bench_runs.py`.

An empty run, and runs of steps that do nothing, one at a time, on the embedded PostgreSQL with its usual durability.
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

sys.path.insert(0, str(Path(__file__).parents[1]))

from process_costs import cpu_seconds
from scale import scaled
from tables import Cell, print_table

from chassis.durable_runs.dbos_worker import DbosWorkerSettings, ServedRuns, serve
from chassis.durable_runs.port import Json, Steps, WorkflowRef
from chassis.durable_runs.registry import RunRegistry
from fleet.embedded_postgres import embedded_postgres
from fleet.one_part import running

_WORKFLOW = WorkflowRef("bench", 1)
_STEPS = (0, 1, 10, 50)


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


async def _row(runs: ServedRuns, steps: int, postgres: int) -> list[Cell]:
    await _one(runs, f"warm-{steps}", steps)
    count = scaled(60, 3)
    server, own = cpu_seconds(postgres), time.process_time()
    took = [await _one(runs, f"run-{steps}-{number}", steps) for number in range(count)]
    server, own = cpu_seconds(postgres) - server, time.process_time() - own
    return [steps, count, median(took), quantiles(took, n=100)[98], own * 1000 / count, server * 1000 / count]


async def measure(url: str, postgres: int) -> list[list[Cell]]:
    """One row for each number of steps."""
    registry = RunRegistry()
    registry.add_workflow(_WORKFLOW, _steps)
    registry.add_activity("nothing", _nothing)
    async with serve(registry, DbosWorkerSettings(url, "bench", "bench-1")) as runs:
        return [await _row(runs, steps, postgres) for steps in _STEPS]


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        server = embedded_postgres(Path(folder), "not-a-secret")
        with running(server.part, Path(folder) / "postgres.log") as postgres:
            rows = asyncio.run(measure(server.url(), postgres))
    a_step = (float(rows[-1][2]) - float(rows[1][2])) / (_STEPS[-1] - _STEPS[1])
    print_table(
        "Durable runs on DBOS, one at a time",
        ["steps", "runs", "p50 ms", "p99 ms", "worker CPU ms", "postgres CPU ms"],
        rows,
        f"From start to ended as its starter sees it. One more step: {a_step:.1f} ms.",
    )


if __name__ == "__main__":
    main()
