"""Teams and their members, on rules and fakes."""

import pytest
from fakes.admin import FakeWork, principal

from admin.accounts.rules import NewAccount
from admin.members.actions import AddMember, ChangeMember, ListMembers
from admin.teams.actions import ArchiveTeam, ChangeTeam, CreateTeam, ListTeams, ReadTeam
from admin.teams.errors import (
    AlreadyMember,
    LastOwner,
    MemberNotFound,
    SlugReserved,
    SlugTaken,
    TeamNotFound,
    TeamRoleAboveYours,
)
from admin.teams.ports import TeamFilter
from admin.teams.rules import Team, require_free_slug, require_may_place
from marketplace.events.v1.identity_pb2 import AccountEpochAdvanced, TeamArchived, TeamMemberChanged

ROOT = principal("acc_root", "super_admin")


async def town() -> tuple[FakeWork, Team]:
    """Three accounts, and a team that ada owns."""
    work = FakeWork()
    async with work() as rows:
        for name in ("ada", "ben", "cis"):
            await rows.accounts.add(NewAccount(f"acc_{name}", f"{name}@x.test", name, "", frozenset(), rows.now))
    return work, await CreateTeam(work)(ROOT, "red", "Red", "ada@x.test")


@pytest.mark.parametrize("slug", ["openai", "open-ai", "0penai", "openai-tools", "gpt-4o", "admin", "api", "xai"])
def test_names_that_pass_for_a_vendor_or_the_platform_are_reserved(slug: str) -> None:
    with pytest.raises(SlugReserved):
        require_free_slug(slug)


@pytest.mark.parametrize("slug", ["data-science", "red", "team-1", "demo", "apiary", "administrators"])
def test_other_names_are_free(slug: str) -> None:
    require_free_slug(slug)


@pytest.mark.parametrize(
    ("actor", "before", "after", "allowed"),
    [
        (None, None, "owner", True),
        ("owner", "owner", None, True),
        ("admin", None, "admin", True),
        ("admin", "member", None, True),
        ("admin", "member", "owner", False),
        ("admin", "owner", "member", False),
        ("member", None, "viewer", False),
        ("viewer", "member", None, False),
    ],
)
def test_who_may_place_whom(actor: str | None, before: str | None, after: str | None, allowed: bool) -> None:
    if allowed:
        require_may_place(actor, before, after)
    else:
        with pytest.raises(TeamRoleAboveYours):
            require_may_place(actor, before, after)


async def test_a_slug_is_taken_once_and_stays_taken_after_the_team_is_archived() -> None:
    work, team = await town()
    create = CreateTeam(work)
    with pytest.raises(SlugTaken):
        await create(ROOT, "red", "Other", None)
    with pytest.raises(MemberNotFound):
        await create(ROOT, "blue", "Blue", "nobody@x.test")
    await ArchiveTeam(work)(ROOT, team.team_id)
    with pytest.raises(TeamNotFound):
        await ReadTeam(work)(team.team_id, None)
    with pytest.raises(SlugTaken):
        await create(ROOT, "red", "Other", None)
    assert work.facts_of(TeamMemberChanged)[-1].role == ""
    assert [fact.team_id for fact in work.facts_of(TeamArchived)] == [team.team_id]


async def test_teams_are_read_by_id_and_slug_and_listed_for_their_members() -> None:
    work, team = await town()
    await CreateTeam(work)(ROOT, "blue", "Blue", None)
    read = ReadTeam(work)
    assert (await read(team.team_id, team.team_id)).slug == "red"
    assert (await read.by_slug("red")).team_id == team.team_id
    with pytest.raises(TeamNotFound):
        await read(team.team_id, "tea_other")
    with pytest.raises(TeamNotFound):
        await read.by_slug("green")
    assert [t.slug for t in await ListTeams(work)(TeamFilter(), 10)] == ["blue", "red"]
    assert [t.slug for t in await ListTeams(work)(TeamFilter(member="acc_ada"), 10)] == ["red"]


async def test_settings_change_field_by_field() -> None:
    work, team = await town()
    change = ChangeTeam(work)
    await change(ROOT, team.team_id, None, None, {"monthly_budget": "10", "monthly_token_quota": 5})
    changed = await change(ROOT, team.team_id, None, "Crimson", {"monthly_budget": None})
    assert (changed.name, changed.settings.monthly_budget, changed.settings.monthly_token_quota) == ("Crimson", None, 5)
    with pytest.raises(TeamNotFound):
        await change(ROOT, team.team_id, "tea_other", "Stolen", {})


async def test_members_come_change_and_go_and_lose_their_tokens_when_they_lose_something() -> None:
    work, team = await town()
    ada = principal("acc_ada", tenant=team.team_id, tenant_role="owner")
    add, change = AddMember(work), ChangeMember(work)
    assert (await add(ada, team.team_id, team.team_id, "ben@x.test", "member")).role == "member"
    assert work.facts_of(AccountEpochAdvanced) == []
    with pytest.raises(AlreadyMember):
        await add(ada, team.team_id, team.team_id, "ben@x.test", "admin")
    with pytest.raises(MemberNotFound):
        await add(ada, team.team_id, team.team_id, "nobody@x.test", "member")
    assert (await change(ada, team.team_id, team.team_id, "acc_ben", "owner")) is not None
    assert await change(ada, team.team_id, team.team_id, "acc_ben", None) is None
    assert [fact.epoch for fact in work.facts_of(AccountEpochAdvanced)] == [2, 3]
    assert [member.account_id for member in await ListMembers(work)(team.team_id, None)] == ["acc_ada"]
    with pytest.raises(LastOwner):
        await change(ada, team.team_id, team.team_id, "acc_ada", "viewer")
    with pytest.raises(MemberNotFound):
        await change(ada, team.team_id, team.team_id, "acc_cis", "viewer")


async def test_a_role_in_the_token_that_the_rows_no_longer_give_is_worth_nothing() -> None:
    work, team = await town()
    stale = principal("acc_ben", tenant=team.team_id, tenant_role="owner")
    with pytest.raises(TeamRoleAboveYours):
        await AddMember(work)(stale, team.team_id, team.team_id, "cis@x.test", "owner")
    with pytest.raises(TeamNotFound):
        await ListMembers(work)(team.team_id, "tea_other")
