"""Tiers and budgets of every level: who sets them, what follows from them, and when they begin anew."""

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from fixtures.consumption_shop import PEPPER, Shop, Shopper, eventually, numbered
from fixtures.marketplace_database import ProvisionedServer

from chassis.clock import rfc3339
from chassis.database.errors import RowRefused
from chassis.database.pool import Database
from chassis.event_log.port import Consumer, RecordedEvent
from chassis.event_log.postgres_log import PostgresEventLog
from consumption.budgets.levels import Subject, scopes_above
from consumption.budgets.postgres_store import PostgresLeaseStore
from consumption.budgets.rules import Wish, month_of
from consumption.facts import KEY_TOPIC
from dataplane.control_plane.keys_client import GrpcKeyRecords
from dataplane.key_check import Authenticate
from dataplane.records import KeyRecord, RateLimits
from marketplace.events.v1.key_pb2 import BudgetChanged, TierChanged

TIERS, BUDGETS, KEYS, QUOTA = "/api/v1/tiers", "/api/v1/budgets", "/api/v1/keys", "/api/v1/quota"
SLOW = {"requests_per_second": 10, "burst": 15, "tokens_per_minute": 1000, "max_concurrency": 2}


@pytest.fixture
async def worker(marketplace_database: ProvisionedServer) -> AsyncIterator[Database]:
    """The role that sees all teams."""
    async with Database.open(marketplace_database.url("consumption_worker"), name="test", size=2) as database:
        yield database


@pytest.fixture
def governor(shop: Shop) -> Shopper:
    """An admin of the platform."""
    return shop.person(platform="admin", account=99)


