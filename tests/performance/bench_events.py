"""What a fact costs on the log in PostgreSQL and by way of Kafka: `python tests/performance/bench_events.py`.

Through: a backlog, appended in transactions of 40, taken by a consumer whose effect is one row, in the transaction of
its position; on Kafka the relay, a process of its own, carries it meanwhile. Delay: facts appended one by one at a pace
that both keep up with, from the moment before the append to the effect, as a reader of the effect sees it.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles

sys.path.insert(0, str(Path(__file__).parents[1]))

from fixtures.engines import SHELF
from fixtures.event_campaign import KIND, TOPIC, Processes
from fixtures.marketplace_database import ProvisionedServer
from fixtures.postgres import database_url, run_statement
from process_costs import cpu_seconds, family, pss_mib
from pydantic import SecretStr
from scale import scaled
from tables import Cell, print_table

from chassis.database.pool import Database
from chassis.database.transaction import Transaction
from chassis.event_log.consuming import run_consumers
from chassis.event_log.opening import open_event_log
from chassis.event_log.port import Consumer, Event, RecordedEvent
from chassis.event_log.postgres_log import PostgresEventLog
from chassis.ids import new_id
from fleet.embedded_postgres import embedded_postgres
from fleet.engines.kafka_server import kafka_server
from fleet.errors import EngineMissing
from fleet.migrations import migrate
from fleet.one_part import running
from fleet.ports import free_port_numbers
from fleet.roles import ROLES

_KEYS = 200
_BATCH = 40
_PACE_A_SECOND = 50
_SECRET = "not-a-secret"


@dataclass
class Taken:
    """When each event took effect."""

    at: dict[str, float] = field(default_factory=dict)

    async def note(self, transaction: Transaction, event: RecordedEvent) -> None:
        """One row, and the time of its commit."""
        await transaction.execute("INSERT INTO effects (event_id) VALUES ($1)", event.id)
        transaction.after_commit(lambda: self.at.setdefault(event.id, time.perf_counter()))

    async def has(self, count: int) -> None:
        """Until so many were taken."""
        while len(self.at) < count:  # noqa: ASYNC110 - looked at as rarely as the figure can bear
            await asyncio.sleep(0.002)


@dataclass(frozen=True)
class Stage:
    """Where events go: the database, Kafka's URL (empty: PostgreSQL alone), and whose memory and CPU count."""

    name: str
    server: ProvisionedServer
    events_url: str
    pids: dict[str, int]

    def memory(self) -> float:
        """MiB of the servers and the relay."""
        return sum(pss_mib(family(pid)) for pid in self.pids.values())

    def cpu(self) -> float:
        """Seconds of the servers, the relay and this process."""
        return sum(cpu_seconds(pid) for pid in self.pids.values()) + time.process_time()


def _event() -> Event:
    now = datetime.now(UTC)
    name = new_id("evt", now)
    return Event(name, TOPIC, f"lst_{hash(name) % _KEYS}", KIND, "publishing", now, b"x" * 200)


