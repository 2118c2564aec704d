"""A process without doors announces what it lacks, and that it lives."""

import asyncio
import json
import os
import resource
import signal
from pathlib import Path

from chassis.errors import Unavailable
from chassis.health import Readiness
from fleet.host import Announcer, factory_of
from fleet.part import Probe
from fleet.probes import announced, still_announcing


async def until(probe: Probe, said: str | None) -> None:
    async with asyncio.timeout(10):
        while probe(os.getpid()) != said:  # noqa: ASYNC110 -- a file sets no event
            await asyncio.sleep(0.01)


async def test_what_is_missing_is_announced_and_then_that_nothing_is(tmp_path: Path) -> None:
    missing = ["database"]

    async def check() -> None:
        if missing:
            raise Unavailable("cannot be reached")

    announcer = Announcer(tmp_path / "workers.json", [Readiness(required={"database": check})], look_seconds=0.01)
    ready = announced(announcer.file)
    assert ready(os.getpid()) == "has not announced itself"
    telling = asyncio.create_task(announcer.announce())
    await until(ready, "database cannot be reached")
    missing.clear()
    await until(ready, None)
    assert ready(os.getpid() + 1) == "has not announced itself"
    telling.cancel()


async def test_a_full_disk_ends_no_announcing(tmp_path: Path) -> None:
    missing = ["database"]

    async def check() -> None:
        if missing:
            raise Unavailable("cannot be reached")

    announcer = Announcer(tmp_path / "workers.json", [Readiness(required={"database": check})], look_seconds=0.01)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    telling = asyncio.create_task(announcer.announce())
    await until(announced(announcer.file), "database cannot be reached")
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        missing.clear()
        await asyncio.sleep(0.1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    await until(announced(announcer.file), None)
    telling.cancel()


def test_a_file_that_nobody_touches_any_more_means_a_hanging_process(tmp_path: Path) -> None:
    file = tmp_path / "workers.json"
    alive = still_announcing(file)
    assert alive(os.getpid()) is None
    file.write_text(json.dumps({"pid": os.getpid(), "missing": ""}))
    assert alive(os.getpid()) is None
    os.utime(file, (1, 1))
    assert "silent" in (alive(os.getpid()) or "")


def test_a_unit_is_found_by_service_and_name() -> None:
    assert factory_of("gateway:api").__name__ == "api"
