"""Who somebody is here: platform roles, who may give them, and whose account may be touched by whom."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from admin.accounts.errors import LastSuperAdmin, OwnAccount, RoleAboveYours

SUPER_ADMIN = "super_admin"
ADMIN = "admin"
PLATFORM_ROLES = (SUPER_ADMIN, ADMIN, "approver", "viewer", "service_account")
# Only a super_admin gives, takes or touches these.
GUARDED_ROLES = frozenset({SUPER_ADMIN, ADMIN})
ACTIVE = "active"
LOCKED = "locked"


@dataclass(frozen=True)
class Account:
    """A person or a program that may sign in; its password's hash never travels with it."""

    account_id: str
    email: str
    display_name: str
    roles: frozenset[str]
    state: str
    epoch: int
    created_at: datetime


@dataclass(frozen=True)
class NewAccount:
    """What it takes to make one; `email` in lower case."""

    account_id: str
    email: str
    display_name: str
    password_hash: str
    roles: frozenset[str]
    created_at: datetime


def require_may_give(giver_roles: AbstractSet[str], before: AbstractSet[str], after: AbstractSet[str]) -> None:
    """Raise RoleAboveYours where a guarded role would change hands without a super_admin."""
    changed = before ^ after
    if changed & GUARDED_ROLES and SUPER_ADMIN not in giver_roles:
        raise RoleAboveYours("Only a super_admin gives or takes the roles admin and super_admin: ask one.")


def require_may_touch(actor_id: str, actor_roles: AbstractSet[str], account: Account) -> None:
    """Raise OwnAccount for one's own account, RoleAboveYours for an account of a rank that is not below."""
    if actor_id == account.account_id:
        raise OwnAccount("Nobody changes the roles or the lock of the own account: ask somebody else.")
    if account.roles & GUARDED_ROLES and SUPER_ADMIN not in actor_roles:
        raise RoleAboveYours("Only a super_admin changes the account of an admin or super_admin: ask one.")


def require_a_super_admin_left(account: Account, others: int, *, keeps: bool) -> None:
    """Raise LastSuperAdmin where the change would leave nobody; `others` are the other active super_admins."""
    if SUPER_ADMIN in account.roles and not keeps and others == 0:
        raise LastSuperAdmin("This is the last super_admin: make another one first.")


def normal_email(text: str) -> str:
    """The one form in which addresses are stored and compared."""
    return text.strip().lower()
