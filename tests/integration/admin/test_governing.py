"""Accounts, teams and approvals over HTTP on a real database: what is allowed, and what is refused."""

import asyncio

import pytest
from fixtures.admin_people import PASSWORD, AdminHouse, Person

from admin.approvals.actions import ApprovalWish, RequestApproval, WithdrawApproval
from admin.work import OpenWork


def work_of(house: AdminHouse) -> OpenWork:
    """The house's own unit of work."""
    return house.state["decide"].open_work


async def asked(house: AdminHouse, subject: str, by: Person, team_id: str, risk: str = "low") -> str:
    """The id of a fresh approval."""
    wish = ApprovalWish("listing_version", subject, team_id, by.account_id, "A listing", "chat", risk, '{"score": 1}')
    return (await RequestApproval(work_of(house))(wish)).approval_id


async def test_nobody_gives_a_role_above_the_own_rank(house: AdminHouse) -> None:
    admin, viewer = await house.person("admin"), await house.person()
    body = {"email": "boss@marketplace.test", "password": PASSWORD, "roles": ["super_admin"]}
    made = await house.client.post("/users", json=body, headers=admin.headers)
    raised = await house.client.patch(f"/users/{viewer.account_id}", json={"roles": ["admin"]}, headers=admin.headers)
    allowed = await house.client.patch(
        f"/users/{viewer.account_id}", json={"roles": ["approver"]}, headers=admin.headers
    )
    own = await house.client.patch(f"/users/{admin.account_id}", json={"roles": []}, headers=admin.headers)
    assert [made.json()["code"], raised.json()["code"], own.json()["code"]] == [
        "role_above_yours",
        "role_above_yours",
        "own_account",
    ]
    assert (allowed.status_code, allowed.json()["roles"]) == (200, ["approver"])


async def test_unknown_fields_and_hashes_go_neither_in_nor_out(house: AdminHouse) -> None:
    first = await house.first()
    body = {"email": "field@marketplace.test", "password": PASSWORD, "state": "active", "password_hash": "x"}
    refused = await house.client.post("/users", json=body, headers=first.headers)
    assert refused.status_code == 422
    listed = await house.client.get("/users?limit=200", headers=first.headers)
    assert "argon2" not in listed.text
    assert set(listed.json()["items"][0]) == {"account_id", "email", "display_name", "roles", "state", "created_at"}


async def test_changed_roles_and_a_lock_end_tokens_at_once(house: AdminHouse) -> None:
    first, person = await house.first(), await house.person("approver")
    assert (await house.client.get("/workflows", headers=person.headers)).status_code == 200
    await house.client.patch(f"/users/{person.account_id}", json={"roles": []}, headers=first.headers)
    assert (await house.client.get("/workflows", headers=person.headers)).status_code == 401
    person.tokens |= await house.sign_in(person.email)
    assert (await house.client.get("/workflows", headers=person.headers)).status_code == 403
    locked = await house.client.post(f"/users/{person.account_id}/lock", headers=first.headers)
    assert locked.json()["state"] == "locked"
    right = await house.client.post("/auth/login", json={"email": person.email, "password": PASSWORD})
    wrong = await house.client.post("/auth/login", json={"email": person.email, "password": "not this one"})
    assert (right.json()["code"], wrong.json()["code"]) == ("account_locked", "sign_in_refused")
    await house.client.post(f"/users/{person.account_id}/unlock", headers=first.headers)
    assert await house.sign_in(person.email)


async def test_pages_of_accounts_go_on_where_the_last_one_ended(house: AdminHouse) -> None:
    first = await house.first()
    for _ in range(3):
        await house.person("viewer")
    one = (await house.client.get("/users?limit=2&role=viewer", headers=first.headers)).json()
    two = (
        await house.client.get(
            "/users", params={"limit": 2, "role": "viewer", "cursor": one["next_cursor"]}, headers=first.headers
        )
    ).json()
    ids = [item["account_id"] for item in one["items"] + two["items"]]
    assert len(set(ids)) == len(ids) >= 3
    other = await house.client.get("/users", params={"cursor": one["next_cursor"]}, headers=first.headers)
    assert other.json()["code"] == "cursor_refused"


@pytest.mark.parametrize("slug", ["openai", "0penai-labs", "gpt", "admin", "meta-llama"])
async def test_slugs_of_vendors_and_the_platform_are_refused(house: AdminHouse, slug: str) -> None:
    first = await house.first()
    answer = await house.client.post("/api/v1/teams", json={"slug": slug, "name": "x"}, headers=first.headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "slug_reserved")


async def test_a_teams_owner_governs_the_team_and_no_other(house: AdminHouse) -> None:
    owner = await house.person(team="governed-red")
    stranger = await house.person()
    me = (await house.client.get("/auth/me", headers=owner.headers)).json()
    other = await house.team("governed-blue")
    members = f"/api/v1/teams/{me['team_id']}/members"
    added = await house.client.post(members, json={"email": stranger.email}, headers=owner.headers)
    assert (added.status_code, added.json()["role"]) == (201, "member")
    twice = await house.client.post(members, json={"email": stranger.email}, headers=owner.headers)
    assert twice.json()["code"] == "already_member"
    settings = {"settings": {"monthly_budget": "250.00", "monthly_token_quota": 1000}}
    changed = await house.client.patch(f"/api/v1/teams/{me['team_id']}", json=settings, headers=owner.headers)
    assert changed.json()["settings"]["monthly_budget"] == "250.00"
    for method, path in [("GET", ""), ("PATCH", ""), ("GET", "/members"), ("GET", "/usage")]:
        answer = await house.client.request(
            method, f"/api/v1/teams/{other}{path}", json={} if method == "PATCH" else None, headers=owner.headers
        )
        assert (answer.status_code, answer.json()["code"]) == (404, "team_not_found"), path
    leaving = await house.client.delete(f"{members}/{owner.account_id}", headers=owner.headers)
    assert leaving.json()["code"] == "last_owner"


