"""Cuts a failing plan down to the calls and faults without which it does not fail."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from simulation.plan import Plan, PlannedCall, PlannedFault
from simulation.seams import Seams
from simulation.simulation_run import failure_of, run_plan
from simulation.violation import Violation

_MOST_RUNS = 150
_TAIL = 60
Event = TypeVar("Event", PlannedCall, PlannedFault)


class Shrinker:
    """Leaves events out, halves first and then one by one, as long as the same invariant breaks."""

    def __init__(self, plan: Plan, seams: Seams, invariant: str, most_runs: int = _MOST_RUNS) -> None:
        self.plan = plan
        self._seams = seams
        self._invariant = invariant
        self._left = most_runs

    def shrunk(self) -> Plan:
        """The smallest plan that was found."""
        while True:
            before = len(self.plan.calls) + len(self.plan.faults)
            self.plan = replace(self.plan, faults=self._fewer_faults(self.plan.faults))
            self.plan = replace(self.plan, calls=self._fewer_calls(self.plan.calls))
            if self._left <= 0 or len(self.plan.calls) + len(self.plan.faults) == before:
                return self.plan

    def _fewer_faults(self, faults: tuple[PlannedFault, ...]) -> tuple[PlannedFault, ...]:
        return self._fewer(faults, lambda some: replace(self.plan, faults=some))

    def _fewer_calls(self, calls: tuple[PlannedCall, ...]) -> tuple[PlannedCall, ...]:
        return self._fewer(calls, lambda some: replace(self.plan, calls=some))

    def _fewer(self, events: tuple[Event, ...], plan_with: Callable[[tuple[Event, ...]], Plan]) -> tuple[Event, ...]:
        size = max(1, len(events) // 2)
        while size:
            at = 0
            while at < len(events):
                some = events[:at] + events[at + size :]
                if self._fails(plan_with(some)):
                    events = some
                else:
                    at += size
            size //= 2
        return events

    def _fails(self, plan: Plan) -> bool:
        if self._left <= 0:
            return False
        self._left -= 1
        failure = failure_of(plan, self._seams)
        return failure is not None and failure.invariant == self._invariant


def told(plan: Plan, violation: Violation, seams: Seams) -> str:
    """The failure for people: the seed, what is left of its plan, and what happened last."""
    small = Shrinker(plan, seams, violation.invariant).shrunk()
    trace: list[str] = []
    try:
        run_plan(small, seams, trace)
    except Violation as found:
        violation = found
    kept: Sequence[str] = trace[-_TAIL:]
    lines = [f"seed {plan.seed}: {violation}", f"again: SIMULATION_SEED={plan.seed} make test-simulation", "the plan:"]
    return "\n".join([*lines, *small.lines(), "the last steps:", *kept])
