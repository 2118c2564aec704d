"""Policies on a real PostgreSQL: written, put in force by compare-and-set, streamed to whoever decides by them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fakes.call_door import START, a_key, a_route
from fakes.policies import NO_ACME
from fixtures.admin_people import AdminHouse, Person
from fixtures.admin_questions import asking

from chassis.database.errors import RowRefused
from chassis.database.pool import Database
from chassis.rpc.channel import Peer
from dataplane.control_plane.bundle_file_store import BundleFile
from dataplane.control_plane.policies_client import PolicyFollower
from dataplane.policy_book import PolicyBook
from dataplane.policy_facts import Asked
from marketplace.admin.v1 import policies_pb2
from marketplace.admin.v1.policies_pb2_grpc import PoliciesStub

PATH = "/api/v1/policies"
ACME, BETA = a_route(declared_provider="acme"), a_route(declared_provider="beta")


@pytest.fixture
async def ada(house: AdminHouse) -> AsyncIterator[Person]:
    """A platform admin, who leaves nothing in force."""
    person = await house.person("admin")
    yield person
    active = await house.client.get(f"{PATH}?state=active", headers=person.headers)
    for policy in active.json()["items"]:
        await post(house, person, f"/{policy['policy_id']}/deactivate", None, "*")


async def post(house: AdminHouse, who: Person, path: str, body: Any, tag: str | None = None) -> httpx.Response:
    """One request, whatever it is answered."""
    headers = who.headers | ({} if tag is None else {"if-match": tag})
    return await house.client.post(f"{PATH}{path}", json=body, headers=headers)


async def written(house: AdminHouse, who: Person, name: str, content: str = NO_ACME) -> str:
    """The id of a new draft."""
    answer = await post(house, who, "", {"name": name, "content": content, "description": "Known vendors only."})
    assert answer.status_code == 201, answer.text
    return answer.json()["policy_id"]


async def activated(house: AdminHouse, who: Person, policy_id: str, version: int = 1) -> None:
    """Put in force."""
    answer = await post(house, who, f"/{policy_id}/activate", {"version": version}, "*")
    assert answer.status_code == 200, answer.text


async def test_a_policys_life(house: AdminHouse, ada: Person) -> None:
    policy_id = await written(house, ada, "life")
    draft = await house.client.get(f"{PATH}/{policy_id}", headers=ada.headers)
    assert (draft.headers["etag"], draft.json()["state"]) == ('"1"', "draft")
    second = await post(house, ada, f"/{policy_id}/versions", {"content": NO_ACME + "// 2", "fail_mode": "open"})
    assert (second.status_code, second.headers["etag"]) == (201, '"2"')
    active = await post(house, ada, f"/{policy_id}/activate", {"version": 2}, '"2"')
    assert (active.status_code, active.json()["active_version"]) == (200, 2)
    late = await post(house, ada, f"/{policy_id}/activate", {"version": 1}, '"2"')
    assert (late.status_code, late.json()["code"], late.json()["revision"]) == (412, "policy_changed", 3)
    back = await post(house, ada, f"/{policy_id}/activate", {"version": 1}, active.headers["etag"])
    assert [(one["version"], one["state"]) for one in back.json()["versions"]] == [(2, "retired"), (1, "active")]
    text = await house.client.get(f"{PATH}/{policy_id}/versions/2", headers=ada.headers)
    assert (text.json()["content"], text.json()["fail_mode"]) == (NO_ACME + "// 2", "open")
    out = await post(house, ada, f"/{policy_id}/deactivate", None, back.headers["etag"])
    assert (out.status_code, out.json()["state"], out.json()["active_version"]) == (200, "retired", None)
    again = await post(house, ada, f"/{policy_id}/deactivate", None, "*")
    assert (again.status_code, again.json()["code"]) == (409, "policy_not_active")
    rows = await house.client.get(f"/audit?subject_id={policy_id}", headers=ada.headers)
    assert [(row["action"], row["actor"]) for row in reversed(rows.json()["items"])] == [
        (f"policy.{deed}", ada.account_id)
        for deed in ("created", "version_added", "activated", "activated", "deactivated")
    ]
    assert (await house.client.get("/audit/verify", headers=ada.headers)).json()["holds"]


async def test_what_changes_a_policy_in_force_must_say_what_it_read(house: AdminHouse, ada: Person) -> None:
    policy_id = await written(house, ada, "unread")
    answer = await post(house, ada, f"/{policy_id}/activate", {"version": 1})
    assert answer.status_code == 422
    assert "if-match" in answer.text.lower()


async def test_two_who_activate_at_once_do_not_both_win(house: AdminHouse, ada: Person) -> None:
    policy_id = await written(house, ada, "race")
    await post(house, ada, f"/{policy_id}/versions", {"content": NO_ACME})
    deeds = (post(house, ada, f"/{policy_id}/activate", {"version": version}, '"2"') for version in (1, 2))
    assert sorted(answer.status_code for answer in await asyncio.gather(*deeds)) == [200, 412]


async def test_what_is_wrong_is_shown_with_line_and_column(house: AdminHouse, ada: Person) -> None:
    body = {"name": "wrong", "content": "forbid (principal, action, resource)\nwhen { resource.provder == 1 };"}
    answer = await post(house, ada, "", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "policy_invalid")
    [finding] = answer.json()["findings"]
    assert (finding["line"], finding["column"]) == (2, 17)
    assert "provder" in finding["message"]
    assert (await post(house, ada, "", {"name": "long", "content": "/" * 40_000})).status_code == 422
    policy_id = await written(house, ada, "right")
    assert (await post(house, ada, "", {"name": "right", "content": NO_ACME})).json()["code"] == "policy_name_taken"
    schema = await house.client.get(f"{PATH}/schema", headers=ada.headers)
    assert "entity Listing" in schema.json()["cedar"]
    listed = await house.client.get(f"{PATH}?state=draft", headers=ada.headers)
    assert policy_id in [one["policy_id"] for one in listed.json()["items"]]


async def test_a_request_is_tried_against_a_draft(house: AdminHouse, ada: Person) -> None:
    policy_id = await written(house, ada, "trial")
    trial = {"principal": {"team_id": "team_1"}, "resource": {"provider": "acme"}}
    denied = await post(house, ada, f"/{policy_id}/simulate", trial)
    assert denied.json() == {
        "tried_version": 1,
        "decision": "denied",
        "policy": "trial",
        "policy_version": 1,
        "reason": "Acme has no contract with us.",
        "undecided": False,
    }
    allowed = await post(house, ada, f"/{policy_id}/simulate", {"resource": {"provider": "beta"}})
    assert allowed.json()["decision"] == "allowed"
    unknown = await post(house, ada, f"/{policy_id}/simulate", {"principal": {"team_id": "team_1"}})
    assert (unknown.json()["decision"], unknown.json()["undecided"]) == ("denied", True)


@pytest.mark.parametrize("role", ["approver", "viewer"])
async def test_nobody_but_platform_admins_sees_policies(house: AdminHouse, role: str) -> None:
    person = await house.person(role, team="policy-red", team_role="owner")
    assert (await house.client.get(PATH, headers=person.headers)).status_code == 403
    assert (await post(house, person, "", {"name": "mine", "content": NO_ACME})).status_code == 403


async def test_the_role_of_one_teams_people_sees_no_policy_and_no_version_is_ever_rewritten(
    runtime_database: Database, worker_database: Database
) -> None:
    for table in ("policies", "policy_versions", "policy_version_states", "policy_bundle"):
        with pytest.raises(RowRefused):
            async with runtime_database.transaction("tea_1") as transaction:
                await transaction.fetch(f"SELECT * FROM {table}")
    with pytest.raises(RowRefused):
        async with worker_database.transaction() as transaction:
            await transaction.execute("UPDATE policy_versions SET content = ''")


@pytest.mark.parametrize("service", ["publishing", "discovery", "fleet", "stranger"])
async def test_only_the_call_path_follows_policies(house: AdminHouse, service: str) -> None:
    async with asking(house, service) as peer:
        watch: Any = PoliciesStub(peer.channel).WatchBundle
        stream = watch(policies_pb2.WatchBundleRequest(), metadata=peer.metadata())
        with pytest.raises(Exception, match="may not call"):
            await stream.read()


@asynccontextmanager
async def following(house: AdminHouse, peer: Peer, folder: Path) -> AsyncGenerator[PolicyFollower]:
    """A gateway's follower, and admin's own news of changes."""
    follower = PolicyFollower(peer, PolicyBook(expected=True), BundleFile(folder), lambda: START)
    await follower.restore()
    tasks = [asyncio.ensure_future(task()) for task in (house.unit.tasks[0], house.unit.tasks[3], follower.follow)]
    try:
        yield follower
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def refused(book: PolicyBook, route: Any = ACME) -> str | None:
    """The code of a refusal of a call of team_1."""
    error = book.refusal(a_key(), route, Asked(10, START))
    return None if error is None else error.code


async def becomes(book: PolicyBook, code: str | None) -> None:
    """Wait until calls to acme are answered so."""
    for _ in range(1000):
        if refused(book) == code:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"calls are answered {refused(book)}, not {code}")


async def test_a_gateway_follows_what_is_in_force_and_keeps_it_without_admin(
    house: AdminHouse, ada: Person, tmp_path: Path
) -> None:
    policy_id = await written(house, ada, "followed")
    async with asking(house, "gateway") as peer, following(house, peer, tmp_path) as follower:
        assert refused(follower.book) == "policies_unavailable"
        with pytest.raises(Exception, match="no policies are known"):
            await follower.check()
        await becomes(follower.book, None)
        await activated(house, ada, policy_id)
        await becomes(follower.book, "policy_denied")
        assert refused(follower.book, BETA) is None
        await post(house, ada, f"/{policy_id}/deactivate", None, "*")
        await becomes(follower.book, None)
        await activated(house, ada, policy_id)
        await becomes(follower.book, "policy_denied")
        assert await follower.check() is None
    assert refused(follower.book) == "policy_denied"
    assert BundleFile(tmp_path).path.stat().st_mode & 0o777 == 0o600
    alone = PolicyFollower(peer, PolicyBook(expected=True), BundleFile(tmp_path), lambda: START)
    await alone.restore()
    assert (refused(alone.book), refused(alone.book, BETA)) == ("policy_denied", None)


async def test_who_knows_what_is_in_force_is_told_only_that_it_still_is(house: AdminHouse, ada: Person) -> None:
    await activated(house, ada, await written(house, ada, "known"))
    async with asking(house, "gateway") as peer:
        watch: Any = PoliciesStub(peer.channel).WatchBundle
        first = watch(policies_pb2.WatchBundleRequest(), metadata=peer.metadata())
        bundle = (await first.read()).bundle
        first.cancel()
        known = policies_pb2.WatchBundleRequest(known_version=bundle.version, known_hash=bundle.content_hash)
        again = watch(known, metadata=peer.metadata())
        assert not (await again.read()).HasField("bundle")
        again.cancel()
    assert [policy.name for policy in bundle.policies] == ["known"]
    assert bundle.policies[0].description == "Known vendors only."