async def test_a_teams_admin_makes_no_owner_and_a_removed_member_is_out_at_once(house: AdminHouse) -> None:
    owner = await house.person(team="ranked-red")
    lead = await house.person(team="ranked-red", team_role="admin")
    plain = await house.person(team="ranked-red")
    team_id = (await house.client.get("/auth/me", headers=owner.headers)).json()["team_id"]
    members = f"/api/v1/teams/{team_id}/members"
    up = await house.client.patch(f"{members}/{plain.account_id}", json={"role": "owner"}, headers=lead.headers)
    down = await house.client.patch(f"{members}/{owner.account_id}", json={"role": "viewer"}, headers=lead.headers)
    assert [up.json()["code"], down.json()["code"]] == ["team_role_above_yours"] * 2
    assert (await house.client.get(members, headers=plain.headers)).status_code == 200
    gone = await house.client.delete(f"{members}/{plain.account_id}", headers=lead.headers)
    assert gone.status_code == 204
    assert (await house.client.get(members, headers=plain.headers)).status_code == 401


async def test_two_approvers_at_once_decide_once(house: AdminHouse) -> None:
    publisher = await house.person(team="asking-red")
    team_id = (await house.client.get("/auth/me", headers=publisher.headers)).json()["team_id"]
    ann, ben = await house.person("approver"), await house.person("approver")
    approval = await asked(house, "ver_race", publisher, team_id)
    answers = await asyncio.gather(
        house.client.post(f"/workflows/{approval}/approve", json={"comment": "good"}, headers=ann.headers),
        house.client.post(f"/workflows/{approval}/reject", json={"comment": "bad"}, headers=ben.headers),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    loser = next(answer for answer in answers if answer.status_code == 409)
    assert loser.json()["code"] == "already_decided"
    detail = (await house.client.get(f"/workflows/{approval}", headers=publisher.headers)).json()
    assert detail["history"][0]["kind"] == "requested"
    assert len(detail["history"]) == 2
    assert detail["evidence"] == {"score": 1}


async def test_nobody_approves_what_he_asked_for_and_a_high_risk_needs_two(house: AdminHouse) -> None:
    asking = await house.person("approver", team="asking-blue")
    team_id = (await house.client.get("/auth/me", headers=asking.headers)).json()["team_id"]
    approval = await asked(house, "ver_high", asking, team_id, risk="high")
    path = f"/workflows/{approval}/approve"
    own = await house.client.post(path, json={}, headers=asking.headers)
    assert (own.status_code, own.json()["code"]) == (403, "own_approval")
    ann, ben = await house.person("approver"), await house.person("admin")
    one = await house.client.post(path, json={}, headers=ann.headers)
    again = await house.client.post(path, json={}, headers=ann.headers)
    two = await house.client.post(path, json={"comment": "yes"}, headers=ben.headers)
    assert [one.json()["state"], again.json()["code"], two.json()["state"]] == ["pending", "already_voted", "approved"]


async def test_the_same_subject_asks_once_and_a_withdrawn_one_is_not_decided(house: AdminHouse) -> None:
    publisher = await house.person(team="asking-green")
    team_id = (await house.client.get("/auth/me", headers=publisher.headers)).json()["team_id"]
    ids = await asyncio.gather(*(asked(house, "ver_same", publisher, team_id) for _ in range(4)))
    assert len(set(ids)) == 1
    withdraw = WithdrawApproval(work_of(house))
    assert await withdraw("listing_version", "ver_same", "gone", "publishing") == "withdrawn"
    assert await withdraw("listing_version", "ver_same", "gone", "publishing") == "withdrawn"
    first = await house.first()
    late = await house.client.post(f"/workflows/{ids[0]}/approve", json={}, headers=first.headers)
    assert late.json()["code"] == "already_decided"


async def test_another_teams_approvals_are_not_seen(house: AdminHouse) -> None:
    red, blue = await house.person(team="seen-red"), await house.person(team="seen-blue")
    team_id = (await house.client.get("/auth/me", headers=red.headers)).json()["team_id"]
    approval = await asked(house, "ver_seen", red, team_id)
    assert (await house.client.get(f"/workflows/{approval}", headers=red.headers)).status_code == 200
    hidden = await house.client.get(f"/workflows/{approval}", headers=blue.headers)
    commented = await house.client.post(
        f"/workflows/{approval}/comments", json={"comment": "hello"}, headers=blue.headers
    )
    listed = await house.client.get("/workflows", params={"team_id": team_id}, headers=blue.headers)
    assert (hidden.status_code, commented.status_code, listed.json()["items"]) == (404, 404, [])
