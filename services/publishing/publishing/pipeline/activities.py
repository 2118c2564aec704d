"""The phases' deeds as activities of a durable run: JSON in, JSON out, each written down in the run's phases."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass

from chassis.durable_runs.registry import RunRegistry
from chassis.errors import KIND_FACTS, ErrorKind, MarketplaceError
from publishing.lifecycle.actions import PublishVersion, WithdrawVersion
from publishing.lifecycle.rules import stop_because
from publishing.pipeline.actions import (
    AskApproval,
    CheckPublisher,
    CompleteRun,
    ObserveConsumers,
    ObserveIndex,
    TakeDecision,
    ValidateVersion,
)
from publishing.pipeline.ports import ApprovalAnswer, Approvals, PhaseLedger
from publishing.pipeline.publication_phases import (
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
    activity_of,
)
from publishing.pipeline.rules import Json, PhaseState
from publishing.pipeline.stopping import StopRun
from publishing.pipeline.workflow import PUBLICATION, STOP, PublicationWorkflow
from publishing.probes.actions import ProbeEndpoint

Deed = Callable[[Json], Awaitable[Json]]
NOT_CONFIGURED: Json = {"skipped": "not configured"}
_FROM_INDEXING = frozenset(PHASE_NAMES[PHASE_NAMES.index(INDEXING) :])


@dataclass(frozen=True)
class PipelineDeeds:
    """Everything that the phases call."""

    ledger: PhaseLedger
    check_publisher: CheckPublisher
    validate_version: ValidateVersion
    probe_endpoint: ProbeEndpoint
    ask_approval: AskApproval
    take_decision: TakeDecision
    approvals: Approvals
    publish_version: PublishVersion
    withdraw_version: WithdrawVersion
    stop_run: StopRun
    observe_index: ObserveIndex
    observe_consumers: ObserveConsumers
    complete_run: CompleteRun
    event_groups: Sequence[str]
    analytics_groups: Sequence[str]


def register(registry: RunRegistry, deeds: PipelineDeeds, workflow: PublicationWorkflow) -> None:
    """Put the publication and its activities into the registry of a worker."""
    registry.add_workflow(PUBLICATION, workflow)
    for name, deed in _deeds(deeds).items():
        registry.add_activity(name, deed)


def _deeds(deeds: PipelineDeeds) -> dict[str, Deed]:
    doing = _Doing(deeds)
    table: dict[str, Deed] = {
        activity_of(AUTHENTICATION): _whole(deeds.ledger, AUTHENTICATION, doing.authentication),
        activity_of(VALIDATION): _whole(deeds.ledger, VALIDATION, doing.validation),
        activity_of(POLICY_CHECK): _whole(deeds.ledger, POLICY_CHECK, doing.nothing),
        activity_of(REGISTRY_SYNC): _whole(deeds.ledger, REGISTRY_SYNC, doing.nothing),
        activity_of(TESTING): _whole(deeds.ledger, TESTING, doing.testing),
        activity_of(APPROVAL): _begun(deeds.ledger, APPROVAL, doing.asking),
        "approval.decision": _whole(deeds.ledger, APPROVAL, doing.deciding),
        activity_of(INDEXING): _begun(deeds.ledger, INDEXING, doing.publishing),
        "indexing.observe": _whole(deeds.ledger, INDEXING, doing.observing_index),
        activity_of(EVENTS): _whole(deeds.ledger, EVENTS, doing.observing(deeds.event_groups)),
        activity_of(ANALYTICS): _whole(deeds.ledger, ANALYTICS, doing.observing(deeds.analytics_groups)),
        activity_of(COMPLETION): _whole(deeds.ledger, COMPLETION, doing.completing),
        STOP: doing.stopping,
    }
    undoing = {INDEXING: doing.withdrawing, APPROVAL: doing.closing_approval}
    for phase in PHASE_NAMES:
        table[f"undo.{phase}"] = _undoing(deeds.ledger, phase, undoing.get(phase, doing.nothing))
    return table


class _Doing:
    def __init__(self, deeds: PipelineDeeds) -> None:
        self._deeds = deeds

    async def nothing(self, _run: Json) -> Json:
        return NOT_CONFIGURED

    async def authentication(self, run: Json) -> Json:
        return await self._deeds.check_publisher(run["version_id"])

    async def validation(self, run: Json) -> Json:
        return await self._deeds.validate_version(run["version_id"])

    async def testing(self, run: Json) -> Json:
        return await self._deeds.probe_endpoint(run["version_id"])

    async def asking(self, run: Json) -> Json:
        results = run["results"]
        evidence = {phase: results.get(phase, {}).get("report") for phase in (VALIDATION, TESTING)}
        return asdict(await self._deeds.ask_approval(run["version_id"], evidence))

    async def deciding(self, run: Json) -> Json:
        decision = ApprovalAnswer(**run["decision"]) if run["decision"] else None
        return await self._deeds.take_decision(run["version_id"], decision)

    async def closing_approval(self, run: Json) -> Json:
        await self._deeds.approvals.withdraw(run["version_id"], str(run["reason"]["message"])[:500])
        return {}

    async def publishing(self, run: Json) -> Json:
        return asdict(await self._deeds.publish_version(run["version_id"]))

    async def withdrawing(self, run: Json) -> Json:
        reason = run["reason"]
        phase = next((phase for phase in PHASE_NAMES if phase not in run["results"]), "")
        stop = stop_because(phase, reason["code"], reason["message"], ErrorKind.INTERNAL)
        await self._deeds.withdraw_version(run["version_id"], stop)
        return {}

    async def observing_index(self, run: Json) -> Json:
        return await self._deeds.observe_index(run["listing_id"], run["version_id"], run["published"]["revision"])

    def observing(self, groups: Sequence[str]) -> Deed:
        async def observe(run: Json) -> Json:
            return await self._deeds.observe_consumers(run["results"][INDEXING]["event_id"], groups)

        return observe

    async def completing(self, run: Json) -> Json:
        return await self._deeds.complete_run(run["version_id"])

    async def stopping(self, run: Json) -> Json:
        stop = stop_because(run["phase"], run["code"], run["message"], ErrorKind(run["kind"]))
        if stop.phase in _FROM_INDEXING:
            # Once more, for an undo that gave up: what a failed run published does not stay so.
            await self._deeds.withdraw_version(run["version_id"], stop)
        return {"state": await self._deeds.stop_run(run["version_id"], stop, run["details"])}


def _begun(ledger: PhaseLedger, phase: str, deed: Deed) -> Deed:
    async def run(argument: Json) -> Json:
        await ledger.begin(argument["run_id"], phase)
        try:
            return await deed(argument)
        except MarketplaceError as error:
            if not KIND_FACTS[error.kind].retryable:
                report = {"code": error.code, "message": error.message, **error.details}
                await ledger.end(argument["run_id"], phase, PhaseState.FAILED, report)
            raise

    return run


def _whole(ledger: PhaseLedger, phase: str, deed: Deed) -> Deed:
    """A deed that is its phase's last: what it answers is the phase's report."""
    begun = _begun(ledger, phase, deed)

    async def run(argument: Json) -> Json:
        report = await begun(argument)
        state = PhaseState.SKIPPED if "skipped" in report else PhaseState.PASSED
        await ledger.end(argument["run_id"], phase, state, report)
        return report if "skipped" in report else {"report": report}

    return run


def _undoing(ledger: PhaseLedger, phase: str, deed: Deed) -> Deed:
    async def run(argument: Json) -> Json:
        await deed(argument)
        await ledger.undone(argument["run_id"], phase)
        return {}

    return run
