"""Makes pairs of tokens: an access token that lives minutes, a refresh token that is good once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from admin.accounts.rules import Account
from admin.sessions.ports import TokenSigner
from admin.sessions.rules import ACCESS_TOKEN_LIFE, Session, refresh_token_hash
from admin.teams.errors import NotAMember
from admin.teams.rules import Membership
from admin.work import Work


@dataclass(frozen=True)
class TokenPair:
    """What a caller keeps; `expires_in` in seconds is the access token's."""

    access_token: str
    refresh_token: str
    expires_in: int
    session_id: str
    team: Membership | None


@dataclass(frozen=True)
class TokenIssuer:
    """Starts and continues sessions inside a work. `new_token` makes 256 random bits as text."""

    signer: TokenSigner
    new_token: Callable[[], str]
    session_life: timedelta

    async def start_session(self, work: Work, account: Account, team: str | None, source: str) -> TokenPair:
        """A new session; its tenant is the named team or the first. Raises NotAMember."""
        memberships = await work.teams.memberships(account.account_id)
        membership = next((m for m in memberships if team in {None, m.slug, m.team_id}), None)
        if team is not None and membership is None:
            raise NotAMember("You do not belong to this team: leave `team` out, or ask one of its owners.")
        session = Session(
            session_id=work.new_id("ses"),
            account_id=account.account_id,
            active_team=membership.team_id if membership else None,
            source=source,
            created_at=work.now,
            expires_at=work.now + self.session_life,
        )
        await work.sessions.add(session)
        return await self._pair(work, account, membership, session)

    async def continue_session(self, work: Work, account: Account, session: Session) -> TokenPair:
        """The next pair of a session; who left its team goes on without one."""
        memberships = await work.teams.memberships(account.account_id)
        membership = next((m for m in memberships if m.team_id == session.active_team), None)
        return await self._pair(work, account, membership, session)

    async def _pair(self, work: Work, account: Account, membership: Membership | None, session: Session) -> TokenPair:
        refresh_token = self.new_token()
        await work.sessions.add_token(session.session_id, refresh_token_hash(refresh_token))
        access_token = self.signer.sign(account, membership, work.now)
        seconds = int(ACCESS_TOKEN_LIFE.total_seconds())
        return TokenPair(access_token, refresh_token, seconds, session.session_id, membership)
