"""Recalls on a real server: each counted once, nothing from the sealed, and old answers forgotten."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

import pytest
from fixtures.marketplace_database import ProvisionedServer

from chassis.database.pool import Database
from chassis.event_log.postgres_log import PostgresEventLog
from consumption.budgets.errors import RequestOutdated
from consumption.budgets.ports import LeaseAnswer
from consumption.budgets.postgres_recall_store import PostgresRecallStore
from consumption.budgets.postgres_store import PostgresLeaseStore
from consumption.budgets.recalls import GivenBack, RecallRound
from consumption.budgets.rules import Wish, month_of
from consumption.settlement.postgres_store import PostgresSettlementStore
from consumption.settlement.rules import LeaseReturn

NOW = datetime.now(UTC)
_names = count(1)


@dataclass
class Scope:
    """One limit of 100 tokens, and the stores."""

    name: str
    worker: Database
    leases: PostgresLeaseStore
    recalls: PostgresRecallStore
    settlement: PostgresSettlementStore

    async def ask(self, holder: str, needed: int, recall: RecallRound | None = None, request: str = "") -> LeaseAnswer:
        name = request or f"r{next(_names)}"
        return await self.leases.acquire(self.holder(holder), name, [Wish(self.name, needed, needed)], NOW, recall)

    async def give(self, holder: str, return_id: str, amount: int, recall: int, newest_grant: int) -> None:
        given = GivenBack(self.name, month_of(NOW).end, amount, recall, newest_grant)
        await self.recalls.give_back(self.holder(holder), f"{self.name}/{return_id}", [given])

    def holder(self, name: str) -> str:
        return f"{self.name}/{name}"

    async def leased(self) -> tuple[int, int]:
        """By the balance and by the sum of its leases: always the same."""
        async with self.worker.transaction() as transaction:
            row = await transaction.fetch_one(
                "SELECT leased, (SELECT coalesce(sum(amount), 0) FROM leases WHERE scope_id = $1)::bigint AS held"
                " FROM balances WHERE scope_id = $1",
                self.name,
            )
        assert row is not None
        return row["leased"], row["held"]


@pytest.fixture
async def scope(marketplace_database: ProvisionedServer) -> AsyncIterator[Scope]:
    async with AsyncExitStack() as stack:
        url = marketplace_database.url("consumption_worker")
        worker = await stack.enter_async_context(Database.open(url, name="recalls"))
        settlement = PostgresSettlementStore(worker, PostgresEventLog(worker))
        name = f"key:recalls_{next(_names)}:tokens"
        async with worker.transaction() as transaction:
            await transaction.execute(
                "INSERT INTO limits (scope_id, team_id, kind, subject_id, unit, amount)"
                " VALUES ($1, 'tea_red', 'key', $1, 'tokens', 100)",
                name,
            )
        yield Scope(name, worker, PostgresLeaseStore(worker), PostgresRecallStore(worker), settlement)


async def test_what_another_holder_gives_back_is_granted(scope: Scope) -> None:
    number = (await scope.ask("idle", 90)).granted[0].number
    short = await scope.ask("asks", 30, RecallRound())
    assert short.awaited
    [recalled] = await scope.recalls.waiting(scope.holder("idle"))
    await scope.give("idle", "1", 60, recalled.number, number)
    assert not await scope.recalls.waiting(scope.holder("idle"))
    granted = await scope.ask("asks", 30, RecallRound(short.since))
    assert granted.granted[0].amount == 30
    assert await scope.leased() == (60, 60)


async def test_a_scope_is_full_once_everybody_has_said_so(scope: Scope) -> None:
    number = (await scope.ask("busy", 90)).granted[0].number
    short = await scope.ask("asks", 30, RecallRound())
    [recalled] = await scope.recalls.waiting(scope.holder("busy"))
    await scope.give("busy", "1", 0, recalled.number, number)
    full = await scope.ask("asks", 30, RecallRound(short.since))
    assert (full.granted, full.awaited, full.unanswered) == ((), False, {scope.name: 0})


async def test_a_holder_that_says_nothing_is_named_when_the_time_is_over(scope: Scope) -> None:
    await scope.ask("paused", 90)
    short = await scope.ask("asks", 30, RecallRound())
    over = await scope.ask("asks", 30, RecallRound(short.since, over=True))
    assert (over.awaited, over.unanswered) == (False, {scope.name: 90})


async def test_a_return_counts_once_and_not_at_all_after_the_seal(scope: Scope) -> None:
    await scope.ask("idle", 50)
    await scope.ask("other", 40)
    for _ in range(2):
        await scope.give("idle", "1", 10, 1, 10**12)
    assert await scope.leased() == (80, 80)
    await scope.settlement.seal(scope.holder("idle"), NOW)
    for return_id in ("1", "2"):
        await scope.give("idle", return_id, 10, 1, 10**12)
    journal = LeaseReturn(f"{scope.name}/3", ((scope.name, month_of(NOW).end, 10),))
    await scope.settlement.commit(scope.holder("idle"), [], [journal], NOW)
    assert await scope.leased() == (40, 40)


async def test_answers_are_forgotten_when_they_have_arrived_and_late_requests_refused(scope: Scope) -> None:
    for number in range(5):
        await scope.ask("h", 1, request=f"{number:04d}")
    await scope.leases.forget_answers(scope.holder("h"), "0003")
    with pytest.raises(RequestOutdated):
        await scope.ask("h", 1, request="0002")
    again = await scope.ask("h", 1, request="0003")
    assert again.granted[0].amount == 1
    assert await scope.leased() == (5, 5)
    async with scope.worker.transaction() as transaction:
        left = await transaction.fetch("SELECT 1 FROM lease_answers WHERE holder = $1", scope.holder("h"))
    assert len(left) == 2
