"""Signing in over HTTP on a real database."""

import asyncio
from asyncio import Future
from collections.abc import Coroutine

import httpx
import pytest
from fixtures.admin_people import FIRST_EMAIL, FIRST_PASSWORD, PASSWORD, AdminHouse

from chassis.database.pool import Database
from chassis.database.transaction import Transaction

CHANGED = "UPDATE accounts SET password_hash = 'another', epoch = epoch + 1 WHERE account_id = $1"
LOCKED = "UPDATE accounts SET state = 'locked', epoch = epoch + 1 WHERE account_id = $1"
WAITING = "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted)"


async def waits(request: Coroutine[None, None, httpx.Response], transaction: Transaction) -> Future[httpx.Response]:
    """A request that has come as far as a row which the transaction holds."""
    asked = asyncio.ensure_future(request)
    while not await transaction.fetch_value(WAITING):
        assert not asked.done(), asked.result().text
        await asyncio.sleep(0.01)
    return asked


async def test_a_person_signs_in_and_the_token_names_account_team_and_role(house: AdminHouse) -> None:
    person = await house.person("viewer", team="signing-red", team_role="owner")
    me = (await house.client.get("/auth/me", headers=person.headers)).json()
    assert (me["email"], me["roles"], me["team_slug"], me["team_role"]) == (
        person.email,
        ["viewer"],
        "signing-red",
        "owner",
    )
    assert person.tokens["token_type"] == "Bearer"
    assert person.tokens["expires_in"] == 900
    assert "password" not in str(me)


async def test_older_paths_are_served_under_the_versioned_prefix_too(house: AdminHouse) -> None:
    answer = await house.client.post("/api/v1/auth/login", json={"email": FIRST_EMAIL, "password": FIRST_PASSWORD})
    assert answer.status_code == 200
    document = (await house.client.get("/openapi.json")).json()
    names = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(names) == len(set(names))
    assert {"/auth/login", "/api/v1/auth/login", "/workflows", "/api/v1/workflows"} <= set(document["paths"])


async def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(house: AdminHouse) -> None:
    person = await house.person()
    wrong = await house.client.post("/auth/login", json={"email": person.email, "password": "not this one"})
    unknown = await house.client.post("/auth/login", json={"email": "nobody@x.test", "password": "not this one"})
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    for answer in (wrong, unknown):
        body = answer.json()
        body.pop("request_id")
        assert body["code"] == "sign_in_refused"
    assert wrong.json()["detail"] == unknown.json()["detail"]


async def test_five_failures_make_that_place_wait_and_live_sessions_go_on(house: AdminHouse) -> None:
    person = await house.person()
    wrong = {"email": person.email, "password": "not this one"}
    answers = [(await house.client.post("/auth/login", json=wrong)).status_code for _ in range(6)]
    assert answers == [401] * 5 + [429]
    right = await house.client.post("/auth/login", json={"email": person.email, "password": PASSWORD})
    assert right.status_code == 429
    assert int(right.headers["retry-after"]) > 1
    refreshed = await house.client.post("/auth/refresh", json={"refresh_token": person.tokens["refresh_token"]})
    assert refreshed.status_code == 200


