"""All engines of the distributed profile on this machine: fetched where missing, run together, ended together."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from fleet.backing import local_urls
from fleet.child_process import last_lines, open_log
from fleet.data_folder import DataFolder
from fleet.engines.elasticsearch_server import elasticsearch_server
from fleet.engines.fetching import fetch
from fleet.engines.kafka_server import kafka_server
from fleet.engines.releases import ELASTICSEARCH, KAFKA, RELEASES, TEMPORAL
from fleet.engines.shelf import EngineShelf
from fleet.engines.temporal_server import temporal_server
from fleet.errors import PartFailed
from fleet.life import Plan, live
from fleet.part import Part
from fleet.settings import FleetSettings
from fleet.status import read_status
from fleet.status_page import lines_of

START_SECONDS = 180.0
STOP_SECONDS = 30.0
# Kafka's controller and Elasticsearch's transport listen one above and a hundred above the port that clients use.
CONTROLLER_DISTANCE = 1
TRANSPORT_DISTANCE = 100


def shelf_of(settings: FleetSettings) -> EngineShelf:
    """Where this machine's engines lie."""
    return EngineShelf(settings.engines_folder)


def data_of(settings: FleetSettings) -> DataFolder:
    """Where they keep what they are given; safe to delete while they do not run."""
    return DataFolder(settings.engines_folder / "run")


def parts_of(settings: FleetSettings) -> Sequence[Part]:
    """The engines as parts. Raises EngineMissing."""
    shelf, data, offset = shelf_of(settings), data_of(settings), settings.port_offset
    kafka, search, temporal = (release.port + offset for release in (KAFKA, ELASTICSEARCH, TEMPORAL))
    return [
        kafka_server(shelf, data.of("kafka"), kafka, kafka + CONTROLLER_DISTANCE).part,
        elasticsearch_server(shelf, data.of("elasticsearch"), search, search + TRANSPORT_DISTANCE).part,
        temporal_server(shelf, data.of("temporal"), temporal).part,
    ]


def fetch_engines(settings: FleetSettings) -> int:
    """Put what is missing on the shelf; the exit code."""
    shelf, console = shelf_of(settings), Console()
    missing = [release for release in RELEASES if not shelf.holds(release)]
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    for release in missing:
        what = f"{release.name} {release.version}, about {release.megabytes} MB"
        with Progress(*columns, console=console, transient=True) as progress:
            progress.add_task(f"Fetching {what} by {release.fetched_by} into {shelf.folder}")
            began = time.monotonic()
            fetch(shelf, release, settings.inherited)
        console.print(f"Fetched {what} in {time.monotonic() - began:.0f} s", highlight=False)
    if not missing:
        names = ", ".join(f"{release.name} {release.version}" for release in RELEASES)
        console.print(f"On the shelf: {names}", highlight=False)
    return 0


def run_engines(settings: FleetSettings) -> int:
    """Run all engines until a signal; the exit code."""

    def welcome() -> Sequence[str]:
        return [f"  {part:<8} {url}" for part, url in local_urls(settings.port_offset).items()]

    return live(Plan("the engines", data_of(settings), lambda: parts_of(settings), welcome), Console())


def start_engines(settings: FleetSettings) -> int:
    """Run all engines in the background and return when they answer; the exit code. Raises PartFailed."""
    data = data_of(settings)
    data.prepare()
    if data.holder() is None:
        log = data.log("engines")
        with open_log(log) as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "fleet", "engines"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**settings.inherited, **settings.own},
                start_new_session=True,
            )
        _wait_until_ready(data, process)
    print("\n".join(lines_of(read_status(data.path, log_lines=0))))
    return 0


def stop_engines(settings: FleetSettings) -> int:
    """End them; the exit code. Raises PartFailed where they do not end."""
    data = data_of(settings)
    pid = data.holder()
    if pid is None:
        print("The engines do not run.")
        return 0
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while data.holder() is not None:
        if time.monotonic() > deadline:
            raise PartFailed(f"The engines (pid {pid}) do not end: see {data.log('engines')}.")
        time.sleep(0.1)
    print("The engines have ended; their data stays.")
    return 0


def _wait_until_ready(data: DataFolder, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _all_ready(data):
        if process.poll() is not None or time.monotonic() > deadline:
            said = " | ".join(last_lines(data.log("engines")))
            raise PartFailed(f"The engines did not start. Their log ends: {said}")
        time.sleep(0.2)


def _all_ready(data: DataFolder) -> bool:
    status = read_status(data.path, log_lines=0)
    return status.running and bool(status.parts) and all(part.state == "ready" for part in status.parts)
