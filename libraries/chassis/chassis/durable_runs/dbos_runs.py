"""Runs on DBOS as seen from any process: through the SQL that DBOS keeps for other languages, without loading DBOS.

Start and signal are DBOS's own functions `enqueue_workflow` and `send_message`; status and list read its tables.
"""

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import asyncpg

from chassis.database.errors import UNREACHABLE
from chassis.durable_runs.errors import RunIdTaken, RunNotFound
from chassis.durable_runs.inbox import CANCEL_MESSAGE, signal_message
from chassis.durable_runs.outcomes import end_of
from chassis.durable_runs.port import Json, WorkflowRef
from chassis.durable_runs.status import RunError, RunState, RunStatus
from chassis.errors import Unavailable

INBOX_TOPIC = "inbox"
PROGRESS_EVENT = "progress"

# DBOS polls this queue anyway, to recover runs; a queue of our own would poll a second time.
QUEUE = "_dbos_internal_queue"

_START = """
SELECT dbos.enqueue_workflow(workflow_name => $1, queue_name => $2, positional_args => ARRAY[$3::json],
                             workflow_id => $4, application_name => $5)
"""
_SIGNAL = "SELECT dbos.send_message(destination_id => $1, message => $2::json, topic => $3, message_id => $4)"
_NAME = "SELECT name FROM dbos.workflow_status WHERE workflow_uuid = $1"
_CANCEL_ASKED = "SELECT EXISTS (SELECT FROM dbos.notifications WHERE message_uuid = $1)"
_STATUS = """
SELECT run.workflow_uuid, run.name, run.status, run.created_at, run.updated_at, run.completed_at,
       coalesce(ended.output, run.output) AS output, progress.value AS progress
FROM dbos.workflow_status AS run
LEFT JOIN dbos.workflow_output AS ended USING (workflow_uuid)
LEFT JOIN dbos.workflow_events AS progress
       ON progress.workflow_uuid = run.workflow_uuid AND progress.key = 'progress'
"""
_ONE = _STATUS + "WHERE run.workflow_uuid = $1"
_LIST = (
    _STATUS
    + """
WHERE run.application_name = $1 AND ($2::text IS NULL OR run.name LIKE $2)
  AND (cardinality($3::text[]) = 0 OR $3 @> ARRAY[
        CASE WHEN run.status IN ('ENQUEUED', 'DELAYED') THEN 'queued'
             WHEN run.status = 'PENDING' THEN 'running'
             WHEN run.status = 'CANCELLED' THEN 'cancelled'
             WHEN run.status = 'SUCCESS' THEN coalesce(ended.output, run.output)::json ->> 'state'
             ELSE 'failed' END])
ORDER BY run.created_at DESC, run.workflow_uuid DESC LIMIT $4
"""
)

_STATES = {
    "ENQUEUED": RunState.QUEUED,
    "DELAYED": RunState.QUEUED,
    "PENDING": RunState.RUNNING,
    "CANCELLED": RunState.CANCELLED,
}


class _NothingPrepared(Unavailable):
    """No worker has ever served here: there are no runs to find, and none can be started yet."""


class DbosRuns:
    """DurableRuns over the database of one DBOS application; opened with `open_runs`."""

    def __init__(self, pool: "asyncpg.Pool[Any]", application: str) -> None:
        self._pool = pool
        self._application = application

    async def start(self, workflow: WorkflowRef, run_id: str, argument: Json) -> None:
        """Start once by id; a worker takes it up within a second."""
        await self._value(_START, str(workflow), QUEUE, json.dumps(argument), run_id, self._application)
        await self.refuse_other_workflow(workflow, run_id)

    async def refuse_other_workflow(self, workflow: WorkflowRef, run_id: str) -> None:
        """Raise RunIdTaken when the id belongs to a run of another workflow."""
        name = await self._value(_NAME, run_id)
        if name != str(workflow):
            raise RunIdTaken(f"run {run_id} belongs to {name}; give this run an id of its own")

    async def signal(self, run_id: str, name: str, payload: Json, idempotency_key: str) -> None:
        """Send once by key."""
        message = signal_message(name, payload, idempotency_key)
        await self._send(run_id, message, f"signal:{run_id}:{name}:{idempotency_key}")

    async def cancel(self, run_id: str) -> None:
        """Ask the run to stop and undo."""
        await self._send(run_id, CANCEL_MESSAGE, _cancel_id(run_id))

    async def cancel_asked(self, run_id: str) -> bool:
        """Whether somebody asked the run to stop; read by the worker between and during steps."""
        return bool(await self._value(_CANCEL_ASKED, _cancel_id(run_id)))

    async def status(self, run_id: str) -> RunStatus:
        """Where the run stands."""
        rows = await self._rows(_ONE, run_id)
        if not rows:
            raise RunNotFound(f"no run has the id {run_id}")
        return _status(rows[0])

    async def list(
        self, workflow: str | None = None, states: Sequence[RunState] = (), limit: int = 100
    ) -> list[RunStatus]:
        """The newest runs first."""
        pattern = None if workflow is None else f"{_escaped(workflow)}@%"
        rows = await self._rows(_LIST, self._application, pattern, [str(state) for state in states], limit)
        return [_status(row) for row in rows]

    async def _send(self, run_id: str, message: Json, message_id: str) -> None:
        try:
            await self._value(_SIGNAL, run_id, json.dumps(message), INBOX_TOPIC, message_id)
        except (asyncpg.ForeignKeyViolationError, _NothingPrepared) as error:
            raise RunNotFound(f"no run has the id {run_id}") from error

    async def _value(self, query: str, *arguments: object) -> Any:
        async with _translated():
            return await self._pool.fetchval(query, *arguments)

    async def _rows(self, query: str, *arguments: object) -> "list[asyncpg.Record]":
        try:
            async with _translated():
                return await self._pool.fetch(query, *arguments)
        except _NothingPrepared:
            return []


@asynccontextmanager
async def open_runs(url: str, application: str) -> AsyncGenerator[DbosRuns]:
    """Start, signal and ask about runs of one application; connects when first used, with two connections at most."""
    async with asyncpg.create_pool(url, min_size=0, max_size=2, timeout=10, command_timeout=10) as pool:
        yield DbosRuns(pool, application)


@asynccontextmanager
async def _translated() -> AsyncGenerator[None]:
    try:
        yield
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError, asyncpg.UndefinedFunctionError) as error:
        raise _NothingPrepared("the database of the runs is empty; prepare it or start its worker first") from error
    except UNREACHABLE as error:
        raise Unavailable("the database of the runs does not answer or has no room; try again") from error


def _cancel_id(run_id: str) -> str:
    return f"cancel:{run_id}"


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _status(row: "asyncpg.Record") -> RunStatus:
    name, _, version = row["name"].rpartition("@")
    state, result, error = _end(row)
    ended = row["completed_at"] or row["updated_at"]
    return RunStatus(
        run_id=row["workflow_uuid"],
        workflow=name,
        version=int(version),
        state=state,
        progress=json.loads(row["progress"]) if row["progress"] else None,
        result=result,
        error=error,
        started_at=_moment(row["created_at"]),
        ended_at=_moment(ended) if state.ended else None,
    )


def _end(row: "asyncpg.Record") -> tuple[RunState, Json | None, RunError | None]:
    status = row["status"]
    if status == "SUCCESS":
        return end_of(json.loads(row["output"]))
    if status in _STATES:
        return _STATES[status], None, None
    return RunState.FAILED, None, RunError("internal", f"the engine gave the run up ({status}); see the worker's log")


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
