"""Parts killed with SIGKILL while a publication is in a phase: it is published or undone, exactly once.

CRASH_CAMPAIGN=full kills workers and PostgreSQL in each of the ten phases, CRASH_ROUNDS times.
"""

import os
from itertools import product

import pytest
from fixtures.crash_trial import CrashScene, Outcome
from fixtures.marketplace_people import Person
from fixtures.report import tell
from fixtures.running_fleet import RunningFleet, until

from publishing.pipeline.publication_phases import PHASE_NAMES

pytestmark = pytest.mark.campaign
SAMPLE = [("workers", "validation"), ("workers", "testing"), ("workers", "indexing"), ("postgres", "testing")]
FULL = os.environ.get("CRASH_CAMPAIGN") == "full"
TESTING = PHASE_NAMES.index("testing")
ROUNDS = int(os.environ.get("CRASH_ROUNDS", "1"))
TRIALS = [pair for _ in range(ROUNDS) for pair in product(("workers", "postgres"), PHASE_NAMES)] if FULL else SAMPLE


@pytest.fixture(scope="module")
def scene(running_fleet: RunningFleet, publisher: Person, admin: Person) -> CrashScene:
    return CrashScene(running_fleet, publisher, admin)


@pytest.fixture(scope="module")
def undisturbed(scene: CrashScene) -> Outcome:
    """What a publication does that nobody disturbs."""
    outcome = scene.undisturbed("calm")
    assert outcome.state == "succeeded"
    assert (outcome.effects["fact ListingPublished"], outcome.effects["price"]) == (1, 1)
    assert outcome.vendor_answers > 0
    return outcome


@pytest.fixture(scope="module")
def survivors() -> list[str]:
    """The listings of the trials that were really hit and ended as they should."""
    return []


@pytest.mark.parametrize(("number", "victim", "phase"), [(n, *pair) for n, pair in enumerate(TRIALS, 1)])
def test_a_killed_part_leaves_one_publication_or_none(
    scene: CrashScene, undisturbed: Outcome, survivors: list[str], number: int, victim: str, phase: str
) -> None:
    until(scene.fleet.is_up, 60, scene.fleet.tails)
    outcome, hit = scene.disturbed(f"survivor-{number}", victim, phase)
    tell(
        f"SIGKILL {victim:8} aimed at {phase:14} hit {hit:30} -> {outcome.state}, "
        f"vendor answered {outcome.vendor_answers} times instead of {undisturbed.vendor_answers}"
    )
    if outcome.state == "succeeded":
        assert outcome.effects == undisturbed.effects
    else:
        require_undone(outcome)
    # Only the step that was cut off is done again, and testing is the one that asks the vendor. PostgreSQL's children
    # outlive its SIGKILL by a moment, in which a run goes on from the phases before.
    may_hit_testing = phase == "testing" or (victim == "postgres" and phase in PHASE_NAMES[:TESTING])
    again = undisturbed.vendor_answers if may_hit_testing else 0
    assert undisturbed.vendor_answers <= outcome.vendor_answers <= undisturbed.vendor_answers + again
    if hit != "never" and outcome.state == "succeeded":
        survivors.append(f"harbour/survivor-{number}")


def require_undone(outcome: Outcome) -> None:
    """What was published was taken back as often, and the version was rejected once."""
    effects = outcome.effects
    assert effects.get("fact ListingPublished", 0) == effects.get("fact ListingRolledBack", 0) <= 1
    assert effects["fact ListingRejected"] == 1
    assert "version published" not in effects


def test_every_survivor_is_callable_and_found(scene: CrashScene, survivors: list[str]) -> None:
    assert survivors
    bound = 3 / len(survivors)
    tell(f"{len(survivors)} kills, no wrong end: fewer than {bound:.0%} of such kills end wrongly (3/n, 95 % sure)")
    key = scene.publisher.key("survivors", tier="premium")["key"]
    for name in survivors:
        found = scene.publisher.post("/api/v1/search", {"query": name.partition("/")[2], "limit": 100})
        assert [hit["name"] for hit in found["hits"]].count(name) == 1
        answer = scene.fleet.http.post(
            f"{scene.fleet.gateway}/v1/chat/completions",
            json={"model": name, "messages": [{"role": "user", "content": "Ahoy"}]},
            headers={"authorization": f"Bearer {key}"},
        )
        assert (answer.status_code, answer.headers["x-marketplace-listing"]) == (200, name)