async def test_many_guesses_at_once_do_not_slip_past_the_count(house: AdminHouse) -> None:
    person = await house.person()
    wrong = {"email": person.email, "password": "not this one"}
    answers = await asyncio.gather(*(house.client.post("/auth/login", json=wrong) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 15


async def test_a_refresh_token_is_good_once_and_its_copy_ends_the_session(house: AdminHouse) -> None:
    person = await house.person()
    first = {"refresh_token": person.tokens["refresh_token"]}
    pair = (await house.client.post("/auth/refresh", json=first)).json()
    copied = await house.client.post("/auth/refresh", json=first)
    assert (copied.status_code, copied.json()["code"]) == (401, "refresh_reused")
    after = await house.client.post("/auth/refresh", json={"refresh_token": pair["refresh_token"]})
    assert (after.status_code, after.json()["code"]) == (401, "refresh_refused")
    access = await house.client.get("/auth/me", headers={"authorization": f"Bearer {pair['access_token']}"})
    assert access.status_code == 401


async def test_of_two_who_bring_the_same_refresh_token_at_once_one_gets_tokens(house: AdminHouse) -> None:
    person = await house.person()
    body = {"refresh_token": person.tokens["refresh_token"]}
    answers = await asyncio.gather(*(house.client.post("/auth/refresh", json=body) for _ in range(4)))
    assert [answer.status_code for answer in answers].count(200) == 1


async def test_signing_out_everywhere_ends_refresh_and_access_tokens(house: AdminHouse) -> None:
    person = await house.person()
    assert (await house.client.post("/auth/logout", json={}, headers=person.headers)).status_code == 204
    assert (await house.client.get("/auth/me", headers=person.headers)).status_code == 401
    body = {"refresh_token": person.tokens["refresh_token"]}
    assert (await house.client.post("/auth/refresh", json=body)).status_code == 401


async def test_a_changed_password_ends_all_sessions_but_the_new_one(house: AdminHouse) -> None:
    person = await house.person()
    body = {"current_password": PASSWORD, "new_password": "Another-Kettle-77-Lamp"}
    changed = await house.client.post("/auth/change-password", json=body, headers=person.headers)
    assert changed.status_code == 200, changed.text
    fresh = {"authorization": f"Bearer {changed.json()['access_token']}"}
    assert (await house.client.get("/auth/me", headers=fresh)).status_code == 200
    assert (await house.client.get("/auth/me", headers=person.headers)).status_code == 401
    weak = await house.client.post(
        "/auth/change-password",
        json={"current_password": "Another-Kettle-77-Lamp", "new_password": "short"},
        headers=fresh,
    )
    assert (weak.status_code, weak.json()["code"]) == (422, "password_too_weak")


@pytest.mark.parametrize(
    ("path", "meanwhile", "status", "code"),
    [
        ("/auth/login", CHANGED, 401, "sign_in_refused"),
        ("/auth/login", LOCKED, 403, "account_locked"),
        ("/auth/change-password", CHANGED, 401, "sign_in_refused"),
        ("/auth/change-password", LOCKED, 403, "account_locked"),
    ],
)
async def test_a_right_password_that_meets_a_change_of_the_account_brings_no_tokens(
    house: AdminHouse, worker_database: Database, path: str, meanwhile: str, status: int, code: str
) -> None:
    person = await house.person()
    right = {"email": person.email, "password": PASSWORD}
    if path != "/auth/login":
        right = {"current_password": PASSWORD, "new_password": "Another-Kettle-77-Lamp"}
    async with worker_database.transaction() as transaction:
        await transaction.execute(meanwhile, person.account_id)
        asked = await waits(house.client.post(path, json=right, headers=person.headers), transaction)
    answer = await asked
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("path", ["/auth/logout", "/auth/refresh"])
async def test_ending_sessions_meets_a_lock_of_the_account_without_a_deadlock(
    house: AdminHouse, worker_database: Database, path: str
) -> None:
    person = await house.person()
    used = {"refresh_token": person.tokens["refresh_token"]}
    await house.client.post("/auth/refresh", json=used)
    async with worker_database.transaction() as transaction:
        await transaction.execute("SELECT FROM accounts WHERE account_id = $1 FOR UPDATE", person.account_id)
        body = used if path == "/auth/refresh" else {}
        asked = await waits(house.client.post(path, json=body, headers=person.headers), transaction)
        await transaction.execute("UPDATE sessions SET ended_at = now() WHERE account_id = $1", person.account_id)
    assert (await asked).status_code == (401 if path == "/auth/refresh" else 204)


async def test_of_two_who_change_the_same_password_at_once_one_gets_tokens(house: AdminHouse) -> None:
    person = await house.person()
    bodies = [{"current_password": PASSWORD, "new_password": f"Another-Kettle-{n}-Lamp"} for n in (77, 78)]
    changes = [house.client.post("/auth/change-password", json=body, headers=person.headers) for body in bodies]
    answers = await asyncio.gather(*changes)
    assert sorted(answer.status_code for answer in answers) == [200, 401]


async def test_the_key_set_names_the_key_of_the_tokens(house: AdminHouse) -> None:
    keys = (await house.client.get("/.well-known/jwks.json")).json()["keys"]
    assert [(key["kty"], key["crv"], key["alg"]) for key in keys] == [("OKP", "Ed25519", "EdDSA")]
    assert keys[0]["kid"] == house.state["signing_key"].key_id


async def test_several_programs_of_one_account_may_sign_in_at_once_and_later_again(house: AdminHouse) -> None:
    person = await house.person()
    right = {"email": person.email, "password": PASSWORD}
    answers = await asyncio.gather(*(house.client.post("/auth/login", json=right) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4
    for _ in range(6):
        assert await house.sign_in(person.email)
