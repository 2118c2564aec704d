"""What can be done with teams as a whole: create, read, change, archive."""

from dataclasses import dataclass, replace
from typing import Any

from admin.audit.rules import Entry
from admin.epochs.actions import withdraw_tokens
from admin.facts import IDENTITY_TOPIC
from admin.teams.errors import MemberNotFound, SlugTaken, TeamNotFound
from admin.teams.ports import TeamFilter
from admin.teams.rules import OWNER, Team, TeamSettings, require_free_slug
from admin.work import OpenWork, Work
from chassis.identity.principal import Principal
from marketplace.events.v1.identity_pb2 import TeamArchived, TeamCreated, TeamMemberChanged


async def found_team(work: Work, slug: str, name: str, actor: str, owner: str | None) -> Team:
    """Make a team inside a work; `owner` is an account. Raises SlugReserved or SlugTaken."""
    require_free_slug(slug)
    team = Team(work.new_id("tea"), slug, name, TeamSettings(), "active", work.now)
    if not await work.teams.add(team):
        raise SlugTaken("This slug is taken: choose another one.")
    await work.facts.append(
        IDENTITY_TOPIC, team.team_id, TeamCreated(team_id=team.team_id, slug=team.slug, name=team.name)
    )
    entry = Entry(actor, "team.created", "team", team.team_id, team.team_id, {"slug": slug, "name": name})
    await work.trail.append(entry)
    if owner is not None:
        await place_member(work, team.team_id, owner, OWNER, actor)
    return team


async def place_member(work: Work, team_id: str, account_id: str, role: str | None, actor: str) -> None:
    """Add, change or (None) remove a member inside a work; who loses something has his tokens withdrawn."""
    before = await work.teams.role_of(team_id, account_id)
    if before is not None:
        # First: row security shows a team only its own members.
        await withdraw_tokens(work, account_id)
    if role is None:
        await work.teams.remove(team_id, account_id)
    else:
        await work.teams.place(team_id, account_id, role)
    fact = TeamMemberChanged(team_id=team_id, account_id=account_id, role=role or "")
    await work.facts.append(IDENTITY_TOPIC, team_id, fact)
    details = {"account_id": account_id, "before": before, "after": role}
    await work.trail.append(Entry(actor, "team.member_changed", "team", team_id, team_id, details))


@dataclass(frozen=True)
class CreateTeam:
    """Make a team, owned by an account if one is named."""

    open_work: OpenWork

    async def __call__(self, caller: Principal, slug: str, name: str, owner_email: str | None) -> Team:
        """The new team. Raises SlugReserved, SlugTaken, MemberNotFound."""
        async with self.open_work() as work:
            owner = None if owner_email is None else await work.accounts.find_for_invitation(owner_email)
            if owner_email is not None and owner is None:
                raise MemberNotFound("No active account has the owner's address: create the account first.")
            return await found_team(work, slug, name, caller.account_id, owner)


@dataclass(frozen=True)
class ReadTeam:
    """Read one team by its id or its slug."""

    open_work: OpenWork

    async def __call__(self, team_id: str, tenant: str | None) -> Team:
        """The team. Raises TeamNotFound."""
        async with self.open_work(tenant) as work:
            return _present(await work.teams.find(team_id))

    async def by_slug(self, slug: str) -> Team:
        """The team of that slug. Raises TeamNotFound."""
        async with self.open_work() as work:
            return _present(await work.teams.find_by_slug(slug))


@dataclass(frozen=True)
class ListTeams:
    """List teams, newest first."""

    open_work: OpenWork

    async def __call__(self, wanted: TeamFilter, limit: int) -> list[Team]:
        """At most `limit` teams."""
        async with self.open_work() as work:
            return await work.teams.list_newest(wanted, limit)


@dataclass(frozen=True)
class ChangeTeam:
    """Rename a team or change its settings; the slug stays, because listings are named by it."""

    open_work: OpenWork

    async def __call__(
        self, caller: Principal, team_id: str, tenant: str | None, name: str | None, settings: dict[str, Any]
    ) -> Team:
        """The changed team; `settings` holds the fields to replace. Raises TeamNotFound."""
        async with self.open_work(tenant) as work:
            team = _present(await work.teams.find_for_change(team_id))
            changed = replace(team, name=name or team.name, settings=replace(team.settings, **settings))
            await work.teams.change(team_id, changed.name, changed.settings)
            details = {"name": changed.name, "settings": sorted(settings)}
            await work.trail.append(Entry(caller.account_id, "team.changed", "team", team_id, team_id, details))
            return changed


@dataclass(frozen=True)
class ArchiveTeam:
    """Let a team rest: nobody belongs to it any more, its keys end, and nobody else gets its slug."""

    open_work: OpenWork

    async def __call__(self, caller: Principal, team_id: str) -> None:
        """Raises TeamNotFound."""
        async with self.open_work() as work:
            _present(await work.teams.find_for_change(team_id))
            # In one order, so that two teams of the same people never dead-lock.
            for member in sorted(await work.teams.members(team_id), key=lambda member: member.account_id):
                await place_member(work, team_id, member.account_id, None, caller.account_id)
            await work.teams.archive(team_id)
            await work.facts.append(IDENTITY_TOPIC, team_id, TeamArchived(team_id=team_id))
            await work.trail.append(Entry(caller.account_id, "team.archived", "team", team_id, team_id))


def _present(team: Team | None) -> Team:
    if team is None:
        raise TeamNotFound("There is no such team among those you may see.")
    return team