async def _through(stage: Stage, database: Database, taken: Taken, count: int) -> tuple[float, float]:
    """Events a second from the first append to the last effect, and CPU milliseconds an event."""
    log = PostgresEventLog(database)
    already = len(taken.at)
    began, spent = time.perf_counter(), stage.cpu()
    for _ in range(count // _BATCH):
        async with database.transaction() as transaction:
            await log.append(transaction, [_event() for _ in range(_BATCH)])
    await taken.has(already + count // _BATCH * _BATCH)
    return count / (time.perf_counter() - began), 1000 * (stage.cpu() - spent) / count


async def _delays(database: Database, taken: Taken, count: int) -> list[float]:
    """Milliseconds of each fact, one at a time and evenly spread."""
    log, sent = PostgresEventLog(database), dict[str, float]()
    already = len(taken.at)
    for _ in range(count):
        event = _event()
        sent[event.id] = time.perf_counter()
        async with database.transaction() as transaction:
            await log.append(transaction, [event])
        await asyncio.sleep(max(0.0, sent[event.id] + 1 / _PACE_A_SECOND - time.perf_counter()))
    await taken.has(already + count)
    return [1000 * (taken.at[name] - at) for name, at in sent.items()]


async def measure(stage: Stage) -> list[Cell]:
    """One row."""
    taken = Taken()
    async with (
        Database.open(stage.server.url("publishing_runtime"), name="bench-writer") as writer,
        Database.open(stage.server.url("discovery_worker"), name="bench-consumer") as reader,
        open_event_log(SecretStr(stage.events_url), reader) as log,
    ):
        consumer = Consumer("discovery.bench", TOPIC, {KIND: taken.note})
        work = [asyncio.create_task(log.listen()), asyncio.create_task(run_consumers(log, [consumer]))]
        await _through(stage, writer, taken, _BATCH * 5)
        rate, cost = await _through(stage, writer, taken, scaled(20_000, 200))
        delays = await _delays(writer, taken, scaled(1_000, 20))
        memory = stage.memory()
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
    return [stage.name, rate, cost, median(delays), quantiles(delays, n=100)[98], memory]


@contextmanager
def provisioned(folder: Path) -> Iterator[tuple[ProvisionedServer, int]]:
    """A marketplace's database on an empty server, with a table for effects."""
    folder.mkdir(mode=0o711)
    engine = embedded_postgres(folder / "postgres", _SECRET)
    with running(engine.part, folder / "postgres.log") as pid:
        server = ProvisionedServer(engine.url(), {role.name: _SECRET for role in ROLES})
        superuser, own = lambda name: database_url(engine.url(), name), lambda role: server.url(role).get_secret_value()
        asyncio.run(migrate(superuser, own, lambda _: _SECRET))
        run_statement(own("discovery_migrator"), "CREATE TABLE effects (event_id text PRIMARY KEY)")
        run_statement(own("discovery_migrator"), "GRANT ALL ON effects TO discovery_worker")
        yield server, pid


@contextmanager
def on_postgres(folder: Path) -> Iterator[Stage]:
    """The log in PostgreSQL alone."""
    with provisioned(folder) as (server, pid):
        yield Stage("PostgreSQL", server, "", {"postgres": pid})


@contextmanager
def on_kafka(folder: Path) -> Iterator[Stage]:
    """The same by way of Kafka, the relay in a process of its own. Raises EngineMissing."""
    with ExitStack() as stack:
        server, pid = stack.enter_context(provisioned(folder))
        kafka = kafka_server(SHELF, folder / "kafka", *free_port_numbers(2))
        broker = stack.enter_context(running(kafka.part, folder / "kafka.log"))
        url = f"kafka://{kafka.bootstrap}"
        relay = Processes(folder, {"relay": ["relay", server.url("relay_worker").get_secret_value(), url]})
        stack.callback(relay.stop)
        relay.start("relay")
        yield Stage("Kafka", server, url, {"postgres": pid, "kafka": broker, "relay": relay.running["relay"].pid})


def main() -> None:
    """Print the table."""
    rounds = scaled(3, 1)
    rows: dict[str, list[list[Cell]]] = {}
    for number in range(rounds):
        for open_stage in (on_postgres, on_kafka):
            with tempfile.TemporaryDirectory() as name:
                # PostgreSQL runs as another account where we are root, and must get in.
                Path(name).chmod(0o711)
                try:
                    with open_stage(Path(name) / str(number)) as stage:
                        rows.setdefault(stage.name, []).append(asyncio.run(measure(stage)))
                except EngineMissing as error:
                    print(f"Without Kafka: {error.message}")
    print_table(
        f"Facts, from their commit to their effect; medians of {rounds} interleaved rounds on fresh servers",
        ["log", "events/s", "CPU ms an event", "delay p50 ms", "delay p99 ms", "servers MiB"],
        [[name, *(median(float(row[at]) for row in many) for at in range(1, 6))] for name, many in rows.items()],
        f"Delay at {_PACE_A_SECOND} facts a second. CPU: servers, relay, writer and consumer together; "
        f"{os.cpu_count()} cores. Memory: servers and relay.",
    )


if __name__ == "__main__":
    main()
