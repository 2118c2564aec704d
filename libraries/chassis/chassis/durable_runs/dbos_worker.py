"""The worker that runs workflows on DBOS. Imports DBOS: only a worker's compose loads this module.

When PostgreSQL is away the runs wait and go on; what cannot be mended inside the process resolves `lost`, and the
supervisor must then end the process and start it again. Nothing is recorded in between, so the next worker continues.
"""

import asyncio
import contextvars
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, NoReturn

import asyncpg
from dbos import (
    DBOS,
    DBOSConfig,
    DBOSPortableJSONSerializer,
    SetWorkflowID,
)
from dbos import (
    error as dbos_error,
)

from chassis.durable_runs.dbos_engine import open_engine
from chassis.durable_runs.dbos_runs import DbosRuns
from chassis.durable_runs.dbos_steps import DbosSteps
from chassis.durable_runs.dbos_wakeup import keep_waking
from chassis.durable_runs.errors import RunIdTaken, UnknownWorkflow, WorkerLost
from chassis.durable_runs.executor_lock import executor_lock
from chassis.durable_runs.outcomes import failed_inside, run_to_end
from chassis.durable_runs.port import Json, Workflow, WorkflowRef
from chassis.durable_runs.registry import RunRegistry
from chassis.ending_tasks import end_tasks

# The time steps get to end when the worker stops; what does not end is run again by the next worker.
GRACE_SECONDS = 5.0

# DBOS gives a run up after so many recoveries; a run may wait for weeks while its worker restarts every day.
RECOVERIES = 1000

_PENDING = """
SELECT DISTINCT name FROM dbos.workflow_status
WHERE status IN ('PENDING', 'ENQUEUED', 'DELAYED') AND application_name = $1
"""

_log = logging.getLogger(__name__)

RunFunction = Callable[[Json], Awaitable[Json]]


@dataclass(frozen=True)
class DbosWorkerSettings:
    """`url`: a database of its own; `application`: 3 or more of a-z, 0-9, - and _; `executor_id`: stable over restarts
    and unique among live workers; `build`: the same for every worker that may take over this one's runs;
    `connections`: DBOS's pool, of which it keeps one for its own rounds. Three or four more are opened beside it.
    """

    url: str
    application: str
    executor_id: str
    build: str = "1"
    connections: int = 4


class ServedDbosRuns(DbosRuns):
    """DurableRuns in the worker's own process: a start is taken up at once, in this process.

    `lost` resolves with the error when the worker cannot go on.
    """

    def __init__(self, pool: "asyncpg.Pool[Any]", application: str, lost: "asyncio.Future[Exception]") -> None:
        super().__init__(pool, application)
        self.lost = lost
        self.functions: dict[str, RunFunction] = {}

    async def start(self, workflow: WorkflowRef, run_id: str, argument: Json) -> None:
        """Start once by id, here if this worker knows the workflow."""
        function = self.functions.get(str(workflow))
        if function is None:
            await super().start(workflow, run_id, argument)
            return
        # A context of its own: started from inside a step it would become that run's child.
        await asyncio.create_task(self._start_here(function, run_id, argument), context=contextvars.Context())

    async def _start_here(self, function: Any, run_id: str, argument: Json) -> None:
        try:
            with SetWorkflowID(run_id):
                await DBOS.start_workflow_async(function, argument)
        except dbos_error.DBOSConflictingWorkflowError as error:
            raise RunIdTaken(f"run {run_id} belongs to another workflow; give this run an id of its own") from error


