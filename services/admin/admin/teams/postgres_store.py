"""Teams and their members in PostgreSQL."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime

from admin.teams.ports import TeamFilter
from admin.teams.rules import Member, Membership, Team, TeamSettings
from chassis.database.transaction import Row, Transaction

_SELECT = "SELECT team_id, slug, name, settings, state, created_at FROM teams t"

_LIST = (
    "SELECT team_id, slug, name, settings, state, created_at FROM teams t WHERE state = 'active'"
    " AND ($1::text IS NULL OR EXISTS ("
    "SELECT 1 FROM team_members m WHERE m.team_id = t.team_id AND m.account_id = $1))"
    " AND ($2::text IS NULL OR slug = $2) AND ($3::text IS NULL OR team_id < $3)"
    " ORDER BY team_id DESC LIMIT $4"
)


@dataclass(frozen=True)
class PostgresTeams:
    """The teams that this transaction may see."""

    transaction: Transaction
    now: datetime

    async def add(self, team: Team) -> bool:
        """False where the slug is taken."""
        done = await self.transaction.execute(
            "INSERT INTO teams (team_id, slug, name, settings, created_at) VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT (slug) DO NOTHING",
            team.team_id,
            team.slug,
            team.name,
            json.dumps(asdict(team.settings)),
            team.created_at,
        )
        return done == "INSERT 0 1"

    async def find(self, team_id: str) -> Team | None:
        """The team, if this transaction may see it; archived ones are not found."""
        row = await self.transaction.fetch_one(_SELECT + " WHERE team_id = $1 AND state = 'active'", team_id)
        return _team_of(row) if row else None

    async def find_for_change(self, team_id: str) -> Team | None:
        """The same, locked until the transaction ends."""
        row = await self.transaction.fetch_one(_SELECT + " WHERE team_id = $1 AND state = 'active' FOR UPDATE", team_id)
        return _team_of(row) if row else None

    async def find_by_slug(self, slug: str) -> Team | None:
        """The team of that slug."""
        row = await self.transaction.fetch_one(_SELECT + " WHERE slug = $1 AND state = 'active'", slug)
        return _team_of(row) if row else None

    async def list_newest(self, wanted: TeamFilter, limit: int) -> list[Team]:
        """At most `limit` teams."""
        rows = await self.transaction.fetch(
            _LIST,
            wanted.member,
            wanted.slug,
            wanted.before,
            limit,
        )
        return [_team_of(row) for row in rows]

    async def change(self, team_id: str, name: str, settings: TeamSettings) -> None:
        """Replace the name and the settings."""
        await self.transaction.execute(
            "UPDATE teams SET name = $2, settings = $3 WHERE team_id = $1", team_id, name, json.dumps(asdict(settings))
        )

    async def archive(self, team_id: str) -> None:
        """Let the team rest; its slug stays taken."""
        await self.transaction.execute("UPDATE teams SET state = 'archived' WHERE team_id = $1", team_id)

    async def members(self, team_id: str) -> list[Member]:
        """In the order they joined."""
        rows = await self.transaction.fetch(
            "SELECT m.account_id, a.email, a.display_name, m.role, m.joined_at"
            " FROM team_members m JOIN accounts a ON a.account_id = m.account_id"
            " WHERE m.team_id = $1 ORDER BY m.joined_at, m.account_id",
            team_id,
        )
        return [Member(*row.values()) for row in rows]

    async def role_of(self, team_id: str, account_id: str) -> str | None:
        """None for a stranger."""
        return await self.transaction.fetch_value(
            "SELECT role FROM team_members WHERE team_id = $1 AND account_id = $2", team_id, account_id
        )

    async def count_owners(self, team_id: str, *, besides: str) -> int:
        """How many other owners there are."""
        return await self.transaction.fetch_value(
            "SELECT count(*) FROM team_members WHERE team_id = $1 AND role = 'owner' AND account_id <> $2",
            team_id,
            besides,
        )

    async def place(self, team_id: str, account_id: str, role: str) -> None:
        """Add the member, or change the role."""
        await self.transaction.execute(
            "INSERT INTO team_members (team_id, account_id, role, joined_at) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT (team_id, account_id) DO UPDATE SET role = excluded.role",
            team_id,
            account_id,
            role,
            self.now,
        )

    async def remove(self, team_id: str, account_id: str) -> None:
        """Take the member out."""
        await self.transaction.execute(
            "DELETE FROM team_members WHERE team_id = $1 AND account_id = $2", team_id, account_id
        )

    async def memberships(self, account_id: str) -> list[Membership]:
        """The account's active teams, in the order it joined them."""
        rows = await self.transaction.fetch(
            "SELECT t.team_id, t.slug, t.name, m.role FROM team_members m JOIN teams t ON t.team_id = m.team_id"
            " WHERE m.account_id = $1 AND t.state = 'active' ORDER BY m.joined_at, t.team_id",
            account_id,
        )
        return [Membership(*row.values()) for row in rows]


def _team_of(row: Row) -> Team:
    settings = TeamSettings(**json.loads(row["settings"]))
    return Team(row["team_id"], row["slug"], row["name"], settings, row["state"], row["created_at"])
