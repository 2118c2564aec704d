"""From asking for access to a collected key, with the events of others as they come, once and again."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fixtures.consumption_shop import PEPPER, Json, Shop, Shopper, numbered
from fixtures.marketplace_database import ProvisionedServer
from google.protobuf.message import Message

from chassis.database.errors import RowRefused
from chassis.database.pool import Database
from chassis.event_log.port import RecordedEvent
from chassis.event_log.postgres_log import PostgresEventLog
from chassis.ids import new_id
from consumption.access_requests.actions import CollectKey, DecideAccess, ReadAccess, RequestAccess, WithdrawAccess
from consumption.access_requests.event_handlers import access_consumers
from consumption.access_requests.grants_store import PostgresAskableListings, PostgresGrants
from consumption.facts import ACCESS_TOPIC
from dataplane.control_plane.keys_client import GrpcKeyRecords
from dataplane.key_check import Authenticate
from marketplace.events.v1.access_pb2 import AccessCollected, AccessGranted, AccessRefused, AccessRequested
from marketplace.events.v1.approval_pb2 import ApprovalDecided
from marketplace.events.v1.identity_pb2 import TeamArchived
from marketplace.events.v1.listing_pb2 import ListingPublished, ListingRetired, ListingSnapshot

ACTIONS = (RequestAccess, ReadAccess, WithdrawAccess, CollectKey, DecideAccess)
PATH = "/api/v1/access-requests"
SOON = datetime.now(UTC) + timedelta(days=30)
TERMS: Json = {"purpose": "to chat", "monthly_token_quota": 500, "expires_at": SOON.isoformat()}


@dataclass
class Elsewhere:
    """What other services tell consumption, taken as its worker takes it."""

    database: Database
    log: PostgresEventLog

    async def tell(self, fact: Message, times: int = 1) -> None:
        consumers = access_consumers(DecideAccess(PostgresGrants(self.log), new_id), PostgresAskableListings())
        handlers = {kind: handler for one in consumers for kind, handler in one.handlers.items()}
        kind = fact.DESCRIPTOR.full_name
        now = datetime.now(UTC)
        event = RecordedEvent(new_id("evt", now), "topic", "key", kind, "elsewhere", now, fact.SerializeToString())
        for _ in range(times):
            async with self.database.transaction() as transaction:
                await handlers[kind](transaction, event)

    async def listing(self, number: int, visibility: str = "public", team: int = 77) -> str:
        snapshot = ListingSnapshot(
            listing_id=numbered("lst", number),
            team_id=numbered("tea", team),
            team_slug=f"team{team}",
            name=f"chat{number}",
            visibility=visibility,
            state="published",
            revision=1,
        )
        await self.tell(ListingPublished(listing=snapshot))
        return f"team{team}/chat{number}"

    async def decide(self, request_id: str, *, approved: bool, times: int = 1, comment: str = "") -> None:
        fact = ApprovalDecided(
            subject_kind="access_request",
            subject_id=request_id,
            approved=approved,
            decided_by=numbered("acc", 77),
            comment=comment,
        )
        fact.decided_at.FromDatetime(datetime.now(UTC))
        await self.tell(fact, times)

    async def told(self, kind: type[Message], request_id: str) -> list[Any]:
        """The facts of a request that were appended."""
        events: list[RecordedEvent] = []
        while page := await self.log.read(ACCESS_TOPIC, events[-1].position if events else 0, 500):
            events += page
        name = kind.DESCRIPTOR.full_name
        return [kind.FromString(one.data) for one in events if (one.type, one.key) == (name, request_id)]


@pytest.fixture
async def elsewhere(marketplace_database: ProvisionedServer) -> AsyncIterator[Elsewhere]:
    async with Database.open(marketplace_database.url("consumption_worker"), name="test", size=3) as database:
        yield Elsewhere(database, PostgresEventLog(database))


async def asked(person: Shopper, listing: str, **changes: object) -> Json:
    return await person.good("POST", PATH, {"listing": listing, **TERMS, **changes})


async def test_an_approved_request_gives_its_asker_a_key_for_that_listing_quota_and_expiry(
    shop: Shop, elsewhere: Elsewhere
) -> None:
    listing = await elsewhere.listing(30)
    viewer = shop.person(team=30, role="viewer")
    request = await asked(viewer, listing)
    assert (request["state"], request["key_id"]) == ("pending", None)
    [fact] = await elsewhere.told(AccessRequested, request["id"])
    assert (fact.listing_team_id, fact.purpose, fact.account_id) == (numbered("tea", 77), "to chat", numbered("acc", 1))
    assert await viewer.refused("POST", f"{PATH}/{request['id']}/collect") == (409, "nothing_to_collect")
    await elsewhere.decide(request["id"], approved=True, times=3)
    assert len(await elsewhere.told(AccessGranted, request["id"])) == 1
    [key] = (await viewer.good("GET", "/api/v1/keys"))["items"]
    assert (key["generation"], key["access_request_id"]) == (0, request["id"])
    collected = await viewer.good("POST", f"{PATH}/{request['id']}/collect")
    assert collected["key_id"] == key["id"]
    async with shop.gateway() as peer:
        authenticate = Authenticate(GrpcKeyRecords(peer, time.monotonic), PEPPER.encode())
        record = await authenticate(authenticate.sent(collected["key"].encode()), time.time_ns() // 1000)
    assert record.allowed_listings == frozenset({numbered("lst", 30)})
    assert [(scope.kind, scope.limit) for scope in record.scopes] == [("key", 500)]
    assert record.expires_at == int(SOON.timestamp() * 1_000_000)
    assert len(await elsewhere.told(AccessCollected, request["id"])) == 1


async def test_the_secret_is_shown_once_to_the_asker_alone_and_stands_nowhere(
    shop: Shop, elsewhere: Elsewhere, marketplace_database: ProvisionedServer
) -> None:
    listing = await elsewhere.listing(31)
    member, leader = shop.person(team=31, role="member"), shop.person(team=31, role="owner", account=2)
    request = await asked(member, listing)
    await elsewhere.decide(request["id"], approved=True)
    path = f"{PATH}/{request['id']}"
    assert (await leader.good("GET", path))["state"] == "approved"
    assert await leader.refused("POST", f"{path}/collect") == (404, "access_request_not_found")
    assert await shop.person(team=32).refused("POST", f"{path}/collect") == (404, "access_request_not_found")
    [key] = (await leader.good("GET", "/api/v1/keys"))["items"]
    assert await leader.refused("POST", f"/api/v1/keys/{key['id']}/rotate", {}) == (409, "key_not_collected")
    answers = await asyncio.gather(*(member.ask("POST", f"{path}/collect") for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    secret = next(answer.json()["key"] for answer in answers if answer.status_code == 200)
    assert await member.refused("POST", f"{path}/collect") == (409, "access_collected")
    assert secret not in str(await member.good("GET", path))
    wider = {"monthly_token_quota": 10**9}
    assert await member.refused("PATCH", f"/api/v1/keys/{key['id']}", wider) == (409, "key_bounds_granted")
    assert (await member.good("POST", f"/api/v1/keys/{key['id']}/rotate", {}))["generation"] == 2


async def test_a_refusal_comes_with_its_reason_and_gives_no_key(shop: Shop, elsewhere: Elsewhere) -> None:
    listing = await elsewhere.listing(33)
    person = shop.person(team=33)
    request = await asked(person, listing)
    await elsewhere.decide(request["id"], approved=False, comment="too much")
    await elsewhere.decide(request["id"], approved=True)
    found = await person.good("GET", f"{PATH}/{request['id']}")
    assert (found["state"], found["comment"], found["decided_by"]) == ("refused", "too much", numbered("acc", 77))
    assert (await person.good("GET", "/api/v1/keys"))["items"] == []
    assert [fact.comment for fact in await elsewhere.told(AccessRefused, request["id"])] == ["too much"]
    assert await person.refused("POST", f"{PATH}/{request['id']}/collect") == (409, "nothing_to_collect")
    assert (await asked(person, listing))["id"] != request["id"]


async def test_a_request_that_is_sent_again_is_one_and_other_terms_are_refused(
    shop: Shop, elsewhere: Elsewhere
) -> None:
    listing = await elsewhere.listing(34)
    person = shop.person(team=34)
    made = await asyncio.gather(*(asked(person, listing) for _ in range(5)))
    assert len({one["id"] for one in made}) == 1
    assert len(await elsewhere.told(AccessRequested, made[0]["id"])) == 1
    other = {"listing": listing, **TERMS, "monthly_token_quota": 501}
    assert await person.refused("POST", PATH, other) == (409, "access_request_pending")
    assert (await asked(shop.person(team=34, account=2), listing))["id"] != made[0]["id"]
    assert (await person.good("POST", f"{PATH}/{made[0]['id']}/withdraw"))["state"] == "withdrawn"
    assert await person.refused("POST", f"{PATH}/{made[0]['id']}/withdraw") == (409, "access_request_not_pending")
    await elsewhere.decide(made[0]["id"], approved=True)
    assert (await person.good("GET", f"{PATH}/{made[0]['id']}"))["state"] == "withdrawn"
    assert (await person.good("POST", PATH, other))["state"] == "pending"


async def test_a_listing_that_the_team_may_not_see_or_call_cannot_be_asked_for(
    shop: Shop, elsewhere: Elsewhere
) -> None:
    private, public = await elsewhere.listing(35, "private", team=78), await elsewhere.listing(36)
    stranger, own = shop.person(team=35), shop.person(team=78)
    for named in (private, numbered("lst", 35), "team78/nothing"):
        assert await stranger.refused("POST", PATH, {"listing": named, **TERMS}) == (404, "listing_not_found")
    assert (await asked(own, private))["state"] == "pending"
    assert (await asked(stranger, public))["state"] == "pending"
    snapshot = ListingSnapshot(listing_id=numbered("lst", 36), visibility="public", state="retired", revision=2)
    await elsewhere.tell(ListingRetired(listing=snapshot))
    assert await own.refused("POST", PATH, {"listing": public, **TERMS}) == (404, "listing_not_found")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"monthly_token_quota": None}, "access_terms_refused"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "access_terms_refused"),
        ({"expires_at": "2099-01-01T00:00:00Z"}, "access_terms_refused"),
        ({"purpose": " "}, "invalid_input"),
        ({"listing": "a b"}, "invalid_input"),
        ({"state": "approved"}, "invalid_input"),
    ],
)
async def test_terms_without_purpose_bound_or_expiry_are_refused(
    shop: Shop, elsewhere: Elsewhere, changes: Json, code: str
) -> None:
    listing = await elsewhere.listing(37)
    person = shop.person(team=37)
    assert await person.refused("POST", PATH, {"listing": listing, **TERMS, **changes}) == (422, code)
    assert (await person.good("GET", PATH))["items"] == []


async def test_others_of_the_team_see_a_request_only_if_they_lead_it_and_no_role_forges_a_decision(
    shop: Shop, elsewhere: Elsewhere, marketplace_database: ProvisionedServer
) -> None:
    listing = await elsewhere.listing(38)
    asker, colleague = shop.person(team=38, role="member"), shop.person(team=38, role="member", account=2)
    leader, stranger = shop.person(team=38, role="admin", account=3), shop.person(team=39)
    request = await asked(asker, listing)
    for person, seen in ((asker, 1), (colleague, 0), (leader, 1), (stranger, 0)):
        assert len((await person.good("GET", PATH))["items"]) == seen
        assert (await person.ask("GET", f"{PATH}/{request['id']}")).status_code == (200 if seen else 404)
    async with Database.open(marketplace_database.url("consumption_runtime"), name="test", size=1) as database:
        async with database.transaction(stranger.principal.tenant) as transaction:
            assert await transaction.fetch("SELECT * FROM access_requests") == []
        for change in ("state = 'approved'", "state = 'collected', key_id = 'key_1'"):
            with pytest.raises(RowRefused):
                async with database.transaction(asker.principal.tenant) as transaction:
                    await transaction.execute(f"UPDATE access_requests SET {change}")


async def test_the_open_requests_of_a_team_that_ends_end_with_it(shop: Shop, elsewhere: Elsewhere) -> None:
    listing = await elsewhere.listing(40)
    gone, stays = shop.person(team=40), shop.person(team=41)
    requests = [await asked(person, listing) for person in (gone, stays)]
    await elsewhere.tell(TeamArchived(team_id=gone.principal.tenant), times=2)
    states = [
        (await one.good("GET", f"{PATH}/{r['id']}"))["state"] for one, r in zip((gone, stays), requests, strict=True)
    ]
    assert states == ["withdrawn", "pending"]
