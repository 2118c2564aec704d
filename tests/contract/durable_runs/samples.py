"""Workflows and activities that every engine runs in the contract; their effects lie in a folder, outside the engine.

`Effects` outlives a killed worker: `note` appends one line, a gate is a file somebody else creates.
"""

import asyncio
import json
import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

from chassis.durable_runs.errors import RunCancelled, StepFailed
from chassis.durable_runs.phases import Phase, run_phases
from chassis.durable_runs.port import Json, StepCall, Steps, WorkflowRef
from chassis.durable_runs.registry import RunRegistry
from chassis.durable_runs.retry import Retry
from chassis.errors import InvalidInput, Unavailable

IN_ORDER = WorkflowRef("in-order", 1)
WAITS = WorkflowRef("waits", 1)
SLEEPS = WorkflowRef("sleeps", 1)
FAILS = WorkflowRef("fails", 1)
UNDOES = WorkflowRef("undoes", 1)
WAVES = WorkflowRef("waves", 1)
PHASED = WorkflowRef("phased", 1)

FAST = Retry(attempts=4, first_delay=timedelta(milliseconds=20), longest_delay=timedelta(milliseconds=80))
A_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Effects:
    """What activities did, line by line, and the gates that hold them."""

    folder: Path

    def note(self, what: str, **more: Any) -> None:
        """Append one line in one write."""
        line = json.dumps({"what": what, "pid": os.getpid(), "at": monotonic(), **more}) + "\n"
        descriptor = os.open(self.folder / "effects", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, line.encode())
        os.close(descriptor)

    def notes(self, what: str | None = None) -> list[Json]:
        """The lines so far, of one kind if given."""
        path = self.folder / "effects"
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [line for line in lines if what in {None, line["what"]}]

    def order(self) -> list[str]:
        """What was done, in order."""
        return [line["what"] for line in self.notes()]

    def open(self, gate: str) -> None:
        """Let those who wait at the gate through."""
        (self.folder / f"gate-{gate}").touch()

    async def wait_at(self, gate: str) -> None:
        """Wait until somebody opens the gate."""
        while not (self.folder / f"gate-{gate}").exists():  # noqa: ASYNC110 - another process opens it
            await asyncio.sleep(0.01)


@dataclass(frozen=True)
class Activities:
    """What the sample workflows do."""

    effects: Effects
    loop: asyncio.AbstractEventLoop

    async def work(self, argument: Json) -> Json:
        """Note the name and, if told to, wait at a gate first or fail afterwards."""
        name = argument["name"]
        if argument.get("gate"):
            self.effects.note(f"{name} reached")
            await self.effects.wait_at(argument["gate"])
        self.effects.note(name, home=asyncio.get_running_loop() is self.loop)
        if argument.get("fails"):
            raise InvalidInput(f"{name} cannot be done", pointer="/name")
        return {"did": name}

    async def stumble(self, argument: Json) -> Json:
        """Fail so many times in a way that may pass."""
        self.effects.note(argument["name"])
        if len(self.effects.notes(argument["name"])) <= argument["failures"]:
            raise Unavailable("not yet")
        return {}

    async def dawdle(self, argument: Json) -> Json:
        """Hang the first time."""
        self.effects.note("dawdle")
        if len(self.effects.notes("dawdle")) == 1:
            await asyncio.sleep(60)
        return {}

    async def branch(self, argument: Json) -> Json:
        """End sooner or later by place; the other way round when the worker is another one."""
        place, branches = argument["place"], argument["branches"]
        again = bool(self.effects.notes("killed"))
        await asyncio.sleep(0.03 * (branches - place if again else place + 1))
        if not again and place >= branches // 2:
            self.effects.note("half")
            await self.effects.wait_at("never")
        self.effects.note(f"branch {place}")
        return {"place": place}


async def in_order(steps: Steps, argument: Json) -> Json:
    """Steps one after the other, named by the argument; `gate` holds one of them."""
    results: Json = {}
    for name in argument["names"]:
        gate = name if name == argument.get("gate") else None
        results[name] = await steps.call(name, "work", {"name": name, "gate": gate})
        await steps.report({"done": list(results)})
    return {"results": results, "run_id": steps.run_id}


async def in_other_order(steps: Steps, argument: Json) -> Json:
    """The same steps the other way round: what a changed build might do to a run under way."""
    return await in_order(steps, argument | {"names": list(reversed(argument["names"]))})


