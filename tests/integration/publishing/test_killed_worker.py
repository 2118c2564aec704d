"""The worker killed with SIGKILL, phase after phase, on each engine: the run still ends as it should, once.

KILLS_PER_PHASE sets how many publications lose their worker at every phase.
"""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fakes.publishing_peers import Peers, peers
from fixtures.demo_provider import running_demo_provider
from fixtures.killable import Killable
from fixtures.marketplace_database import ProvisionedServer
from fixtures.publication_bodies import publication
from fixtures.publishing_units import Door, publishing_settings, served_api, worker_environment
from fixtures.report import tell

from chassis.database.pool import Database
from publishing.pipeline.publication_phases import PHASE_NAMES
from publishing.settings import PublishingSettings

pytestmark = pytest.mark.campaign
# Each worker takes seconds to start: the nightly run kills one at every phase, every other run at these.
ROUNDS = int(os.environ.get("KILLS_PER_PHASE", "0"))
CHOSEN = PHASE_NAMES if ROUNDS else ("testing", "approval", "indexing", "events")
# What a publication may do once, beside the facts that others hear; counted by its name.
_EFFECTS = """
    SELECT 'version ' || state AS name, count(*) AS times FROM version_states WHERE version_id = $1 GROUP BY 1
    UNION ALL SELECT 'measured', count(*) FROM version_measurements WHERE version_id = $1
    UNION ALL SELECT 'phase ' || state, count(*) FROM run_phases WHERE run_id = $1 GROUP BY 1
"""


@pytest.fixture(params=["dbos", pytest.param("temporal", marks=pytest.mark.engines)])
def runs_url(request: pytest.FixtureRequest, marketplace_database: ProvisionedServer) -> str:
    """An engine of the test's own: a run that somebody else left there would be taken up too."""
    if request.param == "dbos":
        return marketplace_database.runs_url().get_secret_value()
    server: Killable = request.getfixturevalue("killable_temporal")
    return f"temporal://{server.address}"


