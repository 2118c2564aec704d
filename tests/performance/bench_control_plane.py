"""How long people wait for the marketplace's own pages: `python tests/performance/bench_control_plane.py`.

One request at a time over one kept connection, through the gateway, on a marketplace with the real catalogue in it.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from fixtures.marketplace_people import Person, demo_submission, new_person, platform_admin, published
from fixtures.real_inputs import real_inputs_folder
from measured_fleet import MeasuredFleet, a_fleet
from scale import scaled
from tables import Cell, print_table

_BATCH = 100
_WARM = scaled(3, 1)
_NEED = "cheap model that can read images with a long context"


def catalogue() -> list[dict[str, Any]]:
    """The real models, or none where the real inputs are absent."""
    file = real_inputs_folder() / "catalogue" / "models.json"
    return json.loads(file.read_text())["data"] if file.exists() else []


def import_seconds(admin: Person, rows: list[dict[str, Any]]) -> tuple[float, float]:
    """Until all were taken, and until all are found with their vectors."""
    began = time.perf_counter()
    for first in range(0, len(rows), _BATCH):
        admin.post("/api/v1/catalogue/imports", {"data": rows[first : first + _BATCH]})
    taken = time.perf_counter() - began

    while not _all_found(admin, len(rows)):
        # Rarely, because the answers cost the service that is busy with the vectors.
        time.sleep(0.25)
    return taken, time.perf_counter() - began


def _all_found(admin: Person, count: int) -> bool:
    # In this order: what is not there yet waits for no vector.
    found = admin.post("/api/v1/search", {"filters": {"status": "catalogue_only"}})
    return found["total"] == count and not admin.get("/api/v1/stats")["without_vectors"]


def timed(name: str, count: int, ask: Callable[[int], object]) -> list[Cell]:
    """One row: milliseconds of `count` requests; the first few are not counted."""
    took: list[float] = []
    for number in range(count + _WARM):
        began = time.perf_counter()
        ask(number)
        took.append((time.perf_counter() - began) * 1000)
    return [name, count, median(took[_WARM:]), quantiles(took[_WARM:], n=100)[98]]


def request_rows(fleet: MeasuredFleet, admin: Person) -> list[list[Cell]]:
    """Searching, reading and signing in."""
    count = scaled(300, 10)
    credentials = {"email": admin.email, "password": admin.password}
    url = f"{fleet.gateway}/auth/login"

    def search(query: str, **more: object) -> object:
        return admin.post("/api/v1/search", {"query": query, **more})

    filters = {"input_modalities": ["image"], "min_context_length": 200_000}
    return [
        timed("search, a query asked before", count, lambda _: search(_NEED)),
        timed("search, a new query each time", count, lambda number: search(f"{_NEED} number {number}")),
        timed("search with filters and facets", count, lambda _: search(_NEED, filters=filters, facets=["provider"])),
        timed("a team's services, first page", count, lambda _: admin.get("/api/v1/services")),
        timed("who am I", count, lambda _: admin.get("/auth/me")),
        timed("sign in (Argon2id)", scaled(40, 3), lambda _: fleet.http.post(url, json=credentials).raise_for_status()),
    ]


def publishing_row(fleet: MeasuredFleet, admin: Person) -> list[Cell]:
    """From the submission to the end of its run, with an admin who approves at once."""
    publisher = new_person(fleet, admin, "bench")
    count = scaled(12, 2)
    bodies = [demo_submission(fleet, f"bench-{number}") for number in range(count + _WARM)]
    name = "publish: ten phases, approved at once"
    return timed(name, count, lambda number: published(publisher, admin, bodies[number]))


def main() -> None:
    """Print the table."""
    with a_fleet() as fleet:
        fleet.started()
        admin = platform_admin(fleet)
        rows = catalogue()[: scaled(1000, 30)]
        taken, searchable = import_seconds(admin, rows)
        table = [*request_rows(fleet, admin), publishing_row(fleet, admin)]
    print_table(
        f"The control plane, one request at a time, {len(rows)} real listings",
        ["request", "counted", "p50 ms", "p99 ms"],
        table,
        f"Catalogue of {len(rows)}: imported in {taken:.1f} s, all searchable with vectors after {searchable:.1f} s.",
    )


if __name__ == "__main__":
    main()
