"""Each committed event takes effect once and in order, whatever is killed; `EVENT_CAMPAIGN=full` for the whole."""

import asyncio
import secrets
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from fixtures.engines import SHELF, skip_or_fail
from fixtures.event_campaign import Processes, Size, effects, hold_a_transaction, kill_along, settled, write
from fixtures.marketplace_database import ProvisionedServer
from fixtures.postgres import database_url, run_statement
from fixtures.report import tell

from chassis.errors import MarketplaceError
from fleet import one_part
from fleet.embedded_postgres import embedded_postgres
from fleet.engines.kafka_server import kafka_server
from fleet.migrations import migrate
from fleet.part import Part
from fleet.ports import free_port_numbers

pytestmark = pytest.mark.campaign
SEED = 20261127


@dataclass
class Killable:
    """One engine of this test's own."""

    part: Part
    log: Path

    def __post_init__(self) -> None:
        self.process = one_part.start(self.part, self.log)

    def kill(self) -> None:
        """SIGKILL, a moment without it, and the same again."""
        self.process.kill()
        self.process.wait()
        time.sleep(1)
        self.process = one_part.start(self.part, self.log)

    def stop(self) -> None:
        one_part.stop(self.part, self.process)


@pytest.fixture
def server(tmp_path: Path, role_passwords: dict[str, str]) -> Iterator[tuple[ProvisionedServer, Killable]]:
    """A marketplace's database on a server that may be killed."""
    engine = embedded_postgres(tmp_path / "postgres", secrets.token_urlsafe(18), crash_safe=False)
    killable = Killable(engine.part, tmp_path / "postgres.log")
    found = ProvisionedServer(engine.url(), role_passwords)
    asyncio.run(
        migrate(
            lambda name: database_url(engine.url(), name),
            lambda role: found.url(role).get_secret_value(),
            lambda role: role_passwords[role],
        )
    )
    run_statement(
        found.url("discovery_migrator").get_secret_value(),
        "CREATE TABLE campaign (place bigserial PRIMARY KEY, event_id text, key text, position bigint)",
    )
    for table in ("campaign", "campaign_place_seq"):
        run_statement(found.url("discovery_migrator").get_secret_value(), f"GRANT ALL ON {table} TO discovery_worker")
    yield found, killable
    killable.stop()


@pytest.fixture
def kafka(tmp_path: Path) -> Iterator[tuple[str, Killable]]:
    """A broker that may be killed."""
    try:
        made = kafka_server(SHELF, tmp_path / "kafka", *free_port_numbers(2))
    except MarketplaceError as error:
        skip_or_fail(f"no Kafka: {error.message}")
    killable = Killable(made.part, tmp_path / "kafka.log")
    yield f"kafka://{made.bootstrap}", killable
    killable.stop()


async def test_postgres_log_under_kills(server: tuple[ProvisionedServer, Killable], tmp_path: Path) -> None:
    found, postgres = server
    consumer = found.url("discovery_worker").get_secret_value()
    processes = Processes(tmp_path, {"consumer": ["consume", consumer]})
    await _campaign("PostgreSQL log", found, processes, {"PostgreSQL": postgres.kill})


@pytest.mark.engines
async def test_kafka_under_kills(
    server: tuple[ProvisionedServer, Killable], kafka: tuple[str, Killable], tmp_path: Path
) -> None:
    found, _ = server
    url, broker = kafka
    commands = {
        "relay": ["relay", found.url("relay_worker").get_secret_value(), url],
        "consumer": ["consume", found.url("discovery_worker").get_secret_value(), url],
        "second": ["consume", found.url("discovery_worker").get_secret_value(), url],
    }
    await _campaign("Kafka", found, Processes(tmp_path, commands), {"broker": broker.kill})


async def _campaign(
    name: str, server: ProvisionedServer, processes: Processes, engines: dict[str, Callable[[], None]]
) -> None:
    size = Size.chosen()
    watched = database_url(server.superuser_url, "marketplace")
    began = time.monotonic()

    def restart() -> None:
        for program in processes.commands:
            processes.kill(program)
            processes.start(program)

    kinds = {engine: (size.engine_kills, kill) for engine, kill in engines.items()}
    kinds["consumer"] = (size.consumer_kills, restart)
    with ExitStack() as ending:
        ending.callback(processes.stop)
        for program in processes.commands:
            processes.start(program)
        holding = asyncio.create_task(hold_a_transaction(server.superuser_url))
        killing = asyncio.create_task(kill_along(watched, size, kinds))
        books = await write(server, size, SEED)
        killed = await killing
        log, taken = await settled(watched)
        holding.cancel()
    times = Counter(event_id for event_id, _, _ in taken)
    assert books.committed <= log.keys()
    assert not books.rolled_back & log.keys()
    assert set(times) == set(log)
    assert not [event_id for event_id, count in times.items() if count > 1]
    per_key: dict[str, list[int]] = defaultdict(list)
    for _, key, position in taken:
        per_key[key].append(position)
    assert all(positions == sorted(positions) for positions in per_key.values())
    kills = ", ".join(f"{what} {count} times" for what, count in killed.items())
    tell(
        f"{name}: {len(log)} events over {len(per_key)} keys, {len(books.rolled_back)} rolled back; killed: {kills};"
        f" each took effect once, in order ({time.monotonic() - began:.0f} s); bound 3/n = {3 / len(log):.1e}"
    )
    assert await effects(watched) == len(log)
