"""The audit trail and the first start on a real database."""

import asyncio

import psycopg
import pytest
from fixtures.admin_people import FIRST_EMAIL, PASSWORD, AdminHouse
from fixtures.marketplace_database import ProvisionedServer
from fixtures.postgres import database_url

from admin.accounts.actions import Bootstrap
from admin.audit.rules import Entry, Tail
from chassis.database.pool import Database


async def test_every_deed_has_its_row_and_no_row_holds_a_secret(house: AdminHouse) -> None:
    first, person = await house.first(), await house.person("viewer", team="audited-red")
    await house.client.post(f"/users/{person.account_id}/lock", headers=first.headers)
    listed = await house.client.get("/audit?limit=200", headers=first.headers)
    actions = {row["action"] for row in listed.json()["items"]}
    assert {"account.created", "team.created", "team.member_changed", "session.started", "account.locked"} <= actions
    tokens = [first.tokens["refresh_token"], person.tokens["refresh_token"], person.tokens["access_token"]]
    for secret in (PASSWORD, "argon2", *tokens):
        assert secret not in listed.text
    about = await house.client.get("/audit", params={"subject_id": person.account_id}, headers=first.headers)
    assert next(row["action"] for row in about.json()["items"]) == "account.locked"


async def test_a_deed_without_its_row_does_not_happen(
    house: AdminHouse, marketplace_database: ProvisionedServer
) -> None:
    person = await house.person()
    first = await house.first()
    superuser = database_url(marketplace_database.superuser_url, "marketplace")
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute("REVOKE INSERT ON admin.audit_rows FROM admin_worker")
    try:
        refused = await house.client.post(f"/users/{person.account_id}/lock", headers=first.headers)
    finally:
        with psycopg.connect(superuser, autocommit=True) as connection:
            connection.execute("GRANT INSERT ON admin.audit_rows TO admin_worker")
    assert refused.status_code == 500
    seen = await house.client.get(f"/users/{person.account_id}", headers=first.headers)
    assert seen.json()["state"] == "active"
    # The token still holds: the epoch did not move either.
    assert (await house.client.get("/auth/me", headers=person.headers)).status_code == 200


async def test_many_deeds_at_once_make_one_unbroken_chain(house: AdminHouse) -> None:
    await house.first()
    await asyncio.gather(*(house.person() for _ in range(6)))
    verdict = await house.state["verify_trail"]()
    assert verdict.holds
    assert verdict.rows > 12


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        ("UPDATE admin.audit_rows SET actor = 'acc_other' WHERE position = 3", 3),
        ("DELETE FROM admin.audit_rows WHERE position = 2", 2),
        ("UPDATE admin.audit_rows SET happened_at = happened_at - interval '1 day' WHERE position = 1", 1),
    ],
)
async def test_tampering_by_a_superuser_is_found(
    house: AdminHouse, marketplace_database: ProvisionedServer, tampering: str, found: int
) -> None:
    first = await house.first()
    # Rows enough, also where this test comes first.
    await house.person()
    superuser = database_url(marketplace_database.superuser_url, "marketplace")
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute("CREATE TABLE public.kept AS SELECT * FROM admin.audit_rows")
        connection.execute(tampering.encode())
    try:
        verdict = (await house.client.get("/audit/verify", headers=first.headers)).json()
    finally:
        with psycopg.connect(superuser, autocommit=True) as connection:
            connection.execute("DELETE FROM admin.audit_rows")
            connection.execute("INSERT INTO admin.audit_rows SELECT * FROM public.kept")
            connection.execute("DROP TABLE public.kept")
    assert (verdict["holds"], verdict["first_broken"]) == (False, found)
    assert (await house.client.get("/audit/verify", headers=first.headers)).json()["holds"]


async def test_an_anchor_shows_that_the_tail_was_cut(
    house: AdminHouse, marketplace_database: ProvisionedServer
) -> None:
    first = await house.first()
    head = (await house.client.get("/audit/verify", headers=first.headers)).json()
    anchor = {"anchor_position": head["head_position"], "anchor_hash": head["head_hash"]}
    assert (await house.client.get("/audit/verify", params=anchor, headers=first.headers)).json()["holds"]
    never = await house.state["verify_trail"](Tail(head["head_position"] + 5, head["head_hash"]))
    half = await house.client.get("/audit/verify", params={"anchor_position": 3}, headers=first.headers)
    assert (never.holds, never.anchor_found, half.status_code) == (False, False, 422)


async def test_several_processes_at_once_make_one_first_super_admin(
    house: AdminHouse, marketplace_database: ProvisionedServer, worker_database: Database
) -> None:
    superuser = database_url(marketplace_database.superuser_url, "marketplace")
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute("UPDATE admin.accounts SET roles = '{}'")
    said: list[str] = []
    create = house.state["create_account"]
    bootstrap = Bootstrap(
        create.open_work, create.passwords, lambda: "Random-Word-123-Lamp", lambda _, word: said.append(word)
    )
    made = await asyncio.gather(*(bootstrap("second@marketplace.test", None) for _ in range(4)))
    assert sorted(made) == [False, False, False, True]
    assert said == ["Random-Word-123-Lamp"]
    async with worker_database.transaction() as transaction:
        rows = await transaction.fetch("SELECT email FROM accounts WHERE 'super_admin' = ANY (roles)")
    assert [row["email"] for row in rows] == ["second@marketplace.test"]
    assert not await bootstrap(FIRST_EMAIL, None)
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(
            "UPDATE admin.accounts SET roles = CASE email WHEN %s THEN ARRAY['super_admin'] ELSE '{}' END",
            (FIRST_EMAIL,),
        )


async def test_a_team_records_deeds_about_itself_alone(house: AdminHouse) -> None:
    owner = await house.person(team="recording-red")
    team_id = (await house.client.get("/auth/me", headers=owner.headers)).json()["team_id"]
    other = await house.team("recording-blue")
    open_work = house.state["decide"].open_work
    async with open_work(team_id) as work:
        await work.trail.append(Entry(owner.account_id, "team.tested", "team", team_id, team_id))
    with pytest.raises(Exception, match="refused a statement"):
        async with open_work(team_id) as work:
            await work.trail.append(Entry(owner.account_id, "team.tested", "team", other, other))
