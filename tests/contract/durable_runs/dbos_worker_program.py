"""A worker process of the contract: serves the sample workflows on DBOS until it is told to stop or killed."""

import asyncio
import logging
import signal
import sys
from pathlib import Path

from contract.durable_runs.samples import sample_registry

from chassis.durable_runs.dbos_worker import DbosWorkerSettings, serve


async def main(url: str, executor_id: str, folder: Path, variant: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    settings = DbosWorkerSettings(url, "contract", executor_id)
    async with serve(sample_registry(folder, variant), settings) as runs:
        print("ready", flush=True)
        stopped = asyncio.ensure_future(stop.wait())
        await asyncio.wait({stopped, runs.lost}, return_when=asyncio.FIRST_COMPLETED)
        if runs.lost.done():
            raise runs.lost.result()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    url, executor_id, folder, variant = sys.argv[1:]
    asyncio.run(main(url, executor_id, Path(folder), variant))