class _Worker:
    def __init__(self, registry: RunRegistry, runs: ServedDbosRuns) -> None:
        self.registry = registry
        self._runs = runs
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._working = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._stopping = False

    def function(self, ref: str, workflow: Workflow) -> RunFunction:
        """The DBOS workflow of one of ours."""

        async def run(argument: Json) -> Json:
            return await self._run(workflow, argument)

        return DBOS.workflow(name=ref, max_recovery_attempts=RECOVERIES)(run)

    async def cancel_asked(self, run_id: str) -> bool:
        """Whether somebody asked the run to stop."""
        return await self._runs.cancel_asked(run_id)

    async def admit(self) -> None:
        """Returns at once, or never when the worker is stopping."""
        if self._stopping:
            await self._loop.create_future()

    @asynccontextmanager
    async def step(self) -> AsyncGenerator[None]:
        """Counts what is under way."""
        await self.admit()
        self._working += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._working -= 1
            if not self._working:
                self._idle.set()

    async def lose(self, error: Exception) -> NoReturn:
        """Resolve `lost` and leave the run to the next worker."""
        self.mark_lost(error)
        await self._loop.create_future()
        raise error

    def mark_lost(self, error: Exception) -> None:
        """Resolve `lost`, once."""
        if not self._runs.lost.done():
            _log.error("the worker of the runs is lost: %s", error)
            self._runs.lost.set_result(error)

    async def stop(self) -> None:
        """Let the steps under way end, then leave every run where it is."""
        self._stopping = True
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), GRACE_SECONDS)
        await end_tasks(self._tasks)

    async def _run(self, workflow: Workflow, argument: Json) -> Json:
        if asyncio.get_running_loop() is not self._loop:
            await self.lose(WorkerLost("DBOS ran a workflow on another event loop than the worker's"))
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        run_id = str(DBOS.workflow_id)
        try:
            return await run_to_end(workflow, DbosSteps(self, run_id), argument)
        except Exception:
            _log.exception("the workflow of run %s broke", run_id)
            return failed_inside()


def prepare_database(url: str) -> None:
    """Create or migrate the tables of the runs; blocks, safe to repeat, done by `serve` too."""
    _quiet()
    DBOS.migrate(url)


@asynccontextmanager
async def serve(registry: RunRegistry, settings: DbosWorkerSettings) -> AsyncGenerator[ServedDbosRuns]:
    """Run workflows on the present event loop, those left by an earlier process of this executor id first.

    Once per process. Raises ExecutorIdInUse, and UnknownWorkflow when runs wait for a workflow this build lacks.
    """
    await asyncio.to_thread(prepare_database, settings.url)
    loop = asyncio.get_running_loop()
    async with asyncpg.create_pool(settings.url, min_size=0, max_size=2, timeout=10, command_timeout=10) as pool:
        runs = ServedDbosRuns(pool, settings.application, loop.create_future())
        worker = _Worker(registry, runs)
        await _refuse_unknown(pool, registry, settings.application)
        lock_name = f"{settings.application}/{settings.executor_id}"
        async with executor_lock(settings.url, lock_name, worker.mark_lost), _launched(settings):
            runs.functions = {ref: worker.function(ref, workflow) for ref, workflow in registry.workflows.items()}
            DBOS.launch()
            waking = asyncio.create_task(keep_waking(pool))
            try:
                yield runs
            finally:
                await end_tasks([waking])
                # DBOS warns of each run it sees cancelled, which is what stopping means.
                logging.getLogger("dbos").setLevel(logging.ERROR)
                await worker.stop()


@asynccontextmanager
async def _launched(settings: DbosWorkerSettings) -> AsyncGenerator[None]:
    engine = open_engine(settings.url, settings.connections)
    DBOS(
        config=DBOSConfig(
            name=settings.application,
            system_database_url=settings.url,
            system_database_engine=engine,
            executor_id=settings.executor_id,
            application_version=settings.build,
            serializer=DBOSPortableJSONSerializer(),
            log_level="WARNING",
            enable_otlp=False,
            max_executor_threads=16,
            # Both wake for features that no run uses.
            scheduler_polling_interval_sec=3600.0,
            notification_coalesce_sec=1.0,
        )
    )
    try:
        yield
    finally:
        with ThreadPoolExecutor(1) as thread:
            await asyncio.get_running_loop().run_in_executor(thread, _destroy)
        engine.dispose()
        # DBOS made its own pool the loop's default and has just closed it.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())


def _destroy() -> None:
    DBOS.destroy(destroy_registry=True)


def _quiet() -> None:
    """Give DBOS's logger a handler, so that it adds no console of its own and speaks through the root logger."""
    logger = logging.getLogger("dbos")
    logger.setLevel(logging.WARNING)
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


async def _refuse_unknown(pool: "asyncpg.Pool[Any]", registry: RunRegistry, application: str) -> None:
    rows = await pool.fetch(_PENDING, application)
    missing = sorted({row["name"] for row in rows} - set(registry.workflows))
    if missing:
        raise UnknownWorkflow(
            f"runs of {', '.join(missing)} have not ended and this build cannot continue them; "
            "register these workflows until their last run has ended"
        )
