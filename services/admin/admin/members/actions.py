"""What can be done with a team's members: list, add by address, change the role, remove."""

from dataclasses import dataclass

from admin.teams.actions import place_member
from admin.teams.errors import AlreadyMember, MemberNotFound, TeamNotFound
from admin.teams.rules import Member, require_may_place, require_owner_left
from admin.work import OpenWork, Work
from chassis.identity.principal import Principal


@dataclass(frozen=True)
class ListMembers:
    """List a team's members."""

    open_work: OpenWork

    async def __call__(self, team_id: str, tenant: str | None) -> list[Member]:
        """In the order they joined. Raises TeamNotFound."""
        async with self.open_work(tenant) as work:
            if await work.teams.find(team_id) is None:
                raise _no_team()
            return await work.teams.members(team_id)


@dataclass(frozen=True)
class AddMember:
    """Add an account to a team by its address."""

    open_work: OpenWork

    async def __call__(self, caller: Principal, team_id: str, tenant: str | None, email: str, role: str) -> Member:
        """The new member. Raises TeamNotFound, MemberNotFound, AlreadyMember, TeamRoleAboveYours."""
        async with self.open_work(tenant) as work:
            actor_role = await _hold(work, caller, team_id, tenant)
            account_id = await work.accounts.find_for_invitation(email)
            if account_id is None:
                raise MemberNotFound("No active account has this address: ask an admin to create it.")
            if await work.teams.role_of(team_id, account_id) is not None:
                raise AlreadyMember("This account belongs to the team already: change its role instead.")
            require_may_place(actor_role, None, role)
            await place_member(work, team_id, account_id, role, caller.account_id)
            return await _member(work, team_id, account_id)


@dataclass(frozen=True)
class ChangeMember:
    """Change a member's role, or remove the member; a team always keeps an owner."""

    open_work: OpenWork

    async def __call__(
        self, caller: Principal, team_id: str, tenant: str | None, account_id: str, role: str | None
    ) -> Member | None:
        """The member as it stands, None when removed (`role` None). Raises MemberNotFound, LastOwner and the like."""
        async with self.open_work(tenant) as work:
            actor_role = await _hold(work, caller, team_id, tenant)
            before = await work.teams.role_of(team_id, account_id)
            if before is None:
                raise MemberNotFound("This account does not belong to the team.")
            require_may_place(actor_role, before, role)
            require_owner_left(before, role, await work.teams.count_owners(team_id, besides=account_id))
            if role != before:
                await place_member(work, team_id, account_id, role, caller.account_id)
            return None if role is None else await _member(work, team_id, account_id)


async def _hold(work: Work, caller: Principal, team_id: str, tenant: str | None) -> str | None:
    """Lock the team; the caller's role in it as the rows say now, None for the platform's people."""
    if await work.teams.find_for_change(team_id) is None:
        raise _no_team()
    return None if tenant is None else (await work.teams.role_of(team_id, caller.account_id) or "viewer")


async def _member(work: Work, team_id: str, account_id: str) -> Member:
    return next(member for member in await work.teams.members(team_id) if member.account_id == account_id)


def _no_team() -> TeamNotFound:
    return TeamNotFound("There is no such team among those you may see.")
