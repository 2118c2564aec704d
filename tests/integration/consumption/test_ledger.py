"""Leases and settlement on a real server: what money.md calls invariants 1, 4 and 5."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from fixtures.marketplace_database import ProvisionedServer
from msgspec import structs

from chassis.database.pool import Database
from chassis.database.transaction import Transaction
from chassis.event_log.port import Consumer, RecordedEvent
from chassis.event_log.postgres_log import PostgresEventLog
from chassis.ids import new_id
from consumption.budgets.errors import HolderSealed, ScopeNotFound
from consumption.budgets.limits_store import PostgresBalanceReader
from consumption.budgets.ports import LeaseAnswer
from consumption.budgets.postgres_store import PostgresLeaseStore
from consumption.budgets.rules import Balance, Wish, month_of
from consumption.keys.errors import KeyNotFound
from consumption.keys.event_handlers import key_ending_consumer
from consumption.keys.events import REVOKED
from consumption.keys.events import TOPIC as KEY_TOPIC
from consumption.keys.ports import Deed
from consumption.keys.postgres_store import PostgresKeyStore
from consumption.keys.records_store import PostgresKeyRecords, PostgresTeamKeys
from consumption.keys.rules import Key, NewSecret, digest_of, limits_of_key
from consumption.settlement.postgres_store import PostgresSettlementStore
from consumption.settlement.rules import Charge, EndedCall, LeaseReturn, UsageRow
from consumption.usage.postgres_store import PostgresUsageReader
from consumption.usage.rules import GroupBy
from marketplace.events.v1.identity_pb2 import TeamArchived

NOW = datetime.now(UTC)


@dataclass
class Ledger:
    """The stores of consumption on one database."""

    runtime: Database
    worker: Database
    keys: PostgresKeyStore
    leases: PostgresLeaseStore
    settlement: PostgresSettlementStore

    async def make_key(self, *, tokens: int | None = 1000, team: str = "tea_red") -> Key:
        key = Key(
            key_id=new_id("key", NOW),
            team_id=team,
            team_slug="red",
            account_id="acc_1",
            name="test",
            hint="mkt-...abcd",
            state="active",
            created_at=NOW,
            monthly_tokens=tokens,
        )
        await self.keys.add(key, NewSecret(digest_of(key.key_id, b"pepper"), "hash", "mkt-...abcd"), limits_of_key(key))
        return key

    async def balance(self, key: Key) -> Balance:
        rows = await PostgresBalanceReader(self.runtime).of_team(key.team_id, NOW)
        return next(row for row in rows if row.limit.scope_id == scope(key))

    async def lease(self, key: Key, needed: int, holder: str = "h1", request: str = "r1") -> LeaseAnswer:
        wishes = [Wish(scope(key), needed, needed)]
        return await self.leases.acquire(holder, f"{key.key_id}/{request}", wishes, NOW)

    async def settle(self, *calls: EndedCall, holder: str = "h1", returns: tuple[LeaseReturn, ...] = ()) -> int:
        return await self.settlement.commit(holder, calls, returns, NOW)


@pytest.fixture
async def ledger(marketplace_database: ProvisionedServer) -> AsyncIterator[Ledger]:
    async with AsyncExitStack() as stack:

        async def opened(role: str) -> Database:
            return await stack.enter_async_context(Database.open(marketplace_database.url(role), name=role))

        runtime, worker = await opened("consumption_runtime"), await opened("consumption_worker")
        yield Ledger(
            runtime,
            worker,
            PostgresKeyStore(runtime, PostgresEventLog(runtime)),
            PostgresLeaseStore(worker),
            PostgresSettlementStore(worker, PostgresEventLog(worker)),
        )


def scope(key: Key) -> str:
    return f"key:{key.key_id}:tokens"


def call(key: Key, spent: int, reserved: int, outcome: str = "completed", number: int | None = None) -> EndedCall:
    usage = UsageRow(
        call_id=new_id("call", NOW) if number is None else f"call_{key.key_id}_{number}",
        started_at=NOW,
        team_id=key.team_id,
        account_id=key.account_id,
        key_id=key.key_id,
        listing_id="lst_1",
        listing_version_id="ver_1",
        listing_name="red/chat",
        listing_version="1.0.0",
        provider="demo",
        model="demo-chat",
        prompt_tokens=spent,
        cached_prompt_tokens=0,
        completion_tokens=0,
        cost=spent * 2,
        price_id="prc_1",
        outcome=outcome,
        estimated=False,
        streamed=False,
        status=200,
        duration=1000,
        first_byte=None,
    )
    return EndedCall(usage, (Charge(scope(key), reserved, spent, month_of(NOW).end),))


async def test_what_is_leased_and_spent_never_passes_the_limit(ledger: Ledger) -> None:
    key = await ledger.make_key(tokens=100)
    assert (await ledger.lease(key, 60, request="a")).granted[0].amount == 60
    refused = await ledger.lease(key, 60, request="b")
    assert refused.granted == ()
    assert refused.short[0].free == 40
    balance = await ledger.balance(key)
    assert (balance.settled, balance.leased, balance.remaining) == (0, 60, 100)


async def test_exactly_as_many_leases_are_granted_as_fit_under_a_rush(ledger: Ledger) -> None:
    key = await ledger.make_key(tokens=70)
    answers = await asyncio.gather(*(ledger.lease(key, 10, f"h{n % 4}", f"r{n}") for n in range(30)))
    assert sum(bool(answer.granted) for answer in answers) == 7
    assert (await ledger.balance(key)).leased == 70


async def test_a_repeated_request_gets_the_same_answer_and_takes_nothing_twice(ledger: Ledger) -> None:
    key = await ledger.make_key(tokens=100)
    first = await ledger.lease(key, 30, request="same")
    again = await ledger.lease(key, 30, request="same")
    assert first.granted[0].amount == again.granted[0].amount == 30
    assert (await ledger.balance(key)).leased == 30


async def test_a_request_repeated_in_the_next_month_is_answered_with_the_month_of_its_lease(ledger: Ledger) -> None:
    key = await ledger.make_key(tokens=100)
    first = await ledger.lease(key, 60)
    next_month = month_of(NOW).end + timedelta(hours=1)
    wishes = [Wish(scope(key), 60, 60)]
    again = await ledger.leases.acquire("h1", f"{key.key_id}/r1", wishes, next_month)
    assert [(grant.amount, grant.number, grant.balance.month) for grant in again.granted] == [
        (60, first.granted[0].number, month_of(NOW))
    ]
    fresh = await ledger.leases.acquire("h1", f"{key.key_id}/r2", wishes, next_month)
    assert [grant.balance.month for grant in fresh.granted] == [month_of(next_month)]
    assert (await ledger.balance(key)).leased == 60


async def test_a_wish_for_several_scopes_is_granted_whole_or_not_at_all(ledger: Ledger) -> None:
    rich, poor = await ledger.make_key(tokens=100), await ledger.make_key(tokens=5)
    answer = await ledger.leases.acquire("h1", "both", [Wish(scope(rich), 10, 10), Wish(scope(poor), 10, 10)], NOW)
    assert answer.granted == ()
    assert [short.limit.scope_id for short in answer.short] == [scope(poor)]
    assert (await ledger.balance(rich)).leased == 0


async def test_settling_moves_what_was_spent_and_leaves_the_rest_leased(ledger: Ledger) -> None:
    key = await ledger.make_key(tokens=100)
    await ledger.lease(key, 60)
    assert await ledger.settle(call(key, spent=20, reserved=50)) == 1
    balance = await ledger.balance(key)
    assert (balance.settled, balance.leased, balance.remaining) == (20, 40, 80)


async def test_a_batch_that_comes_again_changes_nothing(ledger: Ledger) -> None:
    key = await ledger.make_key(tokens=100)
    await ledger.lease(key, 60)
    batch = [call(key, 10, 10, number=number) for number in range(3)]
    returned = (LeaseReturn(new_id("ret", NOW), ((scope(key), month_of(NOW).end, 5),)),)
    assert await ledger.settle(*batch, returns=returned) == 3
    before = await ledger.balance(key)
    assert await ledger.settle(*batch, returns=returned) == 0
    assert await ledger.settle(*batch[:1], call(key, 1, 1, number=9), returns=returned) == 1
    after = await ledger.balance(key)
    assert (before.settled, before.leased) == (30, 25)
    assert (after.settled, after.leased) == (31, 24)


async def test_a_call_of_unknown_end_is_charged_at_its_reservation(ledger: Ledger) -> None:
    key = await ledger.make_key(tokens=100)
    await ledger.lease(key, 60)
    await ledger.settle(call(key, spent=7, reserved=50, outcome="unknown"))
    balance = await ledger.balance(key)
    assert (balance.settled, balance.unknown, balance.leased, balance.remaining) == (0, 50, 10, 50)


async def test_what_the_vendor_bills_beyond_the_reservation_is_overdraft_and_charged(ledger: Ledger) -> None:
    key = await ledger.make_key(tokens=100)
    await ledger.lease(key, 10)
    await ledger.settle(call(key, spent=150, reserved=10))
    balance = await ledger.balance(key)
    assert (balance.settled, balance.overdraft, balance.leased, balance.remaining) == (150, 140, 0, 0)


async def test_a_sealed_holder_gives_back_what_it_leased_and_gets_no_more(ledger: Ledger) -> None:
    key = await ledger.make_key(tokens=100)
    await ledger.lease(key, 60, "dead")
    await ledger.settle(call(key, 20, 20), holder="dead")
    await ledger.settlement.seal("dead", NOW)
    await ledger.settlement.seal("dead", NOW)
    balance = await ledger.balance(key)
    assert (balance.settled, balance.leased, balance.remaining) == (20, 0, 80)
    with pytest.raises(HolderSealed):
        await ledger.lease(key, 1, "dead", "late")


async def test_an_unknown_scope_is_refused(ledger: Ledger) -> None:
    with pytest.raises(ScopeNotFound):
        await ledger.leases.acquire("h1", "r", [Wish("key:nobody:tokens", 1, 1)], NOW)


async def test_usage_agrees_with_the_balance_to_the_token_and_is_its_teams_alone(ledger: Ledger) -> None:
    key = await ledger.make_key(tokens=1000, team="tea_sums")
    await ledger.lease(key, 500)
    await ledger.settle(*(call(key, spent, spent, number=spent) for spent in (10, 20, 30)))
    reader = PostgresUsageReader(ledger.runtime)
    span = (NOW - timedelta(hours=1), NOW + timedelta(hours=1))
    sums = await reader.sums("tea_sums", *span, GroupBy.LISTING)
    assert [(one.group, one.calls, one.prompt_tokens, one.cost) for one in sums] == [("red/chat", 3, 60, 120)]
    assert (await ledger.balance(key)).settled == 60
    assert await reader.sums("tea_other", *span, GroupBy.LISTING) == []
    assert len(await reader.calls("tea_sums", None, key.key_id, 10)) == 3


async def test_a_call_without_a_known_price_is_counted_apart_and_never_as_zero(ledger: Ledger) -> None:
    key = await ledger.make_key(team="tea_unpriced")
    ended = call(key, 5, 5)
    await ledger.lease(key, 10)
    await ledger.settle(EndedCall(structs.replace(ended.usage, cost=None), ended.charges))
    reader = PostgresUsageReader(ledger.runtime)
    [one] = await reader.sums("tea_unpriced", NOW - timedelta(hours=1), NOW + timedelta(hours=1), GroupBy.DAY)
    assert (one.calls, one.unpriced_calls, one.cost) == (1, 1, 0)


async def test_the_runtime_role_reaches_no_other_teams_keys_even_by_a_wrong_query(ledger: Ledger) -> None:
    key = await ledger.make_key(team="tea_red")
    async with ledger.runtime.transaction("tea_blue") as transaction:
        assert await transaction.fetch("SELECT * FROM keys") == []
        assert await transaction.execute("UPDATE keys SET state = 'revoked'") == "UPDATE 0"
    async with ledger.runtime.transaction() as transaction:
        assert await transaction.fetch("SELECT * FROM keys") == []
    with pytest.raises(KeyNotFound):
        await ledger.keys.find("tea_blue", key.key_id)
    assert (await ledger.keys.find("tea_red", key.key_id)).state == "active"


async def test_a_key_is_found_by_its_digest_until_it_is_revoked_and_keeps_its_limits(ledger: Ledger) -> None:
    key = await ledger.make_key(tokens=50)
    records = PostgresKeyRecords(ledger.worker)
    digest = digest_of(key.key_id, b"pepper")
    deed = Deed("acc_1", NOW)
    assert [limit.amount for limit in (await records.by_digest(digest, NOW)).limits] == [50]
    free = replace(key, monthly_tokens=None)
    await ledger.keys.change(free, limits_of_key(free), deed, ["monthly_tokens"])
    assert (await records.by_digest(digest, NOW)).limits == ()
    await ledger.keys.revoke(key.team_id, key.key_id, deed)
    assert (await records.by_digest(digest, NOW)).key.state == "revoked"
    with pytest.raises(KeyNotFound):
        await records.by_digest(b"nobody", NOW)


async def test_the_keys_of_an_archived_team_end_and_nobody_elses(ledger: Ledger) -> None:
    gone, other = await ledger.make_key(team="tea_gone"), await ledger.make_key(team="tea_stays")
    log = PostgresEventLog(ledger.worker)
    consumer = key_ending_consumer(PostgresTeamKeys(log))
    archived = consumer.handlers[TeamArchived.DESCRIPTOR.full_name]
    event = RecordedEvent(
        *(new_id("evt", NOW), consumer.topic, "tea_gone", TeamArchived.DESCRIPTOR.full_name, "admin", NOW),
        TeamArchived(team_id="tea_gone").SerializeToString(),
    )
    for _ in range(2):
        async with ledger.worker.transaction() as transaction:
            await archived(transaction, event)
    assert (await ledger.keys.find("tea_gone", gone.key_id)).state == "revoked"
    assert (await ledger.keys.find("tea_stays", other.key_id)).state == "active"
    told: list[str] = []

    async def hear(_: Transaction, event: RecordedEvent) -> None:
        told.append(event.key)

    while await log.consume_once(Consumer("consumption.test", KEY_TOPIC, {REVOKED: hear})):
        continue
    assert told.count(gone.key_id) == 1
    assert other.key_id not in told


async def test_absurd_usage_fills_its_own_balance_and_settles_all_the_same(ledger: Ledger) -> None:
    absurd, usual = await ledger.make_key(), await ledger.make_key()
    for key in (absurd, usual):
        await ledger.lease(key, 100)
    calls = [call(absurd, 2**62 - 1, 10) for _ in range(3)]
    assert await ledger.settle(*calls, call(usual, 7, 10)) == 4
    assert await ledger.settle(call(absurd, 2**62 - 1, 10)) == 1
    assert (await ledger.balance(absurd)).free == 0
    assert (await ledger.lease(absurd, 1, request="r2")).granted == ()
    assert (await ledger.balance(usual)).settled == 7
