"""Moving to another engine and back: runs under way end where they began, once, new ones begin on the new engine."""

import logging

import pytest
from contract.durable_runs.engines import DbosEngine, TemporalEngine, ended, until
from contract.durable_runs.samples import IN_ORDER, WAITS, sample_registry

from chassis.durable_runs import moving
from chassis.durable_runs.errors import RunNotFound
from chassis.durable_runs.moving import SameEngine, serve_moving
from chassis.durable_runs.opening import RunsHome, open_runs
from chassis.durable_runs.status import RunState
from chassis.errors import InvalidInput, Unavailable


def _homes(dbos: DbosEngine, temporal: TemporalEngine) -> tuple[RunsHome, RunsHome]:
    on_dbos = RunsHome(dbos.url, "contract", "worker-1")
    return on_dbos, RunsHome(f"temporal://{temporal.target}", temporal.application, "worker-1")


@pytest.mark.engines
async def test_runs_under_way_end_where_they_began_there_and_back(
    dbos_engine: DbosEngine,
    temporal_engine: TemporalEngine,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(moving, "LOOK_SECONDS", 0.1)
    caplog.set_level(logging.INFO, logger=moving.__name__)
    on_dbos, on_temporal = _homes(dbos_engine, temporal_engine)
    registry = sample_registry(dbos_engine.effects.folder)
    await dbos_engine.start_worker()
    await dbos_engine.runs.start(WAITS, "before", {"names": ["go"]})
    await dbos_engine.runs.start(IN_ORDER, "ended", {"names": ["once"]})
    await ended(dbos_engine, "ended")
    await dbos_engine.stop_worker()

    async with serve_moving(registry, new=on_temporal, old=on_dbos) as runs:
        for run_id in ("before", "ended"):
            await runs.start(WAITS if run_id == "before" else IN_ORDER, run_id, {"names": ["again"]})
            with pytest.raises(RunNotFound):
                await temporal_engine.runs.status(run_id)
        await runs.start(WAITS, "after", {"names": ["go"]})
        assert {one.run_id for one in await runs.list()} >= {"before", "ended"}
        await runs.signal("before", "go", {"n": 1}, "key-1")
        assert (await ended(dbos_engine, "before")).result == {"got": [{"n": 1}]}
        await until(lambda: "DBOS is drained" in caplog.text)
    with pytest.raises(RunNotFound):
        await dbos_engine.runs.status("after")

    async with serve_moving(registry, new=on_dbos, old=on_temporal) as runs:
        await runs.start(IN_ORDER, "back", {"names": ["last"]})
        await runs.signal("after", "go", {"n": 2}, "key-2")
        assert (await ended(temporal_engine, "after")).result == {"got": [{"n": 2}]}
        assert (await ended(dbos_engine, "back")).state is RunState.SUCCEEDED
        await until(lambda: "Temporal is drained" in caplog.text)
    assert dbos_engine.effects.order() == ["once", "last"]


@pytest.mark.engines
async def test_an_engine_without_runs_under_way_is_asked_but_not_served(
    dbos_engine: DbosEngine, temporal_engine: TemporalEngine
) -> None:
    on_dbos, on_temporal = _homes(dbos_engine, temporal_engine)
    await dbos_engine.start_worker()
    await dbos_engine.runs.start(IN_ORDER, "ended", {"names": ["once"]})
    await ended(dbos_engine, "ended")
    # The old engine's worker lives: were it served here too, its name would be refused.
    async with serve_moving(sample_registry(dbos_engine.effects.folder), new=on_temporal, old=on_dbos) as runs:
        await runs.start(IN_ORDER, "ended", {"names": ["again"]})
        assert (await runs.status("ended")).state is RunState.SUCCEEDED
        await runs.cancel("ended")
        with pytest.raises(RunNotFound):
            await runs.cancel("nobody")
    assert dbos_engine.effects.order() == ["once"]


async def test_an_engine_that_never_served_knows_no_runs(postgres_database: str) -> None:
    async with open_runs(RunsHome(postgres_database, "contract", "worker-1")) as runs:
        assert await runs.list() == []
        with pytest.raises(RunNotFound):
            await runs.status("any")
        with pytest.raises(RunNotFound):
            await runs.signal("any", "go", None, "key")
        with pytest.raises(Unavailable, match="start its worker first"):
            await runs.start(WAITS, "any", {})


async def test_runs_move_between_different_engines_only(dbos_engine: DbosEngine) -> None:
    home = RunsHome(dbos_engine.url, "contract", "worker-1")
    with pytest.raises(SameEngine, match="both are DBOS"):
        async with serve_moving(sample_registry(dbos_engine.effects.folder), new=home, old=home):
            pass


async def test_a_home_opens_the_engine_that_its_url_names(dbos_engine: DbosEngine) -> None:
    async with open_runs(RunsHome(dbos_engine.url, "contract", "worker-1")) as runs:
        await runs.start(IN_ORDER, "run-1", {"names": []})
    assert (await dbos_engine.runs.status("run-1")).state is RunState.QUEUED


@pytest.mark.parametrize("url", ["", "kafka://:secret@host:1", "host:7233", "temporal://:secret@host"])
def test_a_url_that_names_no_engine_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(InvalidInput, match="URL") as refusal:
        RunsHome(url, "contract", "worker-1")
    assert "secret" not in str(refusal.value)
