"""Row security in PostgreSQL itself: a wrong query reaches no other team, and the runtime role no secret."""

import pytest
from fixtures.admin_people import AdminHouse

from chassis.database.errors import RowRefused
from chassis.database.pool import Database

TENANT_TABLES = (
    "teams",
    "team_members",
    "approvals",
    "approval_steps",
    "usage_daily",
    "latency_daily",
    "listing_states",
)


@pytest.fixture
async def red_and_blue(house: AdminHouse) -> tuple[str, str]:
    """Two teams with a member each."""
    ids: list[str] = []
    for slug in ("rows-red", "rows-blue"):
        person = await house.person(team=slug)
        ids.append((await house.client.get("/auth/me", headers=person.headers)).json()["team_id"])
    return ids[0], ids[1]


async def test_a_query_without_a_filter_shows_the_tenant_alone(
    red_and_blue: tuple[str, str], runtime_database: Database
) -> None:
    red, blue = red_and_blue
    async with runtime_database.transaction(red) as transaction:
        teams = {row["team_id"] for row in await transaction.fetch("SELECT team_id FROM teams")}
        members = {row["team_id"] for row in await transaction.fetch("SELECT team_id FROM team_members")}
        emails = await transaction.fetch("SELECT email FROM accounts")
        stolen = await transaction.execute("UPDATE teams SET name = 'stolen' WHERE team_id = $1", blue)
        removed = await transaction.execute("DELETE FROM team_members WHERE team_id = $1", blue)
    assert (teams, members, len(emails), stolen, removed) == ({red}, {red}, 1, "UPDATE 0", "DELETE 0")


async def test_without_a_tenant_the_runtime_role_sees_no_row(
    red_and_blue: tuple[str, str], runtime_database: Database
) -> None:
    statements = {
        "teams": "SELECT count(*) FROM teams",
        "team_members": "SELECT count(*) FROM team_members",
        "approvals": "SELECT count(*) FROM approvals",
        "usage_daily": "SELECT count(*) FROM usage_daily",
        "accounts": "SELECT count(account_id) FROM accounts",
    }
    async with runtime_database.transaction() as transaction:
        counts = {name: await transaction.fetch_value(statement) for name, statement in statements.items()}
    assert set(counts.values()) == {0}


async def test_a_row_for_another_team_cannot_be_written(
    red_and_blue: tuple[str, str], runtime_database: Database
) -> None:
    red, blue = red_and_blue
    with pytest.raises(RowRefused):
        async with runtime_database.transaction(red) as transaction:
            await transaction.execute(
                "INSERT INTO team_members (team_id, account_id, role, joined_at)"
                " SELECT $1, account_id, 'owner', now() FROM accounts",
                blue,
            )


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT password_hash FROM accounts",
        "SELECT * FROM refresh_tokens",
        "SELECT * FROM sessions",
        "SELECT * FROM audit_rows",
        "UPDATE accounts SET roles = '{super_admin}'",
        "INSERT INTO usage_daily DEFAULT VALUES",
    ],
)
async def test_the_runtime_role_may_not(
    red_and_blue: tuple[str, str], runtime_database: Database, statement: str
) -> None:
    with pytest.raises(RowRefused):
        async with runtime_database.transaction(red_and_blue[0]) as transaction:
            await transaction.execute(statement)


@pytest.mark.parametrize("statement", ["DELETE FROM audit_rows", "UPDATE audit_rows SET actor = 'somebody else'"])
async def test_not_even_the_worker_role_changes_the_trail(worker_database: Database, statement: str) -> None:
    with pytest.raises(RowRefused):
        async with worker_database.transaction() as transaction:
            await transaction.execute(statement)


async def test_every_tenant_table_forces_row_security_and_names_its_team(worker_database: Database) -> None:
    async with worker_database.transaction() as transaction:
        rows = await transaction.fetch(
            "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity AS forced, a.attnotnull"
            " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'team_id'"
            " WHERE c.relnamespace = 'admin'::regnamespace AND c.relkind = 'r'"
        )
    assert {row["relname"]: row["forced"] and row["attnotnull"] for row in rows} == dict.fromkeys(TENANT_TABLES, True)
