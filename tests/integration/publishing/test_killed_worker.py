"""The worker killed with SIGKILL, phase after phase: the run still ends as it should, once."""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fakes.publishing_peers import Peers, peers
from fixtures.demo_provider import running_demo_provider
from fixtures.marketplace_database import ProvisionedServer
from fixtures.publication_bodies import publication
from fixtures.publishing_units import Door, publishing_settings, served_api, worker_environment

from chassis.database.pool import Database
from publishing.pipeline.phases import PHASE_NAMES
from publishing.settings import PublishingSettings

pytestmark = pytest.mark.slow
# Each worker takes seconds to start: the nightly run kills one at every phase, every other run at these.
CHOSEN = PHASE_NAMES if os.environ.get("NIGHTLY") == "1" else ("testing", "approval", "indexing", "events")


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


@asynccontextmanager
async def scene(server: ProvisionedServer, folder: Path) -> AsyncGenerator[Scene]:
    async with peers(server) as others, running_demo_provider(folder) as vendor:
        settings = publishing_settings(
            server, others, endpoint_allowlist=frozenset({vendor.url.removeprefix("http://")})
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
    marketplace_database: ProvisionedServer, tmp_path: Path
) -> None:
    async with scene(marketplace_database, tmp_path) as here:
        body = publication(here.vendor.url, here.vendor.key, name="survivor")
        receipt = (await here.door.call("POST", "/api/v1/services", body)).json()
        run_id = receipt["run_id"]
        for phase in CHOSEN:
            await here.worker.start()
            await here.reached(run_id, phase)
            await here.worker.kill()
            if phase == "approval":
                await here.others.decide(run_id, times=2)
        await here.worker.start()
        run = await here.door.ended(run_id)
        assert run["state"] == "succeeded", run
        assert (await here.facts(run_id))["ListingPublished"] == 1
        shown = here.others.discovery.shown[receipt["listing_id"]]
        publication_now = (await here.door.call("GET", f"/api/v1/services/{receipt['listing_id']}/publication")).json()
        assert (shown.state, publication_now["state"]) == ("published", "published")
        assert (shown.listing_version_id, publication_now["current_version_id"]) == (run_id, run_id)
        assert shown.revision == publication_now["revision"] == 2


async def test_a_worker_killed_while_it_undoes_rejects_once(
    marketplace_database: ProvisionedServer, tmp_path: Path
) -> None:
    async with scene(marketplace_database, tmp_path) as here:
        body = publication(here.vendor.url, here.vendor.key, name="refused")
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
