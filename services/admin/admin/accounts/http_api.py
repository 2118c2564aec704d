"""The HTTP door of accounts: /users."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from admin.access import ACCOUNTS_READ, ACCOUNTS_WRITE
from admin.accounts.actions import (
    AccountWish,
    ChangeRoles,
    CreateAccount,
    ListAccounts,
    ReadAccount,
    SetLock,
    TeamWish,
)
from admin.accounts.answers import AccountBody, AccountDetailBody, account_body, detail_body
from admin.accounts.ports import AccountFilter
from admin.accounts.rules import Account
from admin.fields import AccountId, Answer, Email, Name, Password, PlatformRole, Request, Slug, TeamRole
from admin.pages import Wanted, page_of
from chassis.web.access import Caller, requires
from chassis.web.application import provided
from chassis.web.pages import Cursors, PageCursor, PageLimit

router = APIRouter(prefix="/users", tags=["accounts"])


class TeamChoice(Request):
    """The team to join. Where nobody has the slug, the team is made and the account owns it."""

    slug: Slug
    name: Name | None = None
    role: TeamRole = "member"


class NewAccountBody(Request):
    """A new account with its first password."""

    email: Email
    password: Password
    display_name: Name | None = None
    roles: Annotated[list[PlatformRole], Field(max_length=5, default_factory=list)]
    team: TeamChoice | None = None

    def wish(self) -> AccountWish:
        """In the terms of the action."""
        team = TeamWish(self.team.slug, self.team.name, self.team.role) if self.team else None
        name = self.display_name or self.email.split("@", maxsplit=1)[0]
        return AccountWish(self.email, self.password.get_secret_value(), name, frozenset(self.roles), team)


class RolesBody(Request):
    """The platform roles that replace the present ones."""

    roles: Annotated[list[PlatformRole], Field(max_length=5)]


class UserFilter(BaseModel):
    """What a list of accounts is narrowed to."""

    model_config = ConfigDict(extra="forbid")

    role: PlatformRole | None = None
    state: Literal["active", "locked"] | None = None
    email: Email | None = None
    limit: PageLimit = 50
    cursor: PageCursor = None


class AccountPage(Answer):
    """A page of accounts."""

    items: list[AccountBody]
    next_cursor: str | None


@router.post("", status_code=201, dependencies=[requires(ACCOUNTS_WRITE)])
async def create_user(
    body: NewAccountBody, caller: Caller, create: Annotated[CreateAccount, Depends(provided("create_account"))]
) -> AccountDetailBody:
    """Make an account. Only a super_admin gives the roles admin and super_admin."""
    return detail_body(await create(caller, body.wish()))


@router.get("", dependencies=[requires(ACCOUNTS_READ)])
async def list_users(
    list_accounts: Annotated[ListAccounts, Depends(provided("list_accounts"))],
    cursors: Annotated[Cursors, Depends(provided("cursors"))],
    filters: Annotated[UserFilter, Query()],
) -> AccountPage:
    """List accounts, newest first."""
    narrowed = filters.model_dump(include={"role", "state", "email"})

    async def read(before: str | None, limit: int) -> list[Account]:
        return await list_accounts(AccountFilter(**narrowed, before=before), limit)

    wanted = Wanted(filters.limit, filters.cursor, {"list": "users", **narrowed})
    page = await page_of(cursors, wanted, read, lambda account: account.account_id)
    return AccountPage(items=[account_body(account) for account in page.items], next_cursor=page.next_cursor)


@router.get("/{account_id}", dependencies=[requires(ACCOUNTS_READ)])
async def read_user(
    account_id: AccountId, read: Annotated[ReadAccount, Depends(provided("read_account"))]
) -> AccountDetailBody:
    """Read one account."""
    return detail_body(await read(account_id))


@router.patch("/{account_id}", dependencies=[requires(ACCOUNTS_WRITE)])
async def change_user_roles(
    account_id: AccountId,
    body: RolesBody,
    caller: Caller,
    change: Annotated[ChangeRoles, Depends(provided("change_roles"))],
) -> AccountDetailBody:
    """Replace an account's platform roles; nobody changes the own ones."""
    return detail_body(await change(caller, account_id, frozenset(body.roles)))


@router.post("/{account_id}/lock", dependencies=[requires(ACCOUNTS_WRITE)])
async def lock_user(
    account_id: AccountId, caller: Caller, set_lock: Annotated[SetLock, Depends(provided("set_lock"))]
) -> AccountDetailBody:
    """Lock an account: its sessions end, and its tokens stop to hold within a second."""
    return detail_body(await set_lock(caller, account_id, locked=True))


@router.post("/{account_id}/unlock", dependencies=[requires(ACCOUNTS_WRITE)])
async def unlock_user(
    account_id: AccountId, caller: Caller, set_lock: Annotated[SetLock, Depends(provided("set_lock"))]
) -> AccountDetailBody:
    """Unlock an account."""
    return detail_body(await set_lock(caller, account_id, locked=False))
