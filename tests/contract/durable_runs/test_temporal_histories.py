"""Histories of earlier builds replayed on this one, without a server; planted changes must be caught."""

from datetime import timedelta
from pathlib import Path

import pytest
from contract.durable_runs.recording import HISTORIES
from contract.durable_runs.samples import (
    IN_ORDER,
    PHASED,
    UNDOES,
    WAITS,
    WAVES,
    Effects,
    in_other_order,
    sample_registry,
)
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner
from temporalio.workflow import NondeterminismError

from chassis.durable_runs.port import Json, Steps, Workflow, WorkflowRef
from chassis.durable_runs.registry import RunRegistry
from chassis.durable_runs.temporal_workflow import Build, GenericWorkflow

TAKEOVER = timedelta(seconds=10)
STORED = sorted(path.stem for path in HISTORIES.glob("*.json"))


async def _replay(name: str, registry: RunRegistry) -> None:
    history = WorkflowHistory.from_json(f"contract/{name}", (HISTORIES / f"{name}.json").read_text())
    replayer = Replayer(
        workflows=[GenericWorkflow],
        interceptors=[Build(registry, TAKEOVER)],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    await replayer.replay_workflow(history)


def test_each_kind_of_step_has_a_stored_history() -> None:
    assert STORED == ["cancelled", "in-order", "phased", "waits", "waves"]


@pytest.mark.parametrize("name", STORED)
async def test_this_build_continues_what_an_earlier_one_began(name: str, tmp_path: Path) -> None:
    await _replay(name, sample_registry(tmp_path))
    assert Effects(tmp_path).notes() == [], "a replay does no step again"


async def _one_step_less(steps: Steps, argument: Json) -> Json:
    await steps.call("a", "work", {"name": "a"})
    return {}


async def _one_by_one(steps: Steps, argument: Json) -> Json:
    for place in reversed(range(argument["branches"])):
        await steps.call(f"branch-{place}", "branch", {"place": place, "branches": argument["branches"]})
    return {}


async def _asks_instead_of_waiting(steps: Steps, argument: Json) -> Json:
    return await steps.call("ask", "work", {"name": "ask"})


async def _sleeps_instead_of_doing(steps: Steps, argument: Json) -> Json:
    await steps.sleep(TAKEOVER)
    return {}


@pytest.mark.parametrize(
    ("name", "ref", "changed"),
    [
        ("in-order", IN_ORDER, in_other_order),
        ("in-order", IN_ORDER, _one_step_less),
        ("waves", WAVES, _one_by_one),
        ("waits", WAITS, _asks_instead_of_waiting),
        ("phased", PHASED, _sleeps_instead_of_doing),
        ("cancelled", UNDOES, _sleeps_instead_of_doing),
    ],
)
async def test_a_planted_change_is_caught(name: str, ref: WorkflowRef, changed: Workflow, tmp_path: Path) -> None:
    registry = sample_registry(tmp_path)
    registry.workflows[str(ref)] = changed
    with pytest.raises(NondeterminismError):
        await _replay(name, registry)
    assert Effects(tmp_path).notes() == []
