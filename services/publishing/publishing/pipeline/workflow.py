"""A publication as a durable run: ten phases in a table, and the end of a version that a phase stopped."""

from dataclasses import dataclass
from datetime import timedelta

from chassis.durable_runs.errors import RunCancelled, StepFailed
from chassis.durable_runs.phases import UNDO_RETRY, Phase, run_phases
from chassis.durable_runs.port import Json, Steps, WorkflowRef
from chassis.durable_runs.retry import Retry
from chassis.errors import ErrorKind
from publishing.pipeline.rules import (
    ANALYTICS,
    APPROVAL,
    AUTHENTICATION,
    COMPLETION,
    EVENTS,
    INDEXING,
    PHASE_NAMES,
    POLICY_CHECK,
    REGISTRY_SYNC,
    TESTING,
    VALIDATION,
    phase_of_key,
)

PUBLICATION = WorkflowRef("publishing.publication", 1)
ACTIVITIES = {name: f"do.{name}" for name in PHASE_NAMES}
STOP = "publication.stop"
APPROVAL_SIGNAL = "approval.decided"

# A service or a database that restarts is waited for, about ten minutes in all.
PATIENT = Retry(attempts=40)
# Each attempt of an observation polls by itself for ten seconds and more.
WATCHFUL = Retry(attempts=12)


@dataclass(frozen=True)
class PublicationWorkflow:
    """The run; its id is the version's. `approval_timeout` is how long an approver may take."""

    approval_timeout: timedelta

    async def __call__(self, steps: Steps, argument: Json) -> Json:
        """`{"published": {revision, event_id}}`. Raises what stopped it, after everything is undone."""
        try:
            results = await run_phases(steps, self.phases(), argument)
        except (StepFailed, RunCancelled) as stop:
            await steps.call(STOP, STOP, argument | _told(stop) | {"run_id": steps.run_id}, retry=UNDO_RETRY)
            raise
        return {"published": results[INDEXING]}

    def phases(self) -> list[Phase]:
        """Name, do, undo, time-out, retry; read from top to bottom."""
        return [
            _phase(AUTHENTICATION, seconds=10, retry=PATIENT),
            _phase(VALIDATION, seconds=90, retry=PATIENT),
            _phase(POLICY_CHECK, seconds=10, retry=PATIENT),
            _phase(REGISTRY_SYNC, seconds=10, retry=PATIENT),
            _phase(TESTING, seconds=180, retry=PATIENT),
            Phase(APPROVAL, self._approval, f"undo.{APPROVAL}", timedelta(seconds=10), PATIENT),
            Phase(INDEXING, _indexing, f"undo.{INDEXING}", timedelta(seconds=10), PATIENT),
            _phase(EVENTS, seconds=60, retry=WATCHFUL),
            _phase(ANALYTICS, seconds=60, retry=WATCHFUL),
            _phase(COMPLETION, seconds=10, retry=PATIENT),
        ]

    async def _approval(self, steps: Steps, argument: Json) -> Json:
        answer = await steps.call("approval:ask", ACTIVITIES[APPROVAL], argument, retry=PATIENT)
        decision: Json | None = answer
        if answer["state"] == "pending":
            decision = await steps.wait_signal(APPROVAL_SIGNAL, self.approval_timeout)
        return await steps.call(
            "approval:decision", "approval.decision", argument | {"decision": decision}, retry=PATIENT
        )


def _phase(name: str, *, seconds: int, retry: Retry) -> Phase:
    return Phase(name, ACTIVITIES[name], f"undo.{name}", timedelta(seconds=seconds), retry)


async def _indexing(steps: Steps, argument: Json) -> Json:
    published = await steps.call("indexing:publish", ACTIVITIES[INDEXING], argument, retry=PATIENT)
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
