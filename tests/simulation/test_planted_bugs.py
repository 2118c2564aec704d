"""The simulator finds what is planted, names the invariant that it breaks, and shows it in a few events."""

import pytest
from simulation.campaign import InvariantBroken, run_seeds
from simulation.plan import plan_of
from simulation.planted_bugs import BUGS, PlantedBug
from simulation.shrinking import Shrinker
from simulation.simulation_run import failure_of
from simulation.violation import Violation

_MOST_SEEDS = 300


def _found(bug: PlantedBug) -> tuple[int, Violation]:
    for seed in range(_MOST_SEEDS):
        violation = failure_of(plan_of(seed), bug.seams)
        if violation is not None:
            return seed, violation
    pytest.fail(f"{_MOST_SEEDS} seeds do not find that {bug.name}")


@pytest.mark.campaign
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_found_and_its_invariant_named(bug: PlantedBug) -> None:
    seed, violation = _found(bug)
    assert violation.invariant in bug.caught_by, violation
    assert failure_of(plan_of(seed)) is None


@pytest.mark.campaign
def test_a_failure_is_told_with_its_seed_and_the_few_events_that_it_needs() -> None:
    bug = next(bug for bug in BUGS if bug.name == "an unknown call is charged at 0")
    seed, violation = _found(bug)
    whole = plan_of(seed)
    small = Shrinker(whole, bug.seams, violation.invariant, most_runs=40).shrunk()
    assert len(small.calls) + len(small.faults) < (len(whole.calls) + len(whole.faults)) / 2
    again = failure_of(small, bug.seams)
    assert again is not None
    assert again.invariant == violation.invariant


def test_a_campaign_that_fails_says_how_to_see_it_again() -> None:
    bug = next(bug for bug in BUGS if bug.name == "a call is settled after its last bytes")
    with pytest.raises(InvariantBroken, match=r"(?s)seed 0: invariant 4.*SIMULATION_SEED=0.*the plan:.*call in slot"):
        run_seeds([0], bug.seams)
