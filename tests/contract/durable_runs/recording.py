"""Records histories of the sample workflows: `python -m contract.durable_runs.recording host:port` beside a Temporal.

A stored history stands for the runs that are under way when a new build starts. Record again only with a new workflow
version: a replay that fails means that such runs would fail.
"""

import asyncio
import re
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from contract.durable_runs.samples import IN_ORDER, PHASED, UNDOES, WAITS, WAVES, Effects, sample_registry
from temporalio.client import WorkflowHistory

from chassis.durable_runs.port import Json, WorkflowRef
from chassis.durable_runs.status import RunState, RunStatus
from chassis.durable_runs.temporal_address import TemporalAddress
from chassis.durable_runs.temporal_runs import TemporalRuns
from chassis.durable_runs.temporal_worker import TemporalWorkerSettings, serve

_STACK_TRACE = re.compile(r'"stackTrace": "(?:[^"\\]|\\.)*"')
_TAKEOVER = timedelta(seconds=10)
HISTORIES = Path(__file__).parent / "histories"
_RUNS: dict[str, tuple[WorkflowRef, Json]] = {
    "in-order": (IN_ORDER, {"names": ["a", "b", "c"]}),
    "waves": (WAVES, {"branches": 3}),
    "waits": (WAITS, {"names": ["first", "second"]}),
    "cancelled": (UNDOES, {"in": "wait"}),
    "phased": (PHASED, {}),
}


async def record(target: str, folder: Path) -> None:
    """Run each workflow once and keep what Temporal wrote."""
    settings = TemporalWorkerSettings(TemporalAddress(target), f"recording-{folder.name}", "recorder", _TAKEOVER)
    async with serve(sample_registry(folder), settings) as runs:
        for name, (workflow, argument) in _RUNS.items():
            await runs.start(workflow, name, argument)
        # The second half of each wave waits to be killed, except where somebody was.
        Effects(folder).open("never")
        await runs.signal("waits", "second", {"n": 2}, "key-2")
        await runs.signal("waits", "first", {"n": 1}, "key-1")
        await runs.signal("phased", "answer", {"yes": True, "by": "ann"}, "key-1")
        await _until(runs, "cancelled", lambda status: status.progress is not None)
        await runs.cancel("cancelled")
        for name in _RUNS:
            await _until(runs, name, lambda status: status.state.ended)
            handle = runs.client.get_workflow_handle(runs.id_of(name))
            history: WorkflowHistory = await handle.fetch_history()
            # A stack trace names places of the machine that recorded.
            text = _STACK_TRACE.sub('"stackTrace": ""', history.to_json())
            (HISTORIES / f"{name}.json").write_text(text + "\n")
        ends = {name: (await runs.status(name)).state for name in _RUNS}
    assert ends == dict.fromkeys(_RUNS, RunState.SUCCEEDED) | {"cancelled": RunState.CANCELLED}, ends


async def _until(runs: TemporalRuns, run_id: str, condition: Callable[[RunStatus], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition(await runs.status(run_id)):  # noqa: ASYNC110 - another process changes it
            await asyncio.sleep(0.05)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        asyncio.run(record(sys.argv[1], Path(name)))
