"""Four real processes and a real Valkey: together never above a key's limits, and nearly all of them used."""

import pytest
from fixtures.rate_callers import Calls, FourProcesses
from fixtures.report import tell

from dataplane.records import RateLimits

pytestmark = pytest.mark.campaign

SECONDS = 4.0
EVERYWHERE = (800.0, 800.0, 800.0, 800.0)


def _told(name: str, calls: Calls, size: float, allowed: float) -> float:
    """Say what was measured; the part of the limit that was used, nobody counting alone."""
    assert not any(told["failures"] or told["alone"] for told in calls.told)
    used = len(calls.spans) * size / allowed
    trips = sum(told["exchanges"] for told in calls.told) / len(calls.spans)
    tried = sum(told["tried"] for told in calls.told)
    tell(
        f"rates, {name}: {len(calls.spans) * size:.0f} of {allowed:.1f} in {calls.seconds:.2f} s ({used:.2%}), "
        f"by process {calls.by_process}, {tried} tried, {trips:.3f} round trips a call"
    )
    return used


@pytest.mark.parametrize(
    ("name", "paces"),
    [
        ("the same demand everywhere", EVERYWHERE),
        ("one process takes all", (1600.0, 0.0, 0.0, 0.0)),
        ("uneven demand", (1000.0, 200.0, 40.0, 1.0)),
    ],
)
def test_four_processes_use_the_whole_rate_and_no_more(
    name: str, paces: tuple[float, ...], four_processes: FourProcesses
) -> None:
    limits = RateLimits(requests_per_second=400, burst=800)
    calls = four_processes.call(limits, paces, seconds=SECONDS)
    allowed = 800 + 400 * calls.seconds
    assert _told(name, calls, 1, allowed) >= 0.99
    assert len(calls.spans) <= allowed


def test_a_small_rate_is_as_exact(four_processes: FourProcesses) -> None:
    calls = four_processes.call(RateLimits(requests_per_second=10, burst=20), (100.0,) * 4, seconds=SECONDS)
    allowed = 20 + 10 * calls.seconds
    _told("10 a second", calls, 1, allowed)
    assert allowed - 1 <= len(calls.spans) <= allowed


def test_tokens_a_minute_count_across_processes_with_what_calls_did_not_use_given_back(
    four_processes: FourProcesses,
) -> None:
    limits = RateLimits(tokens_per_minute=60_000)
    calls = four_processes.call(limits, EVERYWHERE, seconds=SECONDS, tokens=200, unused=100)
    allowed = 60_000 + 1_000 * calls.seconds
    _told("tokens, half of them unused", calls, 100, allowed)
    assert allowed * 0.98 <= len(calls.spans) * 100 <= allowed


def test_calls_at_once_count_across_processes(four_processes: FourProcesses) -> None:
    calls = four_processes.call(RateLimits(max_concurrency=10), EVERYWHERE, seconds=SECONDS, hold_seconds=0.05)
    most = 10 / 0.05 * calls.seconds + 10
    used = len(calls.spans) / most
    tell(f"rates, calls at once: at most {calls.most_at_once()} of 10, {used:.1%} of the time that 10 could fill")
    assert calls.most_at_once() <= 10
    assert used > 0.5


def test_a_killed_process_costs_at_most_its_lease(four_processes: FourProcesses) -> None:
    limits = RateLimits(requests_per_second=400, burst=800)
    calls = four_processes.call(limits, EVERYWHERE, seconds=SECONDS, kill_after=0.5)
    allowed = 800 + 400 * calls.seconds
    assert _told("a process is killed", calls, 1, allowed) >= 0.98
    assert len(calls.spans) <= allowed
