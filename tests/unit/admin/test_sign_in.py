"""Signing in, refreshing, signing out and changing the password, on fakes."""

from datetime import timedelta

import pytest
from fakes.admin import FakePasswords, FakeSigner, FakeWork, counted_tokens, principal

from admin.accounts.actions import SetLock
from admin.accounts.errors import PasswordTooWeak
from admin.accounts.rules import SUPER_ADMIN, NewAccount
from admin.sessions.actions import (
    ChangePassword,
    CheckPassword,
    ListSessions,
    Refresh,
    SignIn,
    SignOut,
)
from admin.sessions.errors import AccountLocked, RefreshRefused, RefreshReused, SignInRefused, TooManyAttempts
from admin.sessions.forgetting import ForgetOldSessions
from admin.sessions.guessing import SlowGuessing
from admin.sessions.issuing import TokenIssuer, TokenPair
from admin.sessions.rules import Attempts
from admin.teams.actions import found_team
from admin.teams.errors import NotAMember

HERE = "203.0.113.7"
ELSEWHERE = "203.0.113.99"


class Desk:
    """Everything that signing in needs, with one account, ada, whose password is `right`."""

    def __init__(self) -> None:
        self.work = FakeWork()
        self.passwords = FakePasswords()
        self.issuer = TokenIssuer(FakeSigner(), counted_tokens(), timedelta(hours=24))
        self.check = CheckPassword(self.work, self.passwords, SlowGuessing(self.work))
        self.sign_in = SignIn(self.work, self.check, self.issuer)
        self.refresh = Refresh(self.work, self.issuer)
        self.change = ChangePassword(self.work, self.check, self.issuer)

    async def open(self) -> "Desk":
        async with self.work() as work:
            await work.accounts.add(NewAccount("acc_a", "ada@x.test", "Ada", "hash of right", frozenset(), work.now))
            await found_team(work, "red", "Red", "acc_a", "acc_a")
            await found_team(work, "blue", "Blue", "acc_a", "acc_a")
        return self

    async def ada(self, team: str | None = None) -> TokenPair:
        return await self.sign_in("ada@x.test", "right", team, HERE)

    async def changed(self, new: str) -> TokenPair:
        return await self.change(principal("acc_a", tenant="red"), "right", new, HERE)

    async def locked(self) -> None:
        await SetLock(self.work)(principal("acc_first", SUPER_ADMIN), "acc_a", locked=True)


async def test_tokens_name_the_first_team_or_the_one_asked_for() -> None:
    desk = await Desk().open()
    assert (await desk.ada()).access_token == "acc_a red/owner epoch 1"
    assert (await desk.ada("blue")).access_token == "acc_a blue/owner epoch 1"
    with pytest.raises(NotAMember):
        await desk.ada("green")
    assert desk.work.actions()[-2:] == ["session.started"] * 2


async def test_strangers_cost_as_much_as_friends_and_hear_the_same() -> None:
    desk = await Desk().open()
    with pytest.raises(SignInRefused) as wrong:
        await desk.sign_in("ada@x.test", "wrong", None, HERE)
    with pytest.raises(SignInRefused) as unknown:
        await desk.sign_in("nobody@x.test", "wrong", None, HERE)
    assert wrong.value.message == unknown.value.message
    assert desk.passwords.checks == 2


async def test_after_five_failures_a_place_waits_without_a_password_being_checked() -> None:
    desk = await Desk().open()
    for _ in range(5):
        with pytest.raises(SignInRefused):
            await desk.sign_in("ada@x.test", "wrong", None, ELSEWHERE)
    with pytest.raises(TooManyAttempts) as refusal:
        await desk.sign_in("ada@x.test", "right", None, ELSEWHERE)
    assert (refusal.value.retry_after, desk.passwords.checks) == (60, 5)
    assert await desk.ada()
    desk.work.later(seconds=61)
    assert await desk.sign_in("ada@x.test", "right", None, ELSEWHERE)


async def test_all_addresses_of_one_subscriber_are_one_place() -> None:
    desk = await Desk().open()
    for number in range(5):
        with pytest.raises(SignInRefused):
            await desk.sign_in("ada@x.test", "wrong", None, f"2001:db8:0:7::{number}")
    with pytest.raises(TooManyAttempts):
        await desk.sign_in("ada@x.test", "right", None, "2001:db8:0:7:ffff::1")
    assert await desk.sign_in("ada@x.test", "right", None, "2001:db8:0:8::1")
    assert [session.source for session in await ListSessions(desk.work)("acc_a")] == ["2001:db8:0:8::1"]
    assert {place for _, place in desk.work.rows.attempts} == {"*", "2001:db8:0:7::/64", "2001:db8:0:8::/64"}
    assert {place for _, place in desk.work.rows.known} == {"2001:db8:0:8::/64"}


async def test_a_place_that_must_wait_leaves_no_row_for_all_the_addresses_it_tries() -> None:
    desk = await Desk().open()
    for number in range(100):
        with pytest.raises(SignInRefused):
            await desk.sign_in(f"person{number}@x.test", "wrong", None, ELSEWHERE)
    kept = dict(desk.work.rows.attempts)
    for number in range(100):
        with pytest.raises(TooManyAttempts):
            await desk.sign_in(f"nobody{number}@x.test", "wrong", None, ELSEWHERE)
    assert desk.work.rows.attempts == kept


async def test_a_flood_from_many_places_keeps_strangers_out_and_lets_the_owners_place_in() -> None:
    desk = await Desk().open()
    await desk.ada()
    for number in range(50):
        with pytest.raises(SignInRefused):
            await desk.sign_in("ada@x.test", "wrong", None, f"198.51.100.{number}")
    with pytest.raises(TooManyAttempts):
        await desk.sign_in("ada@x.test", "right", None, ELSEWHERE)
    assert await desk.ada()


