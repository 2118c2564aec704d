"""Opens the engine of the runs that a URL names: postgresql:// means DBOS, temporal:// means Temporal.

Only the chosen engine is loaded: each of them costs a process 20 MB or more.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from chassis.durable_runs.port import DurableRuns, ServedRuns
from chassis.durable_runs.registry import RunRegistry
from chassis.durable_runs.temporal_address import is_temporal, temporal_address
from chassis.errors import InvalidInput

_POSTGRES = ("postgresql://", "postgres://")


class RunsUrlRefused(InvalidInput):
    """The URL names no engine; the message never shows it, since it may hold a password."""

    code = "runs_url_refused"


@dataclass(frozen=True)
class RunsHome:
    """Where the runs of one `application` live. `worker`: its worker's name, stable and unique among workers;
    `takeover`: on Temporal, the silence after which a worker's step is given to another.
    """

    url: str
    application: str
    worker: str
    takeover: timedelta = timedelta(seconds=10)

    def __post_init__(self) -> None:
        """Raises RunsUrlRefused, TemporalUrlRefused."""
        if self.on_temporal:
            temporal_address(self.url)
        elif not self.url.startswith(_POSTGRES):
            raise RunsUrlRefused("The URL of the runs is postgresql://... for DBOS or temporal://host:port/namespace.")

    def __repr__(self) -> str:
        return f"RunsHome({self.engine}, {self.application}, {self.worker})"

    @property
    def on_temporal(self) -> bool:
        """Whether Temporal runs them; else DBOS does."""
        return is_temporal(self.url)

    @property
    def engine(self) -> str:
        """The engine's name."""
        return "Temporal" if self.on_temporal else "DBOS"


@asynccontextmanager
async def serve_runs(registry: RunRegistry, home: RunsHome) -> AsyncGenerator[ServedRuns]:
    """Run workflows in this process. Raises UnknownWorkflow when runs wait for one that this build lacks."""
    if home.on_temporal:
        # house: allow local-import, because a worker must not pay for the engine that it does not use
        from chassis.durable_runs import temporal_worker  # noqa: PLC0415

        settings = temporal_worker.TemporalWorkerSettings(
            temporal_address(home.url), home.application, home.worker, home.takeover
        )
        async with temporal_worker.serve(registry, settings) as runs:
            yield runs
        return
    # house: allow local-import, because a worker must not pay for the engine that it does not use
    from chassis.durable_runs import dbos_worker  # noqa: PLC0415

    async with dbos_worker.serve(
        registry, dbos_worker.DbosWorkerSettings(home.url, home.application, home.worker)
    ) as runs:
        yield runs


@asynccontextmanager
async def open_runs(home: RunsHome) -> AsyncGenerator[DurableRuns]:
    """Start, signal and ask about runs from outside a worker."""
    if home.on_temporal:
        # house: allow local-import, because a process must not pay for the engine that it does not use
        from chassis.durable_runs import temporal_runs  # noqa: PLC0415

        async with temporal_runs.open_runs(temporal_address(home.url), home.application) as runs:
            yield runs
        return
    # house: allow local-import, because a process must not pay for the engine that it does not use
    from chassis.durable_runs import dbos_runs  # noqa: PLC0415

    async with dbos_runs.open_runs(home.url, home.application) as runs:
        yield runs