async def record_of(shop: Shop, secret: str) -> KeyRecord:
    """A key as a gateway that knows nothing yet learns of it."""
    async with shop.gateway() as peer:
        authenticate = Authenticate(GrpcKeyRecords(peer, time.monotonic), PEPPER.encode())
        return await authenticate(authenticate.sent(secret.encode()), time.time_ns() // 1000)


async def test_a_tier_is_made_and_changed_by_the_platforms_people_and_its_keys_follow(
    shop: Shop, governor: Shopper
) -> None:
    owner = shop.person(team=20)
    assert await owner.refused("PUT", f"{TIERS}/slow", SLOW) == (403, "forbidden")
    assert await owner.refused("POST", KEYS, {"name": "k", "tier": "slow"}) == (422, "tier_unknown")
    await governor.good("PUT", f"{TIERS}/slow", {**SLOW, "monthly_token_quota": 700})
    assert "slow" in {tier["name"] for tier in (await owner.good("GET", TIERS))["items"]}
    plain = await owner.good("POST", KEYS, {"name": "plain", "tier": "slow"})
    small = await owner.good("POST", KEYS, {"name": "small", "tier": "slow", "monthly_token_quota": 300})
    too_much = {"name": "large", "tier": "slow", "monthly_token_quota": 701}
    assert await owner.refused("POST", KEYS, too_much) == (422, "above_tier")
    assert (await record_of(shop, plain["key"])).limits == RateLimits(10, 15, 1000, 2)
    for quota, limits in ((700, [700, 300]), (200, [200, 200]), (None, [None, 300]), (900, [900, 300])):
        await governor.good("PUT", f"{TIERS}/slow", {**SLOW, "monthly_token_quota": quota})
        found = [(await record_of(shop, key["key"])).scopes for key in (plain, small)]
        assert [scopes[0].limit if scopes else None for scopes in found] == limits
    assert (await owner.good("GET", f"{KEYS}/{plain['id']}"))["monthly_token_quota"] is None


@pytest.mark.parametrize(
    "bounds", [{"requests_per_second": 9, "burst": 9}, {"requests_per_second": 1001, "burst": 1001}, {"burst": 5}]
)
async def test_a_tier_outside_ten_to_a_thousand_requests_a_second_is_refused(
    governor: Shopper, bounds: dict[str, int]
) -> None:
    assert await governor.refused("PUT", f"{TIERS}/odd", bounds) == (422, "invalid_input")
    assert "odd" not in {tier["name"] for tier in (await governor.good("GET", TIERS))["items"]}


async def test_budgets_of_every_level_bound_a_key_in_their_order_and_show_in_the_quota(
    shop: Shop, governor: Shopper
) -> None:
    owner = shop.person(team=21)
    key = await owner.good("POST", KEYS, {"name": "k", "monthly_budget": "1"})
    team, me = owner.principal.tenant or "", owner.principal.account_id
    for path, person, tokens in (
        ("platform", governor, 10**9),
        (f"teams/{team}", governor, 10**6),
        (f"users/{me}", owner, 10**4),
    ):
        body = {"monthly_token_quota": tokens, "monthly_budget": "2.5"}
        [tokens_left, money_left] = (await person.good("PUT", f"{BUDGETS}/{path}", body))["items"][::-1]
        assert (tokens_left["limit"], tokens_left["remaining"]) == (str(tokens), str(tokens))
        assert (money_left["unit"], money_left["limit"]) == ("usd", "2.5")
    scopes = (await record_of(shop, key["key"])).scopes
    assert [(scope.kind, scope.unit, scope.limit) for scope in scopes] == [
        ("platform", "tokens", 10**9),
        ("platform", "nanodollars", 2_500_000_000),
        ("team", "tokens", 10**6),
        ("team", "nanodollars", 2_500_000_000),
        ("user", "tokens", 10**4),
        ("user", "nanodollars", 2_500_000_000),
        ("key", "nanodollars", 1_000_000_000),
    ]
    assert [scope.scope_id for scope in scopes[:6]] == scopes_above(team, me)
    shown = (await owner.good("GET", QUOTA))["items"]
    assert {(one["kind"], one["subject"]) for one in shown} == {("team", team), ("user", me), ("key", key["id"])}
    assert {one["resets_at"] for one in shown} == {rfc3339(month_of(datetime.now(UTC)).end)}
    seen = (await governor.good("GET", f"{BUDGETS}?team_id={team}"))["items"]
    assert {one["kind"] for one in seen} == {"platform", "team", "user", "key"}
    nothing = {"monthly_token_quota": None, "monthly_budget": None}
    assert (await governor.good("PUT", f"{BUDGETS}/platform", nothing))["items"] == []
    assert {one["kind"] for one in (await governor.good("GET", BUDGETS))["items"]} == set()


async def test_the_teams_own_budget_is_shown_before_those_of_a_thousand_keys(
    shop: Shop, governor: Shopper, worker: Database
) -> None:
    owner = shop.person(team=27)
    team = owner.principal.tenant or ""
    await governor.good("PUT", f"{BUDGETS}/teams/{team}", {"monthly_token_quota": 5, "monthly_budget": None})
    await governor.good("PUT", f"{BUDGETS}/platform", {"monthly_token_quota": 10**9, "monthly_budget": None})
    add_keys = (
        "INSERT INTO limits (scope_id, team_id, kind, subject_id, unit, amount)"
        " SELECT 'key:many_' || n || ':tokens', $1, 'key', 'many_' || n, 'tokens', 5"
        " FROM generate_series($2, $3::int) n"
    )
    for first, last, more in ((1, 998, False), (999, 1001, True)):
        async with worker.transaction() as transaction:
            await transaction.execute(add_keys, team, first, last)
        mine = await owner.good("GET", QUOTA)
        all_seen = await governor.good("GET", f"{BUDGETS}?team_id={team}")
        assert [one["kind"] for one in mine["items"][:2]] == ["team", "key"]
        assert [one["kind"] for one in all_seen["items"][:3]] == ["platform", "team", "key"]
        assert (len(mine["items"]), len(all_seen["items"])) == (min(1000, last + 1), 1000)
        assert (mine["more"], all_seen["more"]) == (more, more)
    nothing = {"monthly_token_quota": None, "monthly_budget": None}
    await governor.good("PUT", f"{BUDGETS}/platform", nothing)


async def test_limits_of_keys_that_can_call_no_more_are_shown_in_the_months_in_which_they_did(
    shop: Shop, worker: Database
) -> None:
    owner = shop.person(team=28)
    body = {"monthly_token_quota": 100}
    used, unused, ending, going = [await owner.good("POST", KEYS, {"name": name, **body}) for name in "abcd"]
    wish = [Wish(f"key:{used['id']}:tokens", 60, 60)]
    assert (await PostgresLeaseStore(worker).acquire("h28", "r1", wish, datetime.now(UTC))).granted
    for key in (used, unused):
        await owner.good("DELETE", f"{KEYS}/{key['id']}")
    async with worker.transaction() as transaction:
        ended = datetime.now(UTC) - timedelta(seconds=1)
        await transaction.execute("UPDATE keys SET expires_at = $2 WHERE key_id = $1", ending["id"], ended)
    shown = (await owner.good("GET", QUOTA))["items"]
    assert {one["subject"] for one in shown} == {used["id"], going["id"]}


async def test_each_level_is_set_by_its_own_people_alone_and_reaches_no_other_team(
    shop: Shop, governor: Shopper
) -> None:
    owner, member = shop.person(team=22), shop.person(team=22, role="member", account=2)
    team = owner.principal.tenant
    body = {"monthly_token_quota": 5, "monthly_budget": None}
    for path in ("platform", f"teams/{team}"):
        assert await owner.refused("PUT", f"{BUDGETS}/{path}", body) == (403, "forbidden")
    assert await member.refused("PUT", f"{BUDGETS}/users/{numbered('acc', 2)}", body) == (403, "forbidden")
    assert await governor.refused("PUT", f"{BUDGETS}/users/{numbered('acc', 2)}", body) == (403, "forbidden")
    assert await owner.refused("PUT", f"{BUDGETS}/users/{numbered('acc', 2)}", {}) == (422, "invalid_input")
    await owner.good("PUT", f"{BUDGETS}/users/{numbered('acc', 2)}", body)
    mine, theirs = shop.person(team=22, account=2), shop.person(team=23, account=2)
    for person, limits in ((mine, [5]), (theirs, [])):
        key = await person.good("POST", KEYS, {"name": "k"})
        assert [one.limit for one in (await record_of(shop, key["key"])).scopes if one.kind == "user"] == limits
    assert (await theirs.good("GET", QUOTA))["items"] == []


async def test_a_wrong_query_of_the_teams_role_sets_no_budget_of_the_team_or_the_platform(
    shop: Shop, governor: Shopper, marketplace_database: ProvisionedServer
) -> None:
    team = shop.person(team=24).principal.tenant or ""
    await governor.good("PUT", f"{BUDGETS}/teams/{team}", {"monthly_token_quota": 5, "monthly_budget": None})
    async with Database.open(marketplace_database.url("consumption_runtime"), name="test", size=1) as database:
        async with database.transaction(team) as transaction:
            tag = await transaction.execute("UPDATE limits SET amount = 1000000 WHERE kind = 'team'")
            assert tag == "UPDATE 0"
        for kind, owner in (("team", team), ("platform", "platform")):
            with pytest.raises(RowRefused):
                async with database.transaction(team) as transaction:
                    await transaction.execute(
                        "INSERT INTO limits (scope_id, team_id, kind, subject_id, unit, amount)"
                        " VALUES ('forged', $1, $2, $1, 'tokens', 1)",
                        *(owner, kind),
                    )


async def test_a_quota_that_was_used_up_is_whole_again_in_the_next_month_by_itself(
    shop: Shop, worker: Database
) -> None:
    owner = shop.person(team=25)
    team = Subject.team(owner.principal.tenant or "")
    body = {"monthly_token_quota": 100, "monthly_budget": None}
    await shop.person(platform="super_admin").good("PUT", f"{BUDGETS}/teams/{team.team_id}", body)
    leases = PostgresLeaseStore(worker)
    month = month_of(datetime(2026, 12, 15, tzinfo=UTC))
    last, next_one = month.end - timedelta(microseconds=1), month.end
    wish = [Wish(f"{team.scope}:tokens", 60, 60)]
    assert (await leases.acquire("h1", "r1", wish, month.start)).granted
    [short] = (await leases.acquire("h1", "r2", wish, last)).short
    assert (short.free, short.month.end) == (40, datetime(2027, 1, 1, tzinfo=UTC))
    [grant] = (await leases.acquire("h1", "r3", wish, next_one)).granted
    assert (grant.balance.free, grant.balance.month.start) == (100, datetime(2027, 1, 1, tzinfo=UTC))
    assert (await leases.acquire("h1", "r4", wish, last)).short


async def test_who_set_what_stands_in_the_events(shop: Shop, governor: Shopper, worker: Database) -> None:
    team = numbered("tea", 26)
    await governor.good("PUT", f"{TIERS}/told", {**SLOW, "monthly_token_quota": 0})
    await governor.good("PUT", f"{BUDGETS}/teams/{team}", {"monthly_token_quota": None, "monthly_budget": "3"})
    told: list[TierChanged | BudgetChanged] = []

    async def hear(_: object, event: RecordedEvent) -> None:
        kind = TierChanged if event.type == TierChanged.DESCRIPTOR.full_name else BudgetChanged
        told.append(kind.FromString(event.data))

    names = (TierChanged.DESCRIPTOR.full_name, BudgetChanged.DESCRIPTOR.full_name)
    consumer = Consumer("consumption.test_told", KEY_TOPIC, dict.fromkeys(names, hear))

    async def all_told() -> bool:
        await PostgresEventLog(worker).consume_once(consumer)
        return {"told", team} <= {fact.name if isinstance(fact, TierChanged) else fact.subject_id for fact in told}

    await eventually(all_told)
    tier = next(fact for fact in told if isinstance(fact, TierChanged) and fact.name == "told")
    budget = next(fact for fact in told if isinstance(fact, BudgetChanged) and fact.subject_id == team)
    assert (tier.actor, tier.requests_per_second, tier.monthly_tokens) == (numbered("acc", 99), 10, 0)
    assert (budget.actor, budget.HasField("monthly_tokens")) == (numbered("acc", 99), False)
    assert budget.monthly_nanodollars == 3_000_000_000
