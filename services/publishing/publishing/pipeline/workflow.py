"""A publication as a durable run over its phases (publication_phases.py), and the end of a version that one stopped."""

from dataclasses import dataclass
from datetime import timedelta

from chassis.durable_runs.errors import RunCancelled, StepFailed
from chassis.durable_runs.phases import UNDO_RETRY, run_phases
from chassis.durable_runs.port import Json, Steps, WorkflowRef
from chassis.errors import ErrorKind
from publishing.pipeline.publication_phases import (
    APPROVAL,
    INDEXING,
    PATIENT,
    WATCHFUL,
    activity_of,
    publication_phases,
)
from publishing.pipeline.rules import phase_of_key

PUBLICATION = WorkflowRef("publishing.publication", 1)
STOP = "publication.stop"
APPROVAL_SIGNAL = "approval.decided"


@dataclass(frozen=True)
class PublicationWorkflow:
    """The run; its id is the version's. The times are how long an approver and all calls of a test may take."""

    approval_timeout: timedelta
    testing_time: timedelta

    async def __call__(self, steps: Steps, argument: Json) -> Json:
        """`{"published": {revision, event_id}}`. Raises what stopped it, after everything is undone."""
        try:
            phases = publication_phases(self._approval, _indexing, self.testing_time)
            results = await run_phases(steps, phases, argument)
        except (StepFailed, RunCancelled) as stop:
            await steps.call(STOP, STOP, argument | _told(stop) | {"run_id": steps.run_id}, retry=UNDO_RETRY)
            raise
        return {"published": results[INDEXING]}

    async def _approval(self, steps: Steps, argument: Json) -> Json:
        answer = await steps.call("approval:ask", activity_of(APPROVAL), argument, retry=PATIENT)
        decision: Json | None = answer
        if answer["state"] == "pending":
            decision = await steps.wait_signal(APPROVAL_SIGNAL, self.approval_timeout)
        return await steps.call(
            "approval:decision", "approval.decision", argument | {"decision": decision}, retry=PATIENT
        )


async def _indexing(steps: Steps, argument: Json) -> Json:
    published = await steps.call("indexing:publish", activity_of(INDEXING), argument, retry=PATIENT)
    observed = await steps.call(
        "indexing:observe",
        "indexing.observe",
        argument | {"published": published},
        timeout=timedelta(seconds=60),
        retry=WATCHFUL,
    )
    return published | observed


def _told(stop: StepFailed | RunCancelled) -> Json:
    if isinstance(stop, RunCancelled):
        return {
            "phase": "",
            "code": stop.code,
            "message": "The run was cancelled.",
            "kind": ErrorKind.CONFLICT,
            "details": {},
        }
    return {
        "phase": phase_of_key(stop.key),
        "code": stop.cause_code,
        "message": stop.message,
        "kind": stop.cause_kind,
        "details": stop.details,
    }
