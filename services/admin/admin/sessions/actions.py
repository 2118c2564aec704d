"""What can be done about being signed in: sign in, refresh, sign out, change the password."""

from dataclasses import dataclass

from admin.accounts.password_rules import require_strong
from admin.accounts.ports import Passwords
from admin.accounts.rules import ACTIVE, Account
from admin.audit.rules import Entry
from admin.epochs.actions import withdraw_tokens
from admin.sessions.errors import AccountLocked, RefreshRefused, RefreshReused, SignInRefused
from admin.sessions.guessing import SlowGuessing
from admin.sessions.issuing import TokenIssuer, TokenPair
from admin.sessions.rules import Session, refresh_token_hash
from admin.work import OpenWork, Work
from chassis.identity.principal import Principal


@dataclass(frozen=True)
class CheckPassword:
    """Find out whether a password is the account's, with guessing slowed and strangers told nothing."""

    open_work: OpenWork
    passwords: Passwords
    guessing: SlowGuessing

    async def __call__(self, email: str, password: str, source: str) -> Account:
        """The account. Raises SignInRefused, AccountLocked, TooManyAttempts, HashingBusy."""
        await self.guessing.count_attempt(email, source)
        async with self.open_work() as work:
            found = await work.accounts.find_credentials(email)
        right = await self.passwords.matches(password, found.password_hash if found else None)
        if found is None or not right:
            await self.guessing.confirm_failure(email, source)
            raise SignInRefused("The address or the password is wrong: check both.")
        return _active(found.account)


@dataclass(frozen=True)
class SignIn:
    """Start a session with a password; `team` names the tenant of its tokens, else it is the first team."""

    open_work: OpenWork
    check_password: CheckPassword
    issuer: TokenIssuer

    async def __call__(self, email: str, password: str, team: str | None, source: str) -> TokenPair:
        """The first pair of tokens. Raises what CheckPassword raises, and NotAMember."""
        checked = await self.check_password(email, password, source)
        async with self.open_work() as work:
            account = await _hold_as_checked(work, checked)
            await self.check_password.guessing.clear(work, email, source)
            pair = await self.issuer.start_session(work, account, team, source)
            details = {"source": source, "session_id": pair.session_id}
            await work.trail.append(
                Entry(account.account_id, "session.started", "account", account.account_id, None, details)
            )
            return pair


@dataclass(frozen=True)
class Refresh:
    """Swap a refresh token for a new pair; one that was used before ends its session, because somebody copied it."""

    open_work: OpenWork
    issuer: TokenIssuer

    async def __call__(self, refresh_token: str) -> TokenPair:
        """The next pair. Raises RefreshRefused or RefreshReused."""
        async with self.open_work() as work:
            pair = await self._swap(work, refresh_token_hash(refresh_token))
        # Raised after the commit: the session must stay ended.
        if pair is None:
            raise RefreshReused("This refresh token was used before, so its session ended: sign in again.")
        return pair

    async def _swap(self, work: Work, token_hash: str) -> TokenPair | None:
        owner = await work.sessions.owner_of(token_hash)
        # Before the session, as everywhere: who locks an account or changes its password ends its sessions then.
        account = await work.accounts.find_for_change(owner) if owner else None
        spent = await work.sessions.spend_token(token_hash)
        if account is None or spent is None or not spent.session.lives(work.now):
            raise RefreshRefused("The refresh token does not hold: sign in again.")
        if spent.used_before:
            await self._end_stolen(work, spent.session)
            return None
        if account.state != ACTIVE:
            raise RefreshRefused("The refresh token does not hold: sign in again.")
        return await self.issuer.continue_session(work, account, spent.session)

    async def _end_stolen(self, work: Work, session: Session) -> None:
        await work.sessions.end(session.session_id, "refresh token used twice")
        await withdraw_tokens(work, session.account_id)
        entry = Entry(
            "platform", "session.token_reused", "account", session.account_id, None, {"session_id": session.session_id}
        )
        await work.trail.append(entry)


@dataclass(frozen=True)
class SignOut:
    """End the session of a refresh token, or without one every session, whose access tokens then end at once too."""

    open_work: OpenWork

    async def __call__(self, caller: Principal, refresh_token: str | None) -> None:
        """An unknown token is no error. Raises RefreshRefused for somebody else's, and changes nothing then."""
        async with self.open_work() as work:
            if refresh_token is None:
                await self._everywhere(work, caller.account_id)
                return
            spent = await work.sessions.spend_token(refresh_token_hash(refresh_token))
            if spent is not None and spent.session.account_id != caller.account_id:
                raise RefreshRefused("This refresh token is not yours: send your own, or none to sign out everywhere.")
            if spent is not None:
                await work.sessions.end(spent.session.session_id, "signed out")

    async def _everywhere(self, work: Work, account_id: str) -> None:
        await work.accounts.find_for_change(account_id)
        ended = await work.sessions.end_all(account_id, "signed out everywhere")
        await withdraw_tokens(work, account_id)
        entry = Entry(account_id, "session.ended_everywhere", "account", account_id, None, {"sessions": ended})
        await work.trail.append(entry)


@dataclass(frozen=True)
class ChangePassword:
    """Replace one's own password; every session ends, and a new one starts."""

    open_work: OpenWork
    check_password: CheckPassword
    issuer: TokenIssuer

    async def __call__(self, caller: Principal, current: str, new: str, source: str) -> TokenPair:
        """Tokens of the new session. Raises what CheckPassword raises, and PasswordTooWeak."""
        async with self.open_work() as work:
            asking = await work.accounts.find(caller.account_id)
        if asking is None:
            raise SignInRefused("This account is gone: sign in again.")
        require_strong(new, asking.email)
        checked = await self.check_password(asking.email, current, source)
        password_hash = await self.check_password.passwords.hash(new)
        async with self.open_work() as work:
            account = await _hold_as_checked(work, checked)
            await work.accounts.set_password(account.account_id, password_hash, work.now)
            await self.check_password.guessing.clear(work, account.email, source)
            await work.sessions.end_all(account.account_id, "password changed")
            await withdraw_tokens(work, account.account_id)
            await work.trail.append(
                Entry(account.account_id, "account.password_changed", "account", account.account_id)
            )
            fresh = await work.accounts.find(account.account_id)
            return await self.issuer.start_session(work, fresh or account, caller.tenant_slug, source)


@dataclass(frozen=True)
class ListSessions:
    """List one's own live sessions."""

    open_work: OpenWork

    async def __call__(self, account_id: str) -> list[Session]:
        """Newest first."""
        async with self.open_work() as work:
            return await work.sessions.live(account_id)


async def _hold_as_checked(work: Work, checked: Account) -> Account:
    """The account, locked until the transaction ends. Raises AccountLocked and SignInRefused.

    Slow hashing took its time: the password that was right may be another one by now, or the sessions have ended.
    """
    account = _active(await work.accounts.find_for_change(checked.account_id))
    if account.epoch != checked.epoch:
        raise SignInRefused("This account changed while your password was checked: try again.")
    return account


def _active(account: Account | None) -> Account:
    if account is None or account.state != ACTIVE:
        raise AccountLocked("This account is locked: ask an admin to unlock it.")
    return account