@dataclass
class WorkerProcess:
    """`python -m publishing worker`, killed and started again."""

    settings: PublishingSettings
    log: Path
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with self.log.open("ab") as log:
            environment = {**os.environ, **worker_environment(self.settings)}
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "publishing", "worker", env=environment, stdout=log, stderr=log
            )

    async def kill(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


@dataclass
class Scene:
    """Everything a killed worker touches."""

    door: Door
    others: Peers
    worker: WorkerProcess
    database: Database
    vendor: Any

    async def reached(self, run_id: str, phase: str) -> None:
        """Wait until a phase has begun."""
        for _ in range(20_000):
            async with self.database.transaction(read_only=True) as transaction:
                started = await transaction.fetch_value(
                    "SELECT started_at FROM run_phases WHERE run_id = $1 AND name = $2", run_id, phase
                )
            if started is not None:
                return
            assert self.worker.process is not None
            assert self.worker.process.returncode is None, self.worker.log.read_text()[-3000:]
            await asyncio.sleep(0.002)
        raise AssertionError(f"{phase} never began: {self.worker.log.read_text()[-3000:]}")

    async def facts(self, run_id: str) -> Counter[str]:
        """The facts about a run's listing that the index has heard, by name."""
        heard = [name for name, fact in self.others.discovery.facts if fact.listing.listing_version_id == run_id]
        return Counter(heard)

    async def effects(self, run_id: str) -> Counter[str]:
        """Everything that the run did, with its count."""
        async with self.database.transaction(read_only=True) as transaction:
            rows = await transaction.fetch(_EFFECTS, run_id)
        return await self.facts(run_id) + Counter({row["name"]: row["times"] for row in rows})


@asynccontextmanager
async def scene(server: ProvisionedServer, runs_url: str, folder: Path) -> AsyncGenerator[Scene]:
    async with peers(server) as others, running_demo_provider(folder) as vendor:
        settings = publishing_settings(
            server,
            others,
            endpoint_allowlist=frozenset({vendor.url.removeprefix("http://")}),
            runs_url=runs_url,
            runs_takeover_seconds=3,
        )
        worker = WorkerProcess(settings, folder / "worker.log")
        async with (
            Database.open(server.url("publishing_worker"), name="test") as database,
            served_api(settings, others) as door,
        ):
            try:
                yield Scene(door, others, worker, database, vendor)
            finally:
                await worker.kill()


async def test_a_worker_killed_at_each_phase_publishes_once(
    marketplace_database: ProvisionedServer, runs_url: str, tmp_path: Path
) -> None:
    async with scene(marketplace_database, runs_url, tmp_path) as here:
        engine = runs_url.partition(":")[0]
        measure = await _publish(here, f"undisturbed-{engine}", kill_at=())
        for round_number in range(max(ROUNDS, 1)):
            effects = await _publish(here, f"survivor-{engine}-{round_number}", kill_at=CHOSEN)
            assert effects == measure
        tell(f"killed workers: {engine:<10} {max(ROUNDS, 1)} at each of {', '.join(CHOSEN)}")


async def _publish(here: Scene, name: str, kill_at: Sequence[str]) -> Counter[str]:
    """All effects of a publication whose worker dies at those phases."""
    body = publication(here.vendor.url, here.vendor.key, name=name)
    receipt = (await here.door.call("POST", "/api/v1/services", body)).json()
    run_id = receipt["run_id"]
    for phase in kill_at:
        await here.worker.start()
        await here.reached(run_id, phase)
        await here.worker.kill()
        if phase == "approval":
            await here.others.decide(run_id, times=2)
    await here.worker.start()
    if "approval" not in kill_at:
        await here.others.asked_for(run_id)
        await here.others.decide(run_id)
    run = await here.door.ended(run_id)
    await here.worker.kill()
    assert run["state"] == "succeeded", run
    shown = here.others.discovery.shown[receipt["listing_id"]]
    publication_now = (await here.door.call("GET", f"/api/v1/services/{receipt['listing_id']}/publication")).json()
    assert (shown.state, publication_now["state"]) == ("published", "published")
    assert (shown.listing_version_id, publication_now["current_version_id"]) == (run_id, run_id)
    assert shown.revision == publication_now["revision"] == 2
    return await here.effects(run_id)


async def test_a_worker_killed_while_it_undoes_rejects_once(
    marketplace_database: ProvisionedServer, runs_url: str, tmp_path: Path
) -> None:
    async with scene(marketplace_database, runs_url, tmp_path) as here:
        body = publication(here.vendor.url, here.vendor.key, name=f"refused-{runs_url.partition(':')[0]}")
        receipt = (await here.door.call("POST", "/api/v1/services", body)).json()
        run_id = receipt["run_id"]
        await here.worker.start()
        await here.others.asked_for(run_id)
        await here.others.decide(run_id, approved=False)
        for _ in range(5_000):
            run = (await here.door.call("GET", f"/api/v1/runs/{run_id}")).json()
            if {phase["state"] for phase in run["phases"]} & {"failed", "undone"}:
                break
            await asyncio.sleep(0.002)
        await here.worker.kill()
        await here.worker.start()
        run = await here.door.ended(run_id)
        assert (run["state"], run["error"]["phase"], run["error"]["code"]) == (
            "failed",
            "approval",
            "approval_rejected",
        )
        states = {phase["name"]: phase["state"] for phase in run["phases"]}
        assert (states["testing"], states["approval"], states["indexing"]) == ("undone", "failed", "pending")
        for _ in range(200):
            if (await here.facts(run_id))["ListingRejected"]:
                break
            await asyncio.sleep(0.05)
        assert (await here.facts(run_id))["ListingRejected"] == 1
        assert receipt["listing_id"] not in here.others.discovery.shown
        assert run_id in here.others.admin.withdrawn
