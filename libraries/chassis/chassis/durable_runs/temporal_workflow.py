"""The one workflow class on Temporal: runs whatever coroutine is registered for the type that was started."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError
from temporalio.worker import Interceptor, WorkflowInboundInterceptor, WorkflowInterceptorClassInput

from chassis.durable_runs.outcomes import failed_inside, run_to_end
from chassis.durable_runs.port import Json
from chassis.durable_runs.registry import RunRegistry
from chassis.durable_runs.status import RunState
from chassis.durable_runs.temporal_runs import MEMO_BEGUN, MEMO_END, MESSAGE_SIGNAL, TAKEN_OVER_SIGNAL
from chassis.durable_runs.temporal_steps import Mailbox, TemporalSteps

_BUILD = "marketplace_build"


@dataclass(frozen=True)
class Build(Interceptor):
    """What this worker brings to the workflow class, which Temporal makes by itself for each run.

    `takeover` is how long a worker may be silent before another takes its step.
    """

    registry: RunRegistry
    takeover: timedelta

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002 -- Temporal's name
    ) -> type[WorkflowInboundInterceptor] | None:
        """Only hands itself in."""
        brought = cast("dict[str, Any]", input.unsafe_extern_functions)  # pyright: ignore[reportUnknownMemberType]
        brought[_BUILD] = lambda: self
        return None


@workflow.defn(dynamic=True, sandboxed=False)
class GenericWorkflow:
    """One run."""

    def __init__(self) -> None:
        self._mailbox = Mailbox()

    @workflow.signal(name=MESSAGE_SIGNAL)
    def message(self, message: dict[str, Any]) -> None:
        """A signal or the wish to cancel."""
        self._mailbox.put(message)

    @workflow.signal(name=TAKEN_OVER_SIGNAL)
    def taken_over(self) -> None:
        """A worker began its life; that it was told is enough to have the history replayed."""

    @workflow.run
    async def run(self, arguments: Sequence[RawValue]) -> Any:
        """The coroutine's end as our record; a run that did not succeed fails in Temporal too."""
        brought = cast("dict[str, Any]", workflow.extern_functions())  # pyright: ignore[reportUnknownMemberType]
        build: Build = brought[_BUILD]()
        coroutine = build.registry.workflow(workflow.info().workflow_type)
        run_id = workflow.info().workflow_id.partition("/")[2]
        argument: Json = workflow.payload_converter().from_payload(arguments[0].payload, dict[str, Any])
        workflow.upsert_memo({MEMO_BEGUN: True})
        try:
            end = await run_to_end(coroutine, TemporalSteps(run_id, self._mailbox, build.takeover), argument)
        except workflow.NondeterminismError:
            raise
        except Exception:
            workflow.logger.exception("the workflow of run %s broke", run_id)
            end = failed_inside()
        workflow.upsert_memo({MEMO_END: end})
        if end["state"] == RunState.SUCCEEDED:
            return end
        raise ApplicationError(f"the run {end['state']}", end, type=str(end["state"]), non_retryable=True)
