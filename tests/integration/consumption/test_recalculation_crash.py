"""The worker killed with SIGKILL while it recalculates: the next one goes on, and each call is corrected once.

KILL_CAMPAIGN=full kills it 900 times, otherwise nine; KILL_SEED sets where.
"""

import asyncio
import json
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import pytest
from fixtures.consumption_shop import Shop, Shopper, eventually
from fixtures.ledger_books import LedgerBooks, of_unknown_end, opened_books
from fixtures.marketplace_database import ProvisionedServer
from fixtures.report import tell

from chassis.clock import rfc3339
from chassis.database.transaction import Row
from chassis.event_log.postgres_log import PostgresEventLog
from consumption.facts import LEDGER_TOPIC
from consumption.ledger.postgres_store import PostgresLedger
from consumption.settlement.rules import EndedCall
from marketplace.events.v1.ledger_pb2 import RecalculationCompleted

PROGRAM = Path(__file__).parent / "recalculation_program.py"
ALL_KILLS = os.environ.get("KILL_CAMPAIGN") == "full"
LEGS = 20 if ALL_KILLS else 1
ROUNDS = 5 if ALL_KILLS else 1
SEED = int(os.environ.get("KILL_SEED", "20261130"))
# Each team's last batch is smaller than the others, so that nobody looks for one more.
TEAMS, CALLS, BATCH = 3, 120, 7
# A life that ends of itself takes a second; the database lets no statement take longer than 15.
LIFE_SECONDS = 30.0
WORKER = "mortal-recalculation"
# One statement, so that the record and what it counts are of one moment.
_RUN = """
    SELECT r.*, (SELECT count(*) FROM corrections c WHERE c.run_id = r.run_id) AS found,
        (SELECT coalesce(sum(c.difference), 0) FROM corrections c WHERE c.run_id = r.run_id) AS found_difference
    FROM recalculations r WHERE r.run_id = $1
"""
_BALANCES = "SELECT team_id, settled, corrected FROM balances WHERE scope_id LIKE '%:nanodollars' AND period_start = $1"


@dataclass(frozen=True)
class Death:
    """The pass of a point at which a life ends, and how many seconds later."""

    point: str
    passes: int
    delay: float = 0.0

    @property
    def steps(self) -> int:
        """How many steps such a life commits."""
        return self.passes - (self.point != "after the commit")

    def told(self, steps: int) -> str:
        """What it was, in a life that committed so many steps."""
        if not self.delay:
            return self.point
        if self.point == "before the commit":
            return "about a commit that held" if steps > self.steps else "about a commit that did not hold"
        return "anywhere"


def deaths(dice: random.Random) -> list[Death]:
    """One at each side of what a step does, one about its commit, one anywhere, and two in the last step."""
    sides = ("before the corrections", "before the balances", "after the balances", "before the commit")
    amid = [Death(point, dice.randint(1, 4)) for point in (*sides, "after the commit")]
    amid.append(Death("before the commit", dice.randint(1, 4), dice.uniform(0.000001, 0.0005)))
    amid.append(Death("before the corrections", 1, dice.uniform(0.001, 0.05)))
    dice.shuffle(amid)
    return [*amid, Death("before the end's event", 1), Death("after the end's event", 1)]


