"""How accounts are shown: every field by name, so that nothing else ever leaves."""

from admin.accounts.actions import AccountView
from admin.accounts.rules import Account
from admin.fields import Answer, Moment, TeamRole


class MembershipBody(Answer):
    """A team and the account's role in it."""

    team_id: str
    slug: str
    name: str
    role: TeamRole


class AccountBody(Answer):
    """An account."""

    account_id: str
    email: str
    display_name: str
    roles: list[str]
    state: str
    created_at: Moment


class AccountDetailBody(AccountBody):
    """An account with its teams."""

    memberships: list[MembershipBody]


def account_body(account: Account) -> AccountBody:
    """An account as it is shown."""
    return AccountBody.model_validate({**vars(account), "roles": sorted(account.roles)})


def detail_body(view: AccountView) -> AccountDetailBody:
    """An account with its teams as it is shown."""
    memberships = [MembershipBody.model_validate(membership) for membership in view.memberships]
    return AccountDetailBody(**account_body(view.account).model_dump(), memberships=memberships)
