"""A worker process of the contract: serves the sample workflows on Temporal until it is told to stop or killed."""

import asyncio
import logging
import os
import signal
from datetime import timedelta
from pathlib import Path

from contract.durable_runs.samples import sample_registry

from chassis.durable_runs.temporal_address import TemporalAddress
from chassis.durable_runs.temporal_worker import TemporalWorkerSettings, serve

# A killed worker's step is taken over after so long; a real worker is given longer.
TAKEOVER = timedelta(seconds=3)


def work(target: str, application: str, name: str, folder: Path, variant: str) -> None:
    """The life of the process; what it writes goes to a file of its name."""
    log = os.open(folder / f"{name}.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(log, 1)
    os.dup2(log, 2)
    logging.basicConfig(level=logging.INFO)
    asyncio.run(_serve(TemporalWorkerSettings(TemporalAddress(target), application, name, TAKEOVER), folder, variant))


async def _serve(settings: TemporalWorkerSettings, folder: Path, variant: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with serve(sample_registry(folder, variant), settings) as runs:
        (folder / f"{settings.identity}.ready").touch()
        stopped = asyncio.ensure_future(stop.wait())
        await asyncio.wait({stopped, runs.lost}, return_when=asyncio.FIRST_COMPLETED)
        if runs.lost.done():
            raise runs.lost.result()
