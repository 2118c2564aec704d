"""Creating, changing and locking accounts, and the first start, on fakes."""

import pytest
from fakes.admin import FakePasswords, FakeWork, principal

from admin.accounts.actions import (
    AccountView,
    AccountWish,
    Bootstrap,
    ChangeRoles,
    CreateAccount,
    ListAccounts,
    ReadAccount,
    SetLock,
    TeamWish,
)
from admin.accounts.errors import AccountNotFound, EmailTaken, LastSuperAdmin, OwnAccount, PasswordTooWeak
from admin.accounts.ports import AccountFilter
from admin.epochs.actions import ListRecentEpochs
from marketplace.events.v1.identity_pb2 import AccountEpochAdvanced, TeamCreated

ROOT = principal("acc_root", "super_admin")
STRONG = "Sturdy-Kettle-42"


async def made(work: FakeWork, email: str, *roles: str, team: TeamWish | None = None) -> AccountView:
    """A new account."""
    create = CreateAccount(work, FakePasswords())
    return await create(ROOT, AccountWish(email, STRONG, "Name", frozenset(roles), team))


async def test_a_new_account_founds_its_team_or_joins_the_one_that_is_there() -> None:
    work = FakeWork()
    ada = await made(work, "ada@x.test", team=TeamWish("red", None, "member"))
    ben = await made(work, "ben@x.test", "viewer", team=TeamWish("red", None, "member"))
    assert [m.role for m in (*ada.memberships, *ben.memberships)] == ["owner", "member"]
    assert [fact.slug for fact in work.facts_of(TeamCreated)] == ["red"]
    assert work.actions().count("account.created") == 2
    assert all("Sturdy" not in row.details for row in work.rows.trail)


async def test_a_refused_account_leaves_nothing_behind() -> None:
    work = FakeWork()
    await made(work, "ada@x.test")
    before = len(work.rows.trail)
    with pytest.raises(EmailTaken):
        await made(work, "ada@x.test", team=TeamWish("red", None, "member"))
    with pytest.raises(PasswordTooWeak):
        await CreateAccount(work, FakePasswords())(ROOT, AccountWish("b@x.test", "weak", "B", frozenset(), None))
    assert (len(work.rows.accounts), len(work.rows.teams), len(work.rows.trail)) == (1, 0, before)


async def test_an_effect_without_its_audit_row_does_not_happen() -> None:
    work = FakeWork()
    ada = await made(work, "ada@x.test")
    work.trail_is_broken = True
    with pytest.raises(OSError, match="trail"):
        await SetLock(work)(ROOT, ada.account.account_id, locked=True)
    assert work.rows.accounts[ada.account.account_id].state == "active"
    assert work.facts_of(AccountEpochAdvanced) == []


async def test_changed_roles_withdraw_tokens_once_and_unchanged_ones_do_not() -> None:
    work = FakeWork()
    ada = await made(work, "ada@x.test")
    change = ChangeRoles(work)
    await change(ROOT, ada.account.account_id, frozenset({"approver"}))
    again = await change(ROOT, ada.account.account_id, frozenset({"approver"}))
    assert again.account.roles == {"approver"}
    assert [(fact.account_id, fact.epoch) for fact in work.facts_of(AccountEpochAdvanced)] == [
        (ada.account.account_id, 2)
    ]
    assert await ListRecentEpochs(work)(work.now) == {ada.account.account_id: 2}
    work.later(hours=2)
    assert await ListRecentEpochs(work)(work.now) == {}


async def test_a_lock_is_lifted_again_and_the_last_super_admin_is_never_locked() -> None:
    work = FakeWork()
    boss = await made(work, "boss@x.test", "super_admin")
    ada = await made(work, "ada@x.test")
    set_lock = SetLock(work)
    assert (await set_lock(ROOT, ada.account.account_id, locked=True)).account.state == "locked"
    assert (await set_lock(ROOT, ada.account.account_id, locked=False)).account.state == "active"
    with pytest.raises(LastSuperAdmin):
        await set_lock(ROOT, boss.account.account_id, locked=True)
    with pytest.raises(OwnAccount):
        await set_lock(principal(ada.account.account_id, "admin"), ada.account.account_id, locked=True)
    with pytest.raises(AccountNotFound):
        await set_lock(ROOT, "acc_nobody", locked=True)


async def test_accounts_are_listed_newest_first_and_read_by_id() -> None:
    work = FakeWork()
    for name in ("ada", "ben", "cis"):
        await made(work, f"{name}@x.test", "viewer" if name != "ben" else "approver")
    listed = await ListAccounts(work)(AccountFilter(role="viewer"), 10)
    assert [account.email for account in listed] == ["cis@x.test", "ada@x.test"]
    assert (await ReadAccount(work)(listed[0].account_id)).account.email == "cis@x.test"
    with pytest.raises(AccountNotFound):
        await ReadAccount(work)("acc_nobody")


async def test_the_first_start_makes_one_super_admin_and_says_a_random_password_once() -> None:
    work, said = FakeWork(), list[tuple[str, str]]()
    bootstrap = Bootstrap(work, FakePasswords(), lambda: "random", lambda *words: said.append(words))
    assert await bootstrap("Root@X.test", None)
    assert not await bootstrap("root@x.test", None)
    assert said == [("Root@X.test", "random")]
    assert [account.email for account in work.rows.accounts.values()] == ["root@x.test"]


async def test_a_given_first_password_is_not_said_and_must_be_strong() -> None:
    work, said = FakeWork(), list[tuple[str, str]]()
    bootstrap = Bootstrap(work, FakePasswords(), lambda: "random", lambda *words: said.append(words))
    with pytest.raises(PasswordTooWeak):
        await bootstrap("root@x.test", "admin")
    assert await bootstrap("root@x.test", STRONG)
    assert said == []