async def waits(steps: Steps, argument: Json) -> Json:
    """Wait for signals by name, in this order."""
    got: list[Any] = []
    wait = timedelta(seconds=argument.get("seconds", 60))
    for name in argument["names"]:
        got.append(await steps.wait_signal(name, wait))
        await steps.report({"got": got})
    if argument.get("gate"):
        await steps.call("after", "work", {"name": "after", "gate": argument["gate"]})
    return {"got": got}


async def sleeps(steps: Steps, argument: Json) -> Json:
    """Sleep between two times."""
    before = await steps.now()
    await steps.call("before", "work", {"name": "before"})
    await steps.report({"sleeping": True})
    await steps.sleep(timedelta(seconds=argument["seconds"]))
    after = await steps.now()
    await steps.call("after", "work", {"name": "after"})
    return {"slept": (after - before).total_seconds()}


async def fails(steps: Steps, argument: Json) -> Json:
    """Call one activity under the fast policy."""
    timeout = timedelta(seconds=argument.get("timeout", 30))
    activity, name = argument["activity"], argument.get("name", "try")
    return await steps.call("only", activity, argument | {"name": name}, timeout=timeout, retry=FAST)


async def undoes(steps: Steps, argument: Json) -> Json:
    """Do something, wait, and undo it when cancelled meanwhile."""
    await steps.call("do", "work", {"name": "do"})
    if argument.get("committed"):
        steps.ignore_cancel()
    try:
        if argument["in"] == "activity":
            await steps.call("long", "work", {"name": "long", "gate": "long"}, timeout=A_MINUTE)
        elif argument["in"] == "sleep":
            await steps.report({"sleeping": True})
            await steps.sleep(A_MINUTE)
        else:
            await steps.report({"waiting": True})
            await steps.wait_signal("go", A_MINUTE)
    except RunCancelled:
        await steps.call("undo", "work", {"name": "undo"})
        raise
    return {}


async def waves(steps: Steps, argument: Json) -> Json:
    """One wave and one step after it."""
    branches = argument["branches"]
    calls = [StepCall(f"branch-{n}", "branch", {"place": n, "branches": branches}) for n in range(branches)]
    results = await steps.wave(calls)
    await steps.call("after", "work", {"name": "after"})
    return {"places": [result["place"] for result in results]}


async def _ask(steps: Steps, argument: Json) -> Json:
    answer = await steps.wait_signal("answer", A_MINUTE)
    if answer is None or not answer["yes"]:
        raise StepFailed("refused", "somebody said no")
    return {"report": {"by": answer["by"]}}


async def _nothing(steps: Steps, argument: Json) -> Json:
    return {"skipped": "not configured"}


async def phased(steps: Steps, argument: Json) -> Json:
    """Four phases; the third waits for an answer."""
    table = [
        Phase("one", do="phase-one", undo="undo-one"),
        Phase("two", do=_nothing),
        Phase("three", do=_ask, undo="undo-three"),
        Phase("four", do="phase-four", undo="undo-four", retry=FAST),
    ]
    return await run_phases(steps, table, argument)


def sample_registry(folder: Path, variant: str = "first") -> RunRegistry:
    """Everything above; variant `changed` has the steps of one workflow in another order."""
    effects = Effects(folder)
    activities = Activities(effects, asyncio.get_running_loop())
    registry = RunRegistry()
    registry.add_workflow(IN_ORDER, in_other_order if variant == "changed" else in_order)
    for ref, workflow in ((WAITS, waits), (SLEEPS, sleeps), (FAILS, fails), (UNDOES, undoes), (WAVES, waves)):
        registry.add_workflow(ref, workflow)
    registry.add_workflow(PHASED, phased)
    for name in ("work", "stumble", "dawdle", "branch"):
        registry.add_activity(name, getattr(activities, name))
    for name in ("phase-one", "undo-one", "undo-three", "phase-four", "undo-four"):
        registry.add_activity(name, _phase_activity(activities, name))
    return registry


def _phase_activity(activities: Activities, name: str) -> Any:
    async def act(argument: Json) -> Json:
        told = argument.get(name, {})
        return await activities.work({"name": name, **told}) | {"seen": sorted(argument["results"])}

    return act
