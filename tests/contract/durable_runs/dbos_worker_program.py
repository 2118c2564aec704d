"""A worker process of the contract: serves the sample workflows on DBOS until it is told to stop or killed."""

import asyncio
import logging
import os
import signal
from pathlib import Path

from contract.durable_runs.samples import sample_registry
from dbos._dbos import _get_or_create_dbos_registry

from chassis.durable_runs.dbos_worker import DbosWorkerSettings, serve


def work(url: str, executor_id: str, folder: Path, variant: str) -> None:
    """The life of the process; what it writes goes to a file of its name."""
    log = os.open(folder / f"{executor_id}.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(log, 1)
    os.dup2(log, 2)
    logging.basicConfig(level=logging.INFO)
    # DBOS looks for new runs once a second, and every test of this suite would wait for that.
    _get_or_create_dbos_registry().get_internal_queue()._polling_interval_sec = 0.1
    asyncio.run(_serve(url, executor_id, folder, variant))


async def _serve(url: str, executor_id: str, folder: Path, variant: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    settings = DbosWorkerSettings(url, "contract", executor_id)
    async with serve(sample_registry(folder, variant), settings) as runs:
        (folder / f"{executor_id}.ready").touch()
        stopped = asyncio.ensure_future(stop.wait())
        await asyncio.wait({stopped, runs.lost}, return_when=asyncio.FIRST_COMPLETED)
        if runs.lost.done():
            raise runs.lost.result()