@dataclass
class Scene:
    """Settled calls of some teams, what each costs now, and a worker that dies."""

    teams: list[LedgerBooks]
    governor: Shopper
    url: str
    dice: random.Random
    calls: dict[str, EndedCall] = field(default_factory=dict[str, EndedCall])
    costs: dict[str, int | None] = field(default_factory=dict[str, int | None])

    @property
    def books(self) -> LedgerBooks:
        """Of the first team; all have one month and one database."""
        return self.teams[0]

    async def settle(self) -> None:
        """Calls of all kinds: priced, without a price, of unknown end, and such as no price makes dearer."""
        for books in self.teams:
            await books.state_price()
            ended = [self._call(books, number) for number in range(CALLS)]
            await books.settle(*ended)
            self.calls |= {call.usage.call_id: call for call in ended}
        self.costs = {call_id: call.usage.cost for call_id, call in self.calls.items()}

    def _call(self, books: LedgerBooks, number: int) -> EndedCall:
        tokens = self.dice.choices(range(10), k=2)
        call = books.call(number, *tokens, reserved=2, priced=self.dice.random() > 0.1)
        return of_unknown_end(call) if self.dice.random() < 0.1 else call

    async def reprice(self) -> dict[str, tuple[int | None, int]]:
        """Set another price for the past; by call, the cost before and after, where they differ."""
        given, taken = self.dice.randint(1, 9), self.dice.randint(1, 40)
        since = {"effective_from": rfc3339(self.books.month.start)}
        price = {"input_per_million": str(given), "output_per_million": str(taken)}
        for books in self.teams:
            await self.governor.good("POST", "/api/v1/prices", {"listing_id": books.listing_id, **price, **since})
        ended = {call_id: call.usage for call_id, call in self.calls.items() if call.usage.outcome != "unknown"}
        after = {
            call_id: (usage.prompt_tokens * given + usage.completion_tokens * taken) * 1000
            for call_id, usage in ended.items()
        }
        before, self.costs = self.costs, self.costs | after
        return {call_id: (before[call_id], cost) for call_id, cost in after.items() if before[call_id] != cost}

    async def start(self, request_id: str) -> str:
        month = self.books.month
        body = {"from": rfc3339(month.start), "to": rfc3339(month.end), "request_id": f"{self.books.team}/{request_id}"}
        return str((await self.governor.good("POST", "/api/v1/recalculations", body))["id"])

    async def live(self, death: Death | None = None) -> None:
        """One life of the worker, to its death, or until there is nothing left to do."""
        order = {"death": asdict(death) if death else None, "name": WORKER, "url": self.url, "batch": BATCH}
        process = await asyncio.create_subprocess_exec(sys.executable, str(PROGRAM), stdin=asyncio.subprocess.PIPE)
        try:
            async with asyncio.timeout(LIFE_SECONDS):
                await process.communicate(json.dumps(order).encode() + b"\n")
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == (-signal.SIGKILL if death else 0), death
        # What the dead one had sent may still be on its way into the tables.
        await eventually(self._is_gone)

    async def _is_gone(self) -> bool:
        return not await self.rows("SELECT 1 FROM pg_stat_activity WHERE application_name = $1", WORKER)

    async def rows(self, statement: str, *arguments: object) -> list[Row]:
        async with self.books.database.transaction(read_only=True) as transaction:
            return list(await transaction.fetch(statement, *arguments))

    async def run(self, run_id: str) -> Row:
        """The run's record, and what there is of its corrections."""
        [run] = await self.rows(_RUN, run_id)
        return run

    async def balances(self) -> dict[str, tuple[int, int]]:
        """By team, what its money is charged with, and what of that are corrections."""
        found = await self.rows(_BALANCES, self.books.month.start)
        return {row["team_id"]: (row["settled"], row["corrected"]) for row in found}

    async def counted(self) -> list[tuple[object, ...]]:
        """The usage rows, which nothing changes."""
        found = await self.rows(
            "SELECT call_id, cost_nanodollars, price_id, charges FROM usage_rows WHERE team_id = ANY($1) ORDER BY 1",
            [books.team for books in self.teams],
        )
        return [tuple(row.values()) for row in found]


@asynccontextmanager
async def opened_scene(server: ProvisionedServer, shop: Shop, leg: int) -> AsyncGenerator[Scene]:
    governor = shop.person(platform="admin", account=99)
    url = server.url("consumption_worker").get_secret_value()
    async with opened_books(server, leg, year=2021) as first:
        others = [replace(first, number=first.number + 100 * more) for more in range(1, TEAMS)]
        for books in others:
            await books.open()
        scene = Scene([first, *others], governor, url, random.Random(SEED + leg))
        await scene.settle()
        yield scene


@pytest.fixture(scope="module")
def survived() -> Iterator[Counter[str]]:
    """The kills of the legs that ended well, by where they came; told at the end."""
    kills: Counter[str] = Counter()
    yield kills
    if total := kills.total():
        tell(f"killed in a recalculation: {', '.join(f'{point} {n}' for point, n in sorted(kills.items()))}")
        tell(
            f"{total} SIGKILLs, seed {SEED}, no correction lost, none doubled: fewer than {min(1.0, 3 / total):.1%} of"
            " such kills harm a recalculation (3/n, 95 % sure)"
        )


