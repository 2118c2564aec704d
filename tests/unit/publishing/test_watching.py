"""Following a run: each change once, a sign of life in between, an end, and no more watchers than may be."""

from datetime import timedelta

import pytest
from fakes.publishing import START, SteppingClock

from publishing.listings.rules import State
from publishing.pipeline.errors import RunUnknown, TooManyWatchers
from publishing.pipeline.rules import PhaseState, PhaseView, RunState, RunView
from publishing.pipeline.watching import MAX_WATCHERS, SILENT_POLLS, WatchRun


def run(phase: PhaseState, version: State = State.SUBMITTED) -> RunView:
    return RunView("ver_1", "lst_1", "1.0.0", version, "", "", "", [PhaseView("authentication", phase)])


class Replayed:
    """Runs that stand as the list says, then as its last entry."""

    def __init__(self, *views: RunView | None) -> None:
        self._views = list(views)

    async def run(self, tenant: str | None, run_id: str) -> RunView | None:
        return self._views.pop(0) if len(self._views) > 1 else self._views[0]


def watch(*views: RunView | None) -> WatchRun:
    return WatchRun(Replayed(*views), SteppingClock(), poll_seconds=0)


@pytest.mark.parametrize(
    ("phase", "version", "state"),
    [
        (PhaseState.PENDING, State.SUBMITTED, RunState.QUEUED),
        (PhaseState.RUNNING, State.SUBMITTED, RunState.RUNNING),
        (PhaseState.PASSED, State.PUBLISHED, RunState.SUCCEEDED),
        (PhaseState.SKIPPED, State.DEPRECATED, RunState.SUCCEEDED),
        (PhaseState.RUNNING, State.PUBLISHED, RunState.RUNNING),
        (PhaseState.FAILED, State.SUBMITTED, RunState.RUNNING),
        (PhaseState.FAILED, State.REJECTED, RunState.FAILED),
        (PhaseState.UNDONE, State.FAILED, RunState.FAILED),
    ],
)
def test_a_runs_state_follows_from_its_phases_and_its_version(phase, version, state) -> None:
    assert run(phase, version).state is state


async def test_each_change_is_told_once_until_the_end() -> None:
    waiting, running = run(PhaseState.PENDING), run(PhaseState.RUNNING)
    ended = run(PhaseState.PASSED, State.PUBLISHED)
    watching = watch(waiting, waiting, running, running, ended)
    until = START + timedelta(days=1)
    assert [seen async for seen in watching.changes("tea", "ver_1", until, lambda: True)] == [waiting, running, ended]


async def test_a_silent_run_gives_signs_of_life_until_the_token_ends() -> None:
    until = START + timedelta(seconds=SILENT_POLLS * 2 + 5)
    seen = [view async for view in watch(run(PhaseState.RUNNING)).changes("tea", "ver_1", until, lambda: True)]
    assert seen == [run(PhaseState.RUNNING), None, None]


async def test_an_unknown_run_and_one_watcher_too_many_are_refused() -> None:
    with pytest.raises(RunUnknown):
        await watch(None).once("tea", "ver_1")
    watching = watch(run(PhaseState.RUNNING))
    followers = [watching.changes("tea", "ver_1", START + timedelta(days=1), lambda: True) for _ in range(MAX_WATCHERS)]
    for follower in followers:
        await anext(follower)
    with pytest.raises(TooManyWatchers):
        watching.admit()
    for follower in followers:
        await follower.aclose()
    watching.admit()


async def test_a_watcher_whose_token_is_withdrawn_hears_no_more() -> None:
    answers = [True, True, False]
    views = [run(PhaseState.PENDING), run(PhaseState.RUNNING), run(PhaseState.PASSED, State.PUBLISHED)]
    heard = watch(*views).changes("tea", "ver_1", START + timedelta(days=1), lambda: answers.pop(0))
    assert [view async for view in heard] == views[:2]
