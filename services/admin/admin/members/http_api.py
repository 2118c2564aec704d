"""The HTTP door of a team's members: /api/v1/teams/{team_id}/members."""

from typing import Annotated

from fastapi import APIRouter, Depends

from admin.access import TEAM_LEAD, TEAM_READ, reach_of
from admin.fields import AccountId, Answer, Email, Moment, Request, TeamId, TeamRole
from admin.members.actions import AddMember, ChangeMember, ListMembers
from chassis.web.access import Caller, requires
from chassis.web.application import provided

router = APIRouter(prefix="/api/v1/teams/{team_id}/members", tags=["teams"])


class NewMemberBody(Request):
    """The account to add, by its address."""

    email: Email
    role: TeamRole = "member"


class MemberRoleBody(Request):
    """The member's new role."""

    role: TeamRole


class MemberBody(Answer):
    """A member."""

    account_id: str
    email: str
    display_name: str
    role: TeamRole
    joined_at: Moment


class MemberList(Answer):
    """All members, in the order they joined."""

    items: list[MemberBody]


@router.get("", dependencies=[requires(TEAM_READ)])
async def list_members(
    team_id: TeamId, caller: Caller, members: Annotated[ListMembers, Depends(provided("list_members"))]
) -> MemberList:
    """List a team's members."""
    found = await members(team_id, reach_of(caller, TEAM_READ))
    return MemberList(items=[MemberBody.model_validate(member) for member in found])


@router.post("", status_code=201, dependencies=[requires(TEAM_LEAD)])
async def add_member(
    team_id: TeamId,
    body: NewMemberBody,
    caller: Caller,
    add: Annotated[AddMember, Depends(provided("add_member"))],
) -> MemberBody:
    """Add an account to a team; only an owner adds an owner."""
    member = await add(caller, team_id, reach_of(caller, TEAM_LEAD), body.email, body.role)
    return MemberBody.model_validate(member)


@router.patch("/{account_id}", dependencies=[requires(TEAM_LEAD)])
async def change_member(
    team_id: TeamId,
    account_id: AccountId,
    body: MemberRoleBody,
    caller: Caller,
    change: Annotated[ChangeMember, Depends(provided("change_member"))],
) -> MemberBody:
    """Change a member's role; the member's present tokens end within a second."""
    member = await change(caller, team_id, reach_of(caller, TEAM_LEAD), account_id, body.role)
    return MemberBody.model_validate(member)


@router.delete("/{account_id}", status_code=204, dependencies=[requires(TEAM_LEAD)])
async def remove_member(
    team_id: TeamId,
    account_id: AccountId,
    caller: Caller,
    change: Annotated[ChangeMember, Depends(provided("change_member"))],
) -> None:
    """Remove a member; a team always keeps an owner."""
    await change(caller, team_id, reach_of(caller, TEAM_LEAD), account_id, None)
