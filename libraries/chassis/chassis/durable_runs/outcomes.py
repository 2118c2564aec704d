"""How a step's and a run's end are written down: small JSON objects, the same in every engine."""

import json
from collections.abc import Iterable
from typing import Any

from chassis.durable_runs.errors import RunCancelled, StepFailed
from chassis.durable_runs.port import Json, Steps, Workflow
from chassis.durable_runs.status import RunError, RunState
from chassis.errors import ErrorKind, MarketplaceError

CANCELLED: Json = {"cancelled": True}


def step_done(result: Json) -> Json:
    """The record of a step that gave a result."""
    return {"result": result}


def step_failed(error: MarketplaceError) -> Json:
    """The record of a step that failed for good."""
    kind = error.cause_kind if isinstance(error, StepFailed) else error.kind
    code = error.cause_code if isinstance(error, StepFailed) else error.code
    return {"failed": {"code": code, "kind": kind, "message": error.message, "details": _plain(error.details)}}


def unwrap(key: str, outcome: Json) -> Json:
    """The result in a step's record, or the error it stands for."""
    if "result" in outcome:
        return outcome["result"]
    if "failed" in outcome:
        failed = outcome["failed"]
        error = StepFailed(failed["code"], failed["message"], key=key, kind=ErrorKind(failed["kind"]))
        error.details = failed["details"]
        raise error
    raise RunCancelled("the run was cancelled")


def unwrap_all(keys: Iterable[str], outcomes: Iterable[Json]) -> list[Json]:
    """The results of a wave in its order; the first error of that order if there is one."""
    return [unwrap(key, outcome) for key, outcome in zip(keys, outcomes, strict=True)]


async def run_to_end(workflow: Workflow, steps: Steps, argument: Json) -> Json:
    """Run a workflow and write down its end; an error without a name passes through."""
    try:
        result = await workflow(steps, argument)
    except RunCancelled:
        return {"state": RunState.CANCELLED}
    except StepFailed as error:
        return _failed(error.cause_code, error, step=error.key)
    except MarketplaceError as error:
        return _failed(error.code, error)
    return {"state": RunState.SUCCEEDED, "result": result}


def failed_inside() -> Json:
    """The end of a run whose workflow broke; the cause is in the worker's log, not in the answer."""
    return {
        "state": RunState.FAILED,
        "error": {"code": "internal", "message": "the workflow broke; see the worker's log", "step": "", "details": {}},
    }


def end_of(record: Json) -> tuple[RunState, Json | None, RunError | None]:
    """State, result and error of a run's written end."""
    error = record.get("error")
    return RunState(record["state"]), record.get("result"), RunError(**error) if error else None


def _failed(code: str, error: MarketplaceError, step: str = "") -> Json:
    return {
        "state": RunState.FAILED,
        "error": {"code": code, "message": error.message, "step": step, "details": _plain(error.details)},
    }


def _plain(details: dict[str, object]) -> dict[str, Any]:
    return json.loads(json.dumps(details, default=str))
