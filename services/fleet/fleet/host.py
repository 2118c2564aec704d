"""Runs units of several services in one process: `python -m fleet.host [--announce FILE] admin:api discovery:api`."""

import asyncio
import importlib
import json
import os
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from chassis.health import Readiness
from chassis.lifecycle import Unit, UnitFactory, run
from fleet.data_folder import write_private

_LOOK_SECONDS = 2.0


@dataclass
class Announcer:
    """Says in a file what the process still lacks, for processes that have no HTTP door to ask."""

    file: Path
    checks: list[Readiness] = field(default_factory=list[Readiness])
    look_seconds: float = _LOOK_SECONDS
    _last: str | None = None

    async def announce(self) -> None:
        """Until cancelled: write what changed, and touch the file as a sign of life."""
        while True:
            missing = await self._missing()
            # A disk that is full, or files that are all in use, pass: what is served goes on meanwhile.
            with suppress(OSError):
                if missing != self._last:
                    said = json.dumps({"pid": os.getpid(), "missing": missing})
                    write_private(self.file, said, survives_power_loss=False)
                    self._last = missing
            with suppress(OSError):
                os.utime(self.file)
            await asyncio.sleep(self.look_seconds)

    async def _missing(self) -> str:
        reports = [await check.report() for check in self.checks]
        failed = [part for report in reports for part in report.parts if part.state == "failed"]
        return ", ".join(f"{part.name} {part.detail or 'failed'}" for part in failed)


def factory_of(name: str) -> UnitFactory:
    """The unit `service:what` out of `service.compose`."""
    service, _, what = name.partition(":")
    return getattr(importlib.import_module(f"{service}.compose"), what)


@asynccontextmanager
async def _noticed(factory: UnitFactory, announcer: Announcer) -> AsyncGenerator[Unit]:
    async with factory() as unit:
        if unit.readiness is not None:
            announcer.checks.append(unit.readiness)
        yield unit


@asynccontextmanager
async def _announcing(announcer: Announcer) -> AsyncGenerator[Unit]:
    # Opened last: whoever is asked to announce has opened everything else by then.
    yield Unit("announcer", tasks=[announcer.announce])
    announcer.file.unlink(missing_ok=True)


def main(arguments: Sequence[str]) -> int:
    """The process's exit code."""
    names = list(arguments)
    announcer = None
    if names[:1] == ["--announce"]:
        announcer = Announcer(Path(names[1]))
        names = names[2:]
    factories = [factory_of(name) for name in names]
    if announcer is None:
        return run(factories)
    noticed: list[UnitFactory] = [partial(_noticed, factory, announcer) for factory in factories]
    return run([*noticed, partial(_announcing, announcer)])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
