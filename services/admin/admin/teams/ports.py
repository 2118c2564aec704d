"""What teams need from outside: their rows inside a transaction."""

from dataclasses import dataclass
from typing import Protocol

from admin.teams.rules import Member, Membership, Team, TeamSettings


@dataclass(frozen=True)
class TeamFilter:
    """Which teams are wanted, newest first; None wants all. `before` is a team id."""

    member: str | None = None
    slug: str | None = None
    before: str | None = None


class TeamStore(Protocol):
    """Teams and their members inside one transaction."""

    async def add(self, team: Team) -> bool:
        """False where the slug is taken."""
        ...

    async def find(self, team_id: str) -> Team | None:
        """The team, if this transaction may see it; archived ones are not found."""
        ...

    async def find_for_change(self, team_id: str) -> Team | None:
        """The same, locked until the transaction ends: whoever changes members holds it."""
        ...

    async def find_by_slug(self, slug: str) -> Team | None:
        """The team of that slug."""
        ...

    async def list_newest(self, wanted: TeamFilter, limit: int) -> list[Team]:
        """At most `limit` teams."""
        ...

    async def change(self, team_id: str, name: str, settings: TeamSettings) -> None:
        """Replace the name and the settings."""
        ...

    async def archive(self, team_id: str) -> None:
        """Let the team rest; its slug stays taken."""
        ...

    async def members(self, team_id: str) -> list[Member]:
        """In the order they joined."""
        ...

    async def role_of(self, team_id: str, account_id: str) -> str | None:
        """None for a stranger."""
        ...

    async def count_owners(self, team_id: str, *, besides: str) -> int:
        """How many other owners there are."""
        ...

    async def place(self, team_id: str, account_id: str, role: str) -> None:
        """Add the member, or change the role."""
        ...

    async def remove(self, team_id: str, account_id: str) -> None:
        """Take the member out."""
        ...

    async def memberships(self, account_id: str) -> list[Membership]:
        """The account's active teams, in the order it joined them."""
        ...