@pytest.mark.parametrize("leg", [1, *(pytest.param(leg, marks=pytest.mark.campaign) for leg in range(2, LEGS + 1))])
async def test_a_worker_killed_anywhere_in_a_recalculation_corrects_each_call_once(
    marketplace_database: ProvisionedServer, shop: Shop, survived: Counter[str], leg: int
) -> None:
    async with opened_scene(marketplace_database, shop, leg) as scene:
        counted, charged = await scene.counted(), await scene.balances()
        kills: Counter[str] = Counter()
        for number in range(ROUNDS):
            due = await scene.reprice()
            run_id = await scene.start(f"round-{number}")
            for death in deaths(scene.dice):
                kills[death.told(await require_whole_steps(scene, run_id, death))] += 1
            await scene.live()
            await require_once(scene, run_id, due)
            await require_charged(scene, charged)
            await require_nothing_new(scene, run_id, f"round-{number}")
        assert await scene.counted() == counted
    survived.update(kills)


async def require_whole_steps(scene: Scene, run_id: str, death: Death) -> int:
    """What a life committed is kept, what it had begun is not there, and the record counts what is; its steps."""
    before = await scene.run(run_id)
    await scene.live(death)
    run = await scene.run(run_id)
    steps, said = steps_of(run) - steps_of(before), f"{death}, seed {SEED}: {dict(run)}"
    assert (run["corrected"], run["difference"]) == (run["found"], run["found_difference"]), said
    assert (run["state"], run["completed_at"]) == ("running", None), said
    assert (await PostgresLedger(scene.books.database).verify(scene.books.month)).deviations == (), said
    if "end" not in death.point:
        assert steps >= death.steps, said
        assert death.delay or steps == death.steps, said
    return steps


def steps_of(run: Row) -> int:
    """How many steps a run has made: the first one finds the first team, each further one takes a batch of a team's."""
    teams, rest = divmod(run["calls"], CALLS)
    return (run["place_team_id"] != "") + teams * -(-CALLS // BATCH) + -(-rest // BATCH)


async def require_once(scene: Scene, run_id: str, due: dict[str, tuple[int | None, int]]) -> None:
    """The run has come to its end: one correction for each call that costs something else now."""
    found = await scene.rows("SELECT call_id, old_cost, new_cost FROM corrections WHERE run_id = $1", run_id)
    assert sorted(row["call_id"] for row in found) == sorted(due)
    assert {row["call_id"]: (row["old_cost"], row["new_cost"]) for row in found} == due
    run = await scene.run(run_id)
    unknown = sum(call.usage.outcome == "unknown" for call in scene.calls.values())
    assert (run["state"], run["calls"], run["calls_total"]) == ("completed", len(scene.calls), len(scene.calls))
    assert (run["corrected"], run["without_price"], run["unknown_end"]) == (len(due), 0, unknown)
    assert run["difference"] == sum(new - (old or 0) for old, new in due.values())
    log = PostgresEventLog(scene.books.database)
    told = [event for event in await log.read(LEDGER_TOPIC, 0, 10_000) if event.key == run_id]
    [completed] = [event for event in told if event.type == RecalculationCompleted.DESCRIPTOR.full_name]
    fact = RecalculationCompleted.FromString(completed.data)
    assert (fact.calls, fact.corrected) == (run["calls"], run["corrected"])
    assert fact.difference_nanodollars == run["difference"]


async def require_charged(scene: Scene, first: dict[str, tuple[int, int]]) -> None:
    """Each team is charged with what its calls cost now, and all that is new of it are corrections."""
    costs: Counter[str] = Counter()
    for call_id, call in scene.calls.items():
        costs[call.usage.team_id] += scene.costs[call_id] or 0
    charged = {team: (cost, cost - first[team][0]) for team, cost in costs.items()}
    assert await scene.balances() == charged


async def require_nothing_new(scene: Scene, run_id: str, request_id: str) -> None:
    """The same request is the same run, and another one finds nothing to correct."""
    charged = await scene.balances()
    assert await scene.start(request_id) == run_id
    again = await scene.start(f"{request_id}-again")
    await scene.live()
    run = await scene.run(again)
    assert (run["state"], run["calls"], run["corrected"], run["found"]) == ("completed", len(scene.calls), 0, 0)
    assert await scene.balances() == charged
