"""Claims and replies on a real server: one effect for a key, the reply with its settlement, nothing of other teams."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from fixtures.marketplace_database import ProvisionedServer

from chassis.clock import SystemClock
from chassis.database.errors import RowRefused
from chassis.database.pool import Database
from chassis.event_log.postgres_log import PostgresEventLog
from chassis.ids import new_id
from consumption.replies.actions import Answered, ClaimReply, PurgeReplies
from consumption.replies.errors import ClaimantSealed
from consumption.replies.postgres_store import PostgresExpiredReplies, PostgresReplies
from consumption.replies.rules import LIFETIME, Claim, Reply, Standing
from consumption.settlement.postgres_store import PostgresSettlementStore
from consumption.settlement.rules import ClaimedReply, EndedCall, ReplyFate, UnmadeCall, UsageRow

NOW = datetime.now(UTC)
LINES = b"content-type: application/json\r\nx-request-id: call_1\r\n"
TOLD = ClaimedReply(ReplyFate.KEPT, 200, LINES, b'{"id":"c1"}')


@dataclass
class At:
    """A clock that stands."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment


@dataclass
class Desk:
    """The stores of replies and of settlement on one database."""

    runtime: Database
    worker: Database
    settlement: PostgresSettlementStore

    async def claim(self, claim: Claim, at: datetime = NOW) -> Answered:
        return await ClaimReply(PostgresReplies(self.runtime), At(at))(claim)

    async def end(self, claim: Claim, reply: ClaimedReply | None, outcome: str = "completed") -> int:
        return await self.settlement.commit(claim.holder, [EndedCall(usage(claim, outcome), (), reply)], [], NOW)

    async def unmade(self, claim: Claim) -> None:
        await self.settlement.commit(claim.holder, [], [], NOW, [UnmadeCall(claim.team_id, claim.call_id)])


@pytest.fixture
async def desk(marketplace_database: ProvisionedServer) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:

        async def opened(role: str) -> Database:
            return await stack.enter_async_context(Database.open(marketplace_database.url(role), name=role))

        worker = await opened("consumption_worker")
        settlement = PostgresSettlementStore(worker, PostgresEventLog(worker))
        yield Desk(await opened("consumption_runtime"), worker, settlement)


def a_claim(team: str = "tea_red", body: bytes = b"b", holder: str = "h1") -> Claim:
    """Under a key of its own."""
    scope = new_id("key", datetime.now(UTC)).encode()[-32:]
    return Claim(holder, team, scope, body * 32, new_id("call", datetime.now(UTC)))


def again(claim: Claim, **changes: object) -> Claim:
    """The retry of a call, which is a call of its own."""
    return replace(claim, call_id=new_id("call", datetime.now(UTC)), **changes)


def usage(claim: Claim, outcome: str) -> UsageRow:
    return UsageRow(
        call_id=claim.call_id,
        started_at=NOW,
        team_id=claim.team_id,
        account_id="acc_1",
        key_id="key_1",
        listing_id="lst_1",
        listing_version_id="ver_1",
        listing_name="red/chat",
        listing_version="1.0.0",
        provider="demo",
        model="demo-chat",
        prompt_tokens=3,
        cached_prompt_tokens=0,
        completion_tokens=4,
        cost=77,
        price_id="prc_1",
        outcome=outcome,
        estimated=False,
        streamed=False,
        status=200,
        duration=1000,
        first_byte=None,
    )


async def test_a_key_is_claimed_once_and_its_retry_gets_the_reply_that_was_settled(desk: Desk) -> None:
    claim = a_claim()
    assert (await desk.claim(claim)).standing is Standing.CLAIMED
    assert (await desk.claim(again(claim))).standing is Standing.IN_PROGRESS
    assert await desk.end(claim, TOLD) == 1
    answered = await desk.claim(again(claim))
    assert (answered.standing, answered.held.call_id) == (Standing.KEPT, claim.call_id)
    assert (answered.held.reply, answered.held.cost) == (Reply(200, LINES, b'{"id":"c1"}'), 77)
    assert (await desk.claim(again(claim, body_digest=b"x" * 32))).standing is Standing.DIFFERENT_BODY


async def test_of_many_claims_at_once_exactly_one_may_call(desk: Desk) -> None:
    claim = a_claim()
    answers = await asyncio.gather(*(desk.claim(again(claim, holder=f"h{number % 3}")) for number in range(12)))
    standings = [answered.standing for answered in answers]
    assert standings.count(Standing.CLAIMED) == 1
    assert standings.count(Standing.IN_PROGRESS) == 11


async def test_a_settlement_that_comes_again_leaves_the_reply_as_it_is(desk: Desk) -> None:
    claim = a_claim()
    await desk.claim(claim)
    await desk.end(claim, TOLD)
    assert await desk.end(claim, replace(TOLD, body=b"another")) == 0
    await desk.unmade(claim)
    answered = await desk.claim(again(claim))
    assert answered.held.reply == Reply(200, LINES, b'{"id":"c1"}')


@pytest.mark.parametrize("fate", [ReplyFate.TOO_LARGE, ReplyFate.CALLER_LEFT])
async def test_a_reply_that_is_not_kept_says_that_its_call_was_settled(desk: Desk, fate: ReplyFate) -> None:
    claim = a_claim()
    await desk.claim(claim)
    await desk.end(claim, ClaimedReply(fate, 200, LINES, None))
    answered = await desk.claim(again(claim))
    assert answered.standing.value == fate.value
    assert (answered.held.call_id, answered.held.cost, answered.held.reply) == (claim.call_id, 77, None)


