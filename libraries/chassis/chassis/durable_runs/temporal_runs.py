"""Runs on Temporal as seen from any process.

A run's state, progress and end lie in the workflow's memo, which can be read without a worker.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from chassis.durable_runs.errors import NonDeterministicRun, RunIdTaken, RunNotFound
from chassis.durable_runs.inbox import CANCEL_MESSAGE, signal_message
from chassis.durable_runs.outcomes import end_of
from chassis.durable_runs.port import Json, WorkflowRef
from chassis.durable_runs.status import RunError, RunState, RunStatus
from chassis.durable_runs.temporal_address import TemporalAddress
from chassis.durable_runs.temporal_client import RPC_TIMEOUT, connect, temporal_errors_translated

MESSAGE_SIGNAL, TAKEN_OVER_SIGNAL = "message", "taken over"
MEMO_BEGUN, MEMO_PROGRESS, MEMO_END = "begun", "progress", "end"
_OPEN = WorkflowExecutionStatus.RUNNING
_GIVEN_UP = RunError("internal", "the engine gave the run up; see the worker's log")
_NOT_DETERMINISTIC = RunError(
    NonDeterministicRun.code,
    "the run recorded other steps than its workflow asks for now; run it on the build it began with, "
    "or give the changed workflow a new version",
)


class TemporalRuns:
    """DurableRuns of one application: its task queue, and the beginning of its runs' ids."""

    def __init__(self, client: Client, application: str) -> None:
        self.client = client
        self.application = application

    async def start(self, workflow: WorkflowRef, run_id: str, argument: Json) -> None:
        """Start once by id; also after the run has ended, for as long as the namespace keeps ended runs."""
        with temporal_errors_translated():
            try:
                await self.client.start_workflow(
                    str(workflow),
                    argument,
                    id=self.id_of(run_id),
                    task_queue=self.application,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                    rpc_timeout=RPC_TIMEOUT,
                )
            except WorkflowAlreadyStartedError:
                await self._refuse_other_workflow(workflow, run_id)

    async def signal(self, run_id: str, name: str, payload: Json, idempotency_key: str) -> None:
        """Send once by key: the run knows the keys it has taken."""
        await self._send(run_id, signal_message(name, payload, idempotency_key))

    async def cancel(self, run_id: str) -> None:
        """Ask the run to stop and undo."""
        await self._send(run_id, CANCEL_MESSAGE)

    async def status(self, run_id: str) -> RunStatus:
        """Where the run stands."""
        with temporal_errors_translated(run_id):
            found = await self._handle(run_id).describe(rpc_timeout=RPC_TIMEOUT)
        return self._status(found, await found.memo())

    async def list(
        self, workflow: str | None = None, states: Sequence[RunState] = (), limit: int = 100
    ) -> list[RunStatus]:
        """The newest runs first. Temporal's list lags behind by a moment, so open runs are asked for themselves."""
        query = f"TaskQueue = {_quoted(self.application)}"
        if workflow is not None:
            query += f" AND WorkflowType STARTS_WITH {_quoted(f'{workflow}@')}"
        with temporal_errors_translated():
            found = [one async for one in self.client.list_workflows(query, rpc_timeout=RPC_TIMEOUT)]
        found.sort(key=lambda one: (one.start_time, one.id), reverse=True)
        shown: list[RunStatus] = []
        # In parts of a page: most often the first one is enough.
        for begin in range(0, len(found), limit):
            part = await asyncio.gather(*(self._fresh(one) for one in found[begin : begin + limit]))
            shown += [status for status in part if not states or status.state in states]
            if len(shown) >= limit:
                break
        return shown[:limit]

    async def pending(self) -> dict[str, str]:
        """`name@version` of every run that has not ended, by the run's id."""
        query = f"TaskQueue = {_quoted(self.application)} AND ExecutionStatus = 'Running'"
        with temporal_errors_translated():
            found = [one async for one in self.client.list_workflows(query, rpc_timeout=RPC_TIMEOUT)]
        return {self._run_id(one): one.workflow_type for one in found}

    async def take_over(self, run_ids: Iterable[str]) -> None:
        """Have runs looked at by this build now, not only when their present step ends.

        A run that this build cannot continue fails at once, before another step of it is done.
        """
        for run_id in run_ids:
            # A run may end meanwhile.
            with suppress(RunNotFound), temporal_errors_translated(run_id):
                await self._handle(run_id).signal(TAKEN_OVER_SIGNAL, rpc_timeout=RPC_TIMEOUT)

    def id_of(self, run_id: str) -> str:
        """The run's id in a namespace that other applications use too."""
        return f"{self.application}/{run_id}"

    async def _fresh(self, one: WorkflowExecution) -> RunStatus:
        if one.status is _OPEN:
            return await self.status(self._run_id(one))
        return self._status(one, await one.memo())

    async def _send(self, run_id: str, message: Json) -> None:
        try:
            with temporal_errors_translated(run_id):
                await self._handle(run_id).signal(MESSAGE_SIGNAL, message, rpc_timeout=RPC_TIMEOUT)
        except RunNotFound:
            # Said of runs that have ended, too: those stay as they are.
            await self.status(run_id)

    async def _refuse_other_workflow(self, workflow: WorkflowRef, run_id: str) -> None:
        known = await self._handle(run_id).describe(rpc_timeout=RPC_TIMEOUT)
        if known.workflow_type != str(workflow):
            raise RunIdTaken(f"run {run_id} belongs to {known.workflow_type}; give this run an id of its own")

    def _handle(self, run_id: str) -> "WorkflowHandle[Any, Any]":
        return self.client.get_workflow_handle(self.id_of(run_id))

    def _run_id(self, one: WorkflowExecution) -> str:
        return one.id.removeprefix(self.id_of(""))

    def _status(self, one: WorkflowExecution, memo: Mapping[str, Any]) -> RunStatus:
        name, _, version = one.workflow_type.rpartition("@")
        state, result, error = _end(one, memo)
        return RunStatus(
            run_id=self._run_id(one),
            workflow=name,
            version=int(version),
            state=state,
            progress=memo.get(MEMO_PROGRESS),
            result=result,
            error=error,
            started_at=one.start_time,
            ended_at=one.close_time,
        )


@asynccontextmanager
async def open_runs(address: TemporalAddress, application: str) -> AsyncGenerator[TemporalRuns]:
    """Start, signal and ask about runs of one application; connects when first used."""
    yield TemporalRuns(await connect(address, f"{application}-client", lazy=True), application)


def _end(one: WorkflowExecution, memo: Mapping[str, Any]) -> tuple[RunState, Json | None, RunError | None]:
    if one.status is _OPEN:
        return (RunState.RUNNING if MEMO_BEGUN in memo else RunState.QUEUED), None, None
    if MEMO_END in memo:
        return end_of(memo[MEMO_END])
    # The workflow's own code wrote no end: Temporal ended it, and by our wish that means other steps were asked for.
    return RunState.FAILED, None, _NOT_DETERMINISTIC if one.status is WorkflowExecutionStatus.FAILED else _GIVEN_UP


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
