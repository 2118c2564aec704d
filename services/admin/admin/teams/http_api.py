"""The HTTP door of teams: /api/v1/teams."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from admin.access import EVERY_PLATFORM_READER, TEAM_LEAD, TEAM_READ, TEAMS_ARCHIVE, TEAMS_CREATE, reach_of
from admin.fields import Answer, Email, Moment, Name, Request, Slug, TeamId
from admin.pages import Wanted, page_of
from admin.teams.actions import ArchiveTeam, ChangeTeam, CreateTeam, ListTeams, ReadTeam
from admin.teams.ports import TeamFilter
from admin.teams.rules import Team
from chassis.web.access import SIGNED_IN, Caller, requires
from chassis.web.application import provided
from chassis.web.pages import Cursors, PageCursor, PageLimit
from chassis.web.sent_values import TAKEN_WHOLE

router = APIRouter(prefix="/api/v1/teams", tags=["teams"])
Count = Annotated[int, Field(ge=0, le=10**15), TAKEN_WHOLE]
ForeignName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
Names = Annotated[list[ForeignName], Field(max_length=200)]


class NewTeamBody(Request):
    """A new team; `owner_email` is the address of the account that owns it."""

    slug: Slug
    name: Name
    owner_email: Email | None = None


class SettingsBody(Request):
    """What a team is allowed; null means no limit, an absent field stays as it is. `monthly_budget` is in USD."""

    monthly_budget: Annotated[str, Field(pattern=r"^[0-9]{1,9}(\.[0-9]{1,9})?$", examples=["250.00"])] | None = None
    monthly_token_quota: Count | None = None
    requests_per_minute: Count | None = None
    tokens_per_minute: Count | None = None
    model_access: Names = Field(default_factory=list[str])
    allowed_providers: Names = Field(default_factory=list[str])
    cost_center: Name | None = None


class TeamChangeBody(Request):
    """What to change; an absent field stays as it is."""

    name: Name | None = None
    settings: SettingsBody | None = None

    def settings_given(self) -> dict[str, Any]:
        """The settings that were sent, by name."""
        return self.settings.model_dump(exclude_unset=True) if self.settings else {}


class SettingsAnswer(Answer):
    """What a team is allowed."""

    monthly_budget: str | None
    monthly_token_quota: int | None
    requests_per_minute: int | None
    tokens_per_minute: int | None
    model_access: list[str]
    allowed_providers: list[str]
    cost_center: str | None


class TeamBody(Answer):
    """A team."""

    team_id: str
    slug: str
    name: str
    settings: SettingsAnswer
    created_at: Moment


class TeamPage(Answer):
    """A page of teams."""

    items: list[TeamBody]
    next_cursor: str | None


class TeamListFilter(BaseModel):
    """What a list of teams is narrowed to."""

    model_config = ConfigDict(extra="forbid")

    slug: Slug | None = None
    limit: PageLimit = 50
    cursor: PageCursor = None


@router.post("", status_code=201, dependencies=[requires(TEAMS_CREATE)])
async def create_team(
    body: NewTeamBody, caller: Caller, create: Annotated[CreateTeam, Depends(provided("create_team"))]
) -> TeamBody:
    """Make a team. Slugs of vendors, of well-known models and of the platform are reserved."""
    return TeamBody.model_validate(await create(caller, body.slug, body.name, body.owner_email))


@router.get("", dependencies=[requires(SIGNED_IN)])
async def list_teams(
    caller: Caller,
    teams: Annotated[ListTeams, Depends(provided("list_teams"))],
    cursors: Annotated[Cursors, Depends(provided("cursors"))],
    filters: Annotated[TeamListFilter, Query()],
) -> TeamPage:
    """List the own teams, newest first; who reads for the platform sees all of them."""
    member = None if caller.has_role(*EVERY_PLATFORM_READER) else caller.account_id

    async def read(before: str | None, limit: int) -> list[Team]:
        return await teams(TeamFilter(member, filters.slug, before), limit)

    bound = {"list": "teams", "member": member, "slug": filters.slug}
    page = await page_of(cursors, Wanted(filters.limit, filters.cursor, bound), read, lambda team: team.team_id)
    return TeamPage(items=[TeamBody.model_validate(team) for team in page.items], next_cursor=page.next_cursor)


@router.get("/{team_id}", dependencies=[requires(TEAM_READ)])
async def read_team(
    team_id: TeamId, caller: Caller, read: Annotated[ReadTeam, Depends(provided("read_team"))]
) -> TeamBody:
    """Read one team: the one that the token names, or any for the platform's people."""
    return TeamBody.model_validate(await read(team_id, reach_of(caller, TEAM_READ)))


@router.patch("/{team_id}", dependencies=[requires(TEAM_LEAD)])
async def change_team(
    team_id: TeamId,
    body: TeamChangeBody,
    caller: Caller,
    change: Annotated[ChangeTeam, Depends(provided("change_team"))],
) -> TeamBody:
    """Rename a team or change its settings; the slug stays."""
    changed = await change(caller, team_id, reach_of(caller, TEAM_LEAD), body.name, body.settings_given())
    return TeamBody.model_validate(changed)


@router.delete("/{team_id}", status_code=204, dependencies=[requires(TEAMS_ARCHIVE)])
async def archive_team(
    team_id: TeamId, caller: Caller, archive: Annotated[ArchiveTeam, Depends(provided("archive_team"))]
) -> None:
    """Archive a team: nobody belongs to it any more, and its slug stays taken."""
    await archive(caller, team_id)