async def test_a_call_that_was_not_made_or_not_charged_frees_its_key(desk: Desk) -> None:
    unmade, released = a_claim(), a_claim()
    for claim in (unmade, released):
        await desk.claim(claim)
    await desk.unmade(unmade)
    await desk.end(released, ClaimedReply(ReplyFate.RELEASED, 503, b"", None))
    for claim in (unmade, released):
        retry = again(claim)
        assert (await desk.claim(retry)).standing is Standing.CLAIMED
        # News of the first call that come once more do not touch the second's claim.
        await desk.unmade(claim)
        assert (await desk.claim(again(claim))).standing is Standing.IN_PROGRESS


async def test_a_call_of_unknown_end_is_never_made_again_under_its_key(desk: Desk) -> None:
    claim = a_claim()
    await desk.claim(claim)
    await desk.end(claim, None, "unknown")
    answered = await desk.claim(again(claim))
    assert (answered.standing, answered.held.call_id) == (Standing.UNKNOWN, claim.call_id)


async def test_a_sealed_holder_frees_the_keys_it_never_used_and_claims_no_more(desk: Desk) -> None:
    unused, unknown, settled = (a_claim(holder="dead") for _ in range(3))
    for claim in (unused, unknown, settled):
        await desk.claim(claim)
    await desk.end(unknown, None, "unknown")
    await desk.end(settled, TOLD)
    await desk.settlement.seal("dead", NOW)
    with pytest.raises(ClaimantSealed):
        await desk.claim(a_claim(holder="dead"))
    standings = [(await desk.claim(again(claim, holder="h2"))).standing for claim in (unused, unknown, settled)]
    assert standings == [Standing.CLAIMED, Standing.UNKNOWN, Standing.KEPT]


async def test_a_key_is_free_again_after_its_day_and_not_before(desk: Desk) -> None:
    claim = a_claim()
    await desk.claim(claim)
    await desk.end(claim, TOLD)
    assert (await desk.claim(again(claim), NOW + LIFETIME - timedelta(seconds=1))).standing is Standing.KEPT
    assert (await desk.claim(again(claim), NOW + LIFETIME)).standing is Standing.CLAIMED


async def test_the_purge_takes_what_is_expired_of_every_team_and_nothing_else(desk: Desk) -> None:
    old, young = [a_claim(team) for team in ("tea_red", "tea_blue")], a_claim()
    for claim in old:
        await desk.claim(claim, NOW - LIFETIME)
    await desk.claim(young)
    purge = PurgeReplies(PostgresExpiredReplies(desk.worker), SystemClock())
    assert await purge() == 2
    assert await purge() == 0
    assert (await desk.claim(again(young))).standing is Standing.IN_PROGRESS


async def test_the_same_key_of_two_teams_is_two_keys(desk: Desk) -> None:
    red = a_claim("tea_red")
    blue = again(red, team_id="tea_blue")
    assert (await desk.claim(red)).standing is Standing.CLAIMED
    assert (await desk.claim(blue)).standing is Standing.CLAIMED
    # Not even a wrong call id reaches across.
    await desk.settlement.commit("h1", [], [], NOW, [UnmadeCall("tea_blue", red.call_id)])
    assert (await desk.claim(again(red))).standing is Standing.IN_PROGRESS


async def test_the_runtime_role_reaches_no_other_teams_replies_even_by_a_wrong_query(desk: Desk) -> None:
    claim = a_claim("tea_red")
    await desk.claim(claim)
    await desk.end(claim, TOLD)
    for tenant in ("tea_green", None):
        async with desk.runtime.transaction(tenant) as transaction:
            assert await transaction.fetch("SELECT * FROM stored_replies") == []
            assert await transaction.execute("DELETE FROM stored_replies") == "DELETE 0"
    with pytest.raises(RowRefused):
        async with desk.runtime.transaction("tea_red") as transaction:
            await transaction.execute("UPDATE stored_replies SET body = 'forged'")
    assert (await desk.claim(again(claim))).held.reply == Reply(200, LINES, b'{"id":"c1"}')


async def test_a_team_s_replies_find_room_for_a_day_and_the_books_are_whole_where_they_do_not(desk: Desk) -> None:
    room = 2 * TOLD.size + 5
    small = replace(desk, settlement=PostgresSettlementStore(desk.worker, PostgresEventLog(desk.worker), room))
    red, blue = [[a_claim(team) for _ in range(3)] for team in ("tea_full", "tea_roomy")]
    for claim in red:
        await small.claim(claim)
        assert await small.end(claim, TOLD) == 1
    standings = [(await small.claim(again(claim))).standing for claim in red]
    assert standings == [Standing.KEPT, Standing.KEPT, Standing.TOO_LARGE]
    assert (await small.claim(again(red[2]))).held.cost == 77
    await small.claim(blue[0])
    await small.end(blue[0], TOLD)
    assert (await small.claim(again(blue[0]))).standing is Standing.KEPT, "another team has room of its own"
    later = NOW + timedelta(hours=25, minutes=5)
    await small.claim(blue[1], later)
    await small.claim(late := a_claim("tea_full"), later)
    await small.settlement.commit(late.holder, [EndedCall(usage(late, "completed"), (), TOLD)], [], later)
    assert (await small.claim(again(late), later)).standing is Standing.KEPT


async def test_the_room_of_days_gone_by_is_forgotten(desk: Desk) -> None:
    await desk.claim(claim := a_claim("tea_gone"))
    await desk.end(claim, TOLD)
    await PostgresExpiredReplies(desk.worker).purge(NOW + timedelta(hours=27), 10)
    async with desk.worker.transaction() as transaction:
        assert await transaction.fetch_value("SELECT count(*) FROM reply_room WHERE team_id = 'tea_gone'") == 0