async def test_a_locked_account_is_told_so_only_with_the_right_password() -> None:
    desk = await Desk().open()
    async with desk.work() as work:
        await work.accounts.set_state("acc_a", "locked")
    with pytest.raises(AccountLocked):
        await desk.ada()
    with pytest.raises(SignInRefused):
        await desk.sign_in("ada@x.test", "wrong", None, HERE)


async def test_a_refresh_token_is_good_once_and_its_copy_ends_the_session() -> None:
    desk = await Desk().open()
    first = await desk.ada("blue")
    second = await desk.refresh(first.refresh_token)
    assert second.access_token == "acc_a blue/owner epoch 1"
    with pytest.raises(RefreshReused):
        await desk.refresh(first.refresh_token)
    with pytest.raises(RefreshRefused):
        await desk.refresh(second.refresh_token)
    assert desk.work.rows.accounts["acc_a"].epoch == 2
    assert desk.work.actions()[-1] == "session.token_reused"


async def test_a_session_ends_after_its_life_however_often_it_was_refreshed() -> None:
    desk = await Desk().open()
    pair = await desk.ada()
    desk.work.later(hours=23)
    pair = await desk.refresh(pair.refresh_token)
    desk.work.later(hours=1)
    with pytest.raises(RefreshRefused):
        await desk.refresh(pair.refresh_token)


async def test_who_left_the_team_goes_on_without_it() -> None:
    desk = await Desk().open()
    pair = await desk.ada("blue")
    async with desk.work() as work:
        await work.teams.remove(pair.team.team_id if pair.team else "", "acc_a")
    assert (await desk.refresh(pair.refresh_token)).access_token == "acc_a no team epoch 1"


async def test_signing_out_ends_one_session_or_all() -> None:
    desk = await Desk().open()
    sign_out, sessions = SignOut(desk.work), ListSessions(desk.work)
    one, two, _ = await desk.ada(), await desk.ada(), await desk.ada()
    with pytest.raises(RefreshRefused):
        await sign_out(principal("acc_other"), two.refresh_token)
    await sign_out(principal("acc_a"), one.refresh_token)
    await sign_out(principal("acc_a"), "nobody has this token")
    assert len(await sessions("acc_a")) == 2
    assert await desk.refresh(two.refresh_token)
    await sign_out(principal("acc_a"), None)
    assert await sessions("acc_a") == []
    assert desk.work.rows.accounts["acc_a"].epoch == 2


async def test_a_changed_password_ends_every_session_and_starts_one() -> None:
    desk = await Desk().open()
    old = await desk.ada("blue")
    caller = principal("acc_a", tenant="blue")
    with pytest.raises(PasswordTooWeak):
        await desk.change(caller, "right", "weak", HERE)
    with pytest.raises(SignInRefused):
        await desk.change(caller, "wrong", "Sturdy-Kettle-42", HERE)
    fresh = await desk.change(caller, "right", "Sturdy-Kettle-42", HERE)
    assert fresh.access_token == "acc_a blue/owner epoch 2"
    with pytest.raises(RefreshRefused):
        await desk.refresh(old.refresh_token)
    assert await desk.sign_in("ada@x.test", "Sturdy-Kettle-42", None, HERE)


async def test_who_guessed_the_old_password_gets_no_session_once_it_is_changed() -> None:
    desk = await Desk().open()
    desk.passwords.during["matches"] = lambda: desk.changed("Sturdy-Kettle-42")
    with pytest.raises(SignInRefused):
        await desk.sign_in("ada@x.test", "right", None, ELSEWHERE)
    assert [session.source for session in await ListSessions(desk.work)("acc_a")] == [HERE]


@pytest.mark.parametrize("moment", ["matches", "hash"])
async def test_who_is_locked_while_changing_the_password_gets_no_tokens(moment: str) -> None:
    desk = await Desk().open()
    desk.passwords.during[moment] = desk.locked
    with pytest.raises(AccountLocked):
        await desk.changed("Sturdy-Kettle-42")
    assert desk.work.rows.hashes["acc_a"] == "hash of right"
    assert await ListSessions(desk.work)("acc_a") == []


async def test_of_two_who_change_the_same_password_at_once_the_first_is_heard() -> None:
    desk = await Desk().open()
    desk.passwords.during["hash"] = lambda: desk.changed("Sturdy-Kettle-42")
    with pytest.raises(SignInRefused):
        await desk.changed("Another-Kettle-77")
    assert desk.work.rows.hashes["acc_a"] == "hash of Sturdy-Kettle-42"
    assert len(await ListSessions(desk.work)("acc_a")) == 1


async def test_old_sessions_and_counts_are_forgotten_and_live_ones_stay() -> None:
    desk = await Desk().open()
    await desk.ada()
    with pytest.raises(SignInRefused):
        await desk.sign_in("nobody@x.test", "wrong", None, HERE)
    forgotten: list[int] = []
    forget = ForgetOldSessions(desk.work, forgotten.append)
    await forget()
    desk.work.later(days=9)
    await forget()
    assert forgotten[0] == 0
    assert forgotten[1] >= 2


async def test_whatever_a_flood_left_is_forgotten_at_once_however_much_it_is() -> None:
    desk = await Desk().open()
    for number in range(2500):
        desk.work.rows.attempts[f"account {number}", "*"] = Attempts(1, desk.work.now)
    desk.work.later(days=2)
    desk.work.rows.attempts["of today", "*"] = Attempts(1, desk.work.now)
    forgotten: list[int] = []
    await ForgetOldSessions(desk.work, forgotten.append)()
    assert forgotten == [1000, 1000, 500]
    assert list(desk.work.rows.attempts) == [("of today", "*")]
