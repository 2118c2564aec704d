"""How failures to sign in are counted, and for how long they make somebody wait."""

from datetime import UTC, datetime, timedelta

import pytest

from admin.sessions.rules import (
    FROM_ONE_SOURCE,
    Attempts,
    Session,
    counted,
    counters_of,
    failed,
    uncounted,
)

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def after_failures(number: int) -> Attempts:
    """The count after so many proven failures in a row."""
    attempts = Attempts()
    for _ in range(number):
        attempts = failed(counted(attempts, FROM_ONE_SOURCE, NOW), FROM_ONE_SOURCE, NOW)
    return attempts


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 0), (4, 0), (5, 60), (6, 120), (7, 240), (10, 1920), (11, 3600), (500, 3600)]
)
def test_from_the_fifth_failure_on_each_doubles_the_pause_up_to_an_hour(failures: int, seconds: float) -> None:
    assert after_failures(failures).seconds_to_wait(NOW) == seconds


def test_an_undecided_fifth_attempt_makes_others_wait_a_moment_only() -> None:
    undecided = counted(after_failures(4), FROM_ONE_SOURCE, NOW)
    assert 0 < undecided.seconds_to_wait(NOW) <= 2


def test_a_quiet_hour_forgets() -> None:
    later = NOW + timedelta(hours=1, seconds=1)
    assert counted(after_failures(4), FROM_ONE_SOURCE, later).failures == 1


def test_an_attempt_that_proved_right_is_taken_back_and_others_failures_stay() -> None:
    assert uncounted(counted(after_failures(4), FROM_ONE_SOURCE, NOW), FROM_ONE_SOURCE).seconds_to_wait(NOW) == 0
    kept = uncounted(after_failures(7), FROM_ONE_SOURCE)
    assert (kept.failures, kept.seconds_to_wait(NOW)) == (6, 240)


def test_a_known_source_is_not_held_up_by_failures_from_elsewhere() -> None:
    stranger = counters_of("a@x.test", "203.0.113.9", known_source=False)
    owner = counters_of("a@x.test", "203.0.113.7", known_source=True)
    assert [counter.source for counter in stranger] == ["203.0.113.9", "*", "203.0.113.9"]
    assert "*" not in [counter.source for counter in owner]


@pytest.mark.parametrize(("source", "counters"), [("127.0.0.1", 2), ("::1", 2), ("203.0.113.9", 3), ("unknown", 3)])
def test_this_machine_is_not_slowed_as_a_whole(source: str, counters: int) -> None:
    assert len(counters_of("a@x.test", source, known_source=False)) == counters


def test_a_session_lives_until_it_ends_or_expires() -> None:
    session = Session("ses_1", "acc_1", None, "here", NOW, NOW + timedelta(hours=24))
    assert session.lives(NOW)
    assert not session.lives(NOW + timedelta(hours=24))
    assert not Session("ses_1", "acc_1", None, "here", NOW, NOW + timedelta(hours=24), NOW).lives(NOW)
