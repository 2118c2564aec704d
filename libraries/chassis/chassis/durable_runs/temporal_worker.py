"""The worker that runs workflows on Temporal. Only a worker's compose loads this module.

While Temporal is away the worker waits and goes on by itself; what it cannot mend resolves `lost`.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from chassis.durable_runs.errors import UnknownWorkflow
from chassis.durable_runs.registry import RunRegistry
from chassis.durable_runs.temporal_activity import performer
from chassis.durable_runs.temporal_address import TemporalAddress
from chassis.durable_runs.temporal_client import connect
from chassis.durable_runs.temporal_runs import TemporalRuns
from chassis.durable_runs.temporal_workflow import Build, GenericWorkflow
from chassis.ending_tasks import end_tasks
from chassis.errors import Unavailable

GRACE_SECONDS = 5.0
PATIENCE_SECONDS = 30.0
# A run's next task is offered for so long to the worker that remembers it, before any other gets it.
_STICKY = timedelta(seconds=2)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TemporalWorkerSettings:
    """`application` is the task queue; `identity` is shown in Temporal; `takeover`: the silence after which a worker's
    step is given to another, longer than any pause a living worker makes.
    """

    address: TemporalAddress
    application: str
    identity: str
    takeover: timedelta


class ServedTemporalRuns(TemporalRuns):
    """DurableRuns in the worker's own process. `lost` resolves with the error when the worker cannot go on."""

    def __init__(self, client: Client, application: str, lost: "asyncio.Future[Exception]") -> None:
        super().__init__(client, application)
        self.lost = lost


@asynccontextmanager
async def serve(registry: RunRegistry, settings: TemporalWorkerSettings) -> AsyncGenerator[ServedTemporalRuns]:
    """Run workflows and their steps. Several workers may serve one application; each task goes to one of them.

    Raises UnknownWorkflow when runs wait for a workflow that this build lacks, Unavailable when Temporal stays away.
    """
    client = await _connect_patiently(settings)
    runs = ServedTemporalRuns(client, settings.application, asyncio.get_running_loop().create_future())
    pending = await runs.pending()
    _refuse_unknown(pending.values(), registry)

    async def lose(error: BaseException) -> None:
        _log.error("the worker of the runs is lost: %s", error)
        if not runs.lost.done():
            runs.lost.set_result(error if isinstance(error, Exception) else Unavailable(str(error)))

    async with Worker(
        client,
        task_queue=settings.application,
        workflows=[GenericWorkflow],
        interceptors=[Build(registry, settings.takeover)],
        activities=[performer(registry)],
        workflow_runner=UnsandboxedWorkflowRunner(),
        workflow_failure_exception_types=[workflow.NondeterminismError],
        sticky_queue_schedule_to_start_timeout=_STICKY,
        max_heartbeat_throttle_interval=timedelta(seconds=1),
        graceful_shutdown_timeout=timedelta(seconds=GRACE_SECONDS),
        on_fatal_error=lose,
    ):
        taking_over = asyncio.create_task(_take_over(runs, pending))
        yield runs
        await end_tasks([taking_over])


async def _take_over(runs: TemporalRuns, run_ids: Iterable[str]) -> None:
    try:
        await runs.take_over(run_ids)
    except Unavailable as error:
        # Nothing is lost: a run is looked at when its present step ends.
        _log.warning("not every pending run was looked at: %s", error)


async def _connect_patiently(settings: TemporalWorkerSettings) -> Client:
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while True:
        try:
            return await connect(settings.address, settings.identity, lazy=False)
        except Unavailable:
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(0.5)


def _refuse_unknown(pending: Iterable[str], registry: RunRegistry) -> None:
    missing = sorted(set(pending) - set(registry.workflows))
    if missing:
        raise UnknownWorkflow(
            f"runs of {', '.join(missing)} have not ended and this build cannot continue them; "
            "register these workflows until their last run has ended"
        )
