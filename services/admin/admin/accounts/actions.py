"""What can be done with accounts: create, read, change roles, lock, unlock, and make the very first one."""

from collections.abc import Callable
from dataclasses import dataclass

from admin.accounts.errors import AccountNotFound, EmailTaken
from admin.accounts.password_rules import require_strong
from admin.accounts.ports import AccountFilter, Passwords
from admin.accounts.rules import (
    ACTIVE,
    LOCKED,
    SUPER_ADMIN,
    Account,
    NewAccount,
    normal_email,
    require_a_super_admin_left,
    require_may_give,
    require_may_touch,
)
from admin.audit.rules import Entry
from admin.epochs.actions import withdraw_tokens
from admin.teams.actions import found_team, place_member
from admin.teams.rules import Membership
from admin.work import OpenWork, Work
from chassis.identity.principal import Principal


@dataclass(frozen=True)
class TeamWish:
    """The team a new account joins; where nobody has the slug, the team is made and the account owns it."""

    slug: str
    name: str | None
    role: str


@dataclass(frozen=True)
class AccountWish:
    """A new account as it was asked for."""

    email: str
    password: str
    display_name: str
    roles: frozenset[str]
    team: TeamWish | None


@dataclass(frozen=True)
class AccountView:
    """An account with its teams."""

    account: Account
    memberships: list[Membership]


@dataclass(frozen=True)
class CreateAccount:
    """Make an account with a first password, roles and a team."""

    open_work: OpenWork
    passwords: Passwords

    async def __call__(self, caller: Principal, wish: AccountWish) -> AccountView:
        """The new account. Raises RoleAboveYours, PasswordTooWeak, EmailTaken, SlugReserved."""
        require_may_give(caller.roles, frozenset(), wish.roles)
        require_strong(wish.password, wish.email)
        password_hash = await self.passwords.hash(wish.password)
        async with self.open_work() as work:
            email = normal_email(wish.email)
            fresh = NewAccount(work.new_id("acc"), email, wish.display_name, password_hash, wish.roles, work.now)
            if not await work.accounts.add(fresh):
                raise EmailTaken("Another account has this address: choose another one, or change that account.")
            details = {"email": email, "roles": sorted(wish.roles)}
            await work.trail.append(
                Entry(caller.account_id, "account.created", "account", fresh.account_id, None, details)
            )
            if wish.team is not None:
                await self._join(work, fresh.account_id, wish.team, caller.account_id)
            return await _view(work, fresh.account_id)

    async def _join(self, work: Work, account_id: str, wish: TeamWish, actor: str) -> None:
        team = await work.teams.find_by_slug(wish.slug)
        if team is None:
            await found_team(work, wish.slug, wish.name or wish.slug, actor, account_id)
        else:
            await place_member(work, team.team_id, account_id, wish.role, actor)


@dataclass(frozen=True)
class ReadAccount:
    """Read one account with its teams."""

    open_work: OpenWork

    async def __call__(self, account_id: str) -> AccountView:
        """Raises AccountNotFound."""
        async with self.open_work() as work:
            return await _view(work, account_id)


@dataclass(frozen=True)
class ListAccounts:
    """List accounts, newest first."""

    open_work: OpenWork

    async def __call__(self, wanted: AccountFilter, limit: int) -> list[Account]:
        """At most `limit` accounts."""
        async with self.open_work() as work:
            return await work.accounts.list_newest(wanted, limit)


@dataclass(frozen=True)
class ChangeRoles:
    """Replace an account's platform roles; its old tokens end within a second."""

    open_work: OpenWork

    async def __call__(self, caller: Principal, account_id: str, roles: frozenset[str]) -> AccountView:
        """The changed account. Raises AccountNotFound, OwnAccount, RoleAboveYours, LastSuperAdmin."""
        async with self.open_work() as work:
            account = await _hold(work, account_id)
            require_may_touch(caller.account_id, caller.roles, account)
            require_may_give(caller.roles, account.roles, roles)
            others = await work.accounts.count_active_super_admins(besides=account_id)
            require_a_super_admin_left(account, others, keeps=SUPER_ADMIN in roles)
            if roles != account.roles:
                await work.accounts.set_roles(account_id, roles)
                await withdraw_tokens(work, account_id)
                details = {"before": sorted(account.roles), "after": sorted(roles)}
                await work.trail.append(
                    Entry(caller.account_id, "account.roles_changed", "account", account_id, None, details)
                )
            return await _view(work, account_id)


@dataclass(frozen=True)
class SetLock:
    """Lock an account, which ends its sessions and tokens, or unlock it."""

    open_work: OpenWork

    async def __call__(self, caller: Principal, account_id: str, *, locked: bool) -> AccountView:
        """The changed account. Raises AccountNotFound, OwnAccount, RoleAboveYours, LastSuperAdmin."""
        state = LOCKED if locked else ACTIVE
        async with self.open_work() as work:
            account = await _hold(work, account_id)
            require_may_touch(caller.account_id, caller.roles, account)
            others = await work.accounts.count_active_super_admins(besides=account_id)
            require_a_super_admin_left(account, others, keeps=not locked)
            if account.state != state:
                await self._set(work, caller.account_id, account, state)
            return await _view(work, account_id)

    async def _set(self, work: Work, actor: str, account: Account, state: str) -> None:
        await work.accounts.set_state(account.account_id, state)
        if state == LOCKED:
            await work.sessions.end_all(account.account_id, "account locked")
            await withdraw_tokens(work, account.account_id)
        await work.trail.append(Entry(actor, f"account.{state}", "account", account.account_id))


@dataclass(frozen=True)
class Bootstrap:
    """Make the first super_admin where there is none; of several processes at once, one does it."""

    open_work: OpenWork
    passwords: Passwords
    new_password: Callable[[], str]
    announce: Callable[[str, str], None]

    async def __call__(self, email: str, given_password: str | None) -> bool:
        """Whether it made one; a password that was not given is announced once, just before the commit."""
        async with self.open_work() as work:
            if await work.accounts.count_active_super_admins() > 0:
                return False
        if given_password is not None:
            require_strong(given_password, email)
        password = given_password or self.new_password()
        password_hash = await self.passwords.hash(password)
        async with self.open_work() as work:
            await work.accounts.lock_super_admins()
            if await work.accounts.count_active_super_admins() > 0:
                return False
            await self._make(work, normal_email(email), password_hash)
            if given_password is None:
                self.announce(email, password)
            return True

    async def _make(self, work: Work, email: str, password_hash: str) -> None:
        roles = frozenset({SUPER_ADMIN})
        first = NewAccount(work.new_id("acc"), email, "First administrator", password_hash, roles, work.now)
        if not await work.accounts.add(first):
            raise EmailTaken("The first administrator's address belongs to another account: set ADMIN_BOOTSTRAP_EMAIL.")
        details = {"email": email, "roles": sorted(roles)}
        await work.trail.append(Entry("platform", "account.created", "account", first.account_id, None, details))


async def _hold(work: Work, account_id: str) -> Account:
    await work.accounts.lock_super_admins()
    account = await work.accounts.find_for_change(account_id)
    if account is None:
        raise AccountNotFound("There is no such account.")
    return account


async def _view(work: Work, account_id: str) -> AccountView:
    account = await work.accounts.find(account_id)
    if account is None:
        raise AccountNotFound("There is no such account.")
    return AccountView(account, await work.teams.memberships(account_id))
