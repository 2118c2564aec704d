"""An access request on a real database: who sees it, who decides it, and what the trail keeps of others' deeds."""

from datetime import UTC, datetime, timedelta

import pytest
from fixtures.admin_people import AdminHouse, Person
from google.protobuf.message import Message

from admin.approvals.event_handlers import access_consumer
from admin.audit.actions import RecordDeed
from admin.audit.postgres_store import PostgresTrail
from admin.audit.told_deeds import deed_consumers
from admin.compose_work import PostgresWork
from chassis.database.errors import UniqueConflict
from chassis.event_log.port import RecordedEvent
from chassis.ids import new_id
from marketplace.events.v1.access_pb2 import AccessRequested
from marketplace.events.v1.key_pb2 import KeyRotated


def recorded(fact: Message) -> RecordedEvent:
    now = datetime.now(UTC)
    kind = fact.DESCRIPTOR.full_name
    return RecordedEvent(new_id("evt", now), "topic", "key", kind, "consumption", now, fact.SerializeToString())


async def asked(work: PostgresWork, asking: str, owning: str, account_id: str) -> str:
    """A request of the asking team for a listing of the owning one; the event comes twice."""
    request_id = new_id("arq", datetime.now(UTC))
    fact = AccessRequested(
        request_id=request_id,
        team_id=asking,
        team_slug="asking",
        account_id=account_id,
        listing_id="lst_1",
        listing_name="owning/chat",
        listing_team_id=owning,
        purpose="to chat",
    )
    fact.expires_at.FromDatetime(datetime.now(UTC) + timedelta(days=1))
    take = access_consumer(work.joined).handlers[AccessRequested.DESCRIPTOR.full_name]
    for _ in range(2):
        async with work.platform_database.transaction() as transaction:
            await take(transaction, recorded(fact))
    return request_id


async def waiting(house: AdminHouse, person: Person, request_id: str) -> str | None:
    """The approval of a request as a person sees it."""
    answer = await house.client.get("/workflows?subject_kind=access_request&limit=200", headers=person.headers)
    assert answer.status_code == 200, answer.text
    return next((one["approval_id"] for one in answer.json()["items"] if one["subject_id"] == request_id), None)


async def decided(house: AdminHouse, person: Person, approval_id: str, deed: str, comment: str = "") -> tuple[int, str]:
    """Status, and the state or the code of the refusal."""
    path = f"/workflows/{approval_id}/{deed}"
    answer = await house.client.post(path, json={"comment": comment}, headers=person.headers)
    body = answer.json()
    return answer.status_code, body.get("code") or body.get("state")


async def test_the_owning_team_sees_comments_and_decides_and_others_do_not(
    house: AdminHouse, work: PostgresWork
) -> None:
    asker = await house.person(team="asking", team_role="owner")
    chief = await house.person(team="owning", team_role="owner")
    member = await house.person(team="owning", team_role="member")
    stranger = await house.person(team="elsewhere", team_role="owner")
    teams = [(await house.client.get("/auth/me", headers=one.headers)).json()["team_id"] for one in (asker, chief)]
    request_id = await asked(work, *teams, asker.account_id)
    approval_id = await waiting(house, chief, request_id)
    assert approval_id is not None
    assert await waiting(house, asker, request_id) == approval_id
    assert await waiting(house, member, request_id) == approval_id
    assert await waiting(house, stranger, request_id) is None
    comments = f"/workflows/{approval_id}/comments"
    answer = await house.client.post(comments, json={"comment": "for how long?"}, headers=chief.headers)
    assert answer.status_code == 201, answer.text
    assert [step["kind"] for step in answer.json()["history"]] == ["requested", "commented"]
    assert await decided(house, asker, approval_id, "approve") == (403, "not_yours_to_decide")
    assert await decided(house, member, approval_id, "approve") == (403, "forbidden")
    assert await decided(house, stranger, approval_id, "approve") == (404, "approval_not_found")
    assert await decided(house, chief, approval_id, "reject") == (422, "reason_missing")
    assert await decided(house, chief, approval_id, "approve") == (200, "approved")
    assert await decided(house, chief, approval_id, "reject", "late") == (409, "already_decided")


async def test_the_platforms_people_decide_too_but_not_for_themselves(house: AdminHouse, work: PostgresWork) -> None:
    owning = await house.team("owning-two")
    asker = await house.person("approver", team="asking-two", team_role="owner")
    other = await house.person("approver")
    asking = (await house.client.get("/auth/me", headers=asker.headers)).json()["team_id"]
    request_id = await asked(work, asking, owning, asker.account_id)
    approval_id = await waiting(house, other, request_id)
    assert approval_id is not None
    assert await decided(house, asker, approval_id, "approve") == (403, "own_approval")
    assert await decided(house, other, approval_id, "reject", "not now") == (200, "rejected")


async def test_a_deed_elsewhere_is_one_row_of_a_trail_that_holds(house: AdminHouse, work: PostgresWork) -> None:
    first = await house.first()
    record = RecordDeed(lambda transaction, at, row_id: PostgresTrail(transaction, at, row_id, "platform"))
    take = deed_consumers(record)[0].handlers[KeyRotated.DESCRIPTOR.full_name]
    event = recorded(KeyRotated(key_id="key_trail", team_id="tea_1", actor="acc_7", generation=2))
    async with work.platform_database.transaction() as transaction:
        await take(transaction, event)
    with pytest.raises(UniqueConflict):
        async with work.platform_database.transaction() as transaction:
            await take(transaction, event)
    [row] = (await house.client.get("/audit?subject_id=key_trail", headers=first.headers)).json()["items"]
    assert (row["actor"], row["action"], row["details"]["generation"]) == ("acc_7", "key.rotated", 2)
    assert (await house.client.get("/audit/verify", headers=first.headers)).json()["holds"]
