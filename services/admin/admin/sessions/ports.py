"""What signing in needs from outside: sessions and counts inside a transaction, and a signer of tokens."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from admin.accounts.rules import Account
from admin.sessions.rules import Attempts, Session
from admin.teams.rules import Membership


@dataclass(frozen=True)
class SpentToken:
    """A refresh token that was shown: its session, and whether it had been used before."""

    session: Session
    used_before: bool


class SessionStore(Protocol):
    """Sessions and their refresh tokens inside one transaction.

    Who changes the account too, or all of its sessions, holds the account first.
    """

    async def add(self, session: Session) -> None:
        """Start it."""
        ...

    async def add_token(self, session_id: str, token_hash: str) -> None:
        """Remember a refresh token by its hash."""
        ...

    async def owner_of(self, token_hash: str) -> str | None:
        """The account of a refresh token, used or not; None where it is unknown."""
        ...

    async def spend_token(self, token_hash: str) -> SpentToken | None:
        """Mark it used and lock its session; None where it is unknown."""
        ...

    async def end(self, session_id: str, because: str) -> None:
        """End one session."""
        ...

    async def end_all(self, account_id: str, because: str) -> int:
        """End every live session of the account; how many there were."""
        ...

    async def live(self, account_id: str) -> list[Session]:
        """The account's live sessions, newest first."""
        ...

    async def forget_before(self, moment: datetime, at_most: int) -> int:
        """Delete sessions that expired before a moment, without waiting for any in use; how many."""
        ...


class AttemptStore(Protocol):
    """Counts of attempts to sign in, inside one transaction."""

    async def hold(self, account_key: str, source: str) -> Attempts:
        """The count, locked until the transaction ends."""
        ...

    async def put(self, account_key: str, source: str, attempts: Attempts) -> None:
        """Replace a count."""
        ...

    async def forget(self, account_key: str, source: str) -> None:
        """Start from nothing."""
        ...

    async def is_known(self, account_key: str, source: str) -> bool:
        """Whether the account signed in from there before."""
        ...

    async def remember(self, account_key: str, source: str) -> None:
        """It signed in from there."""
        ...

    async def forget_before(self, moment: datetime, at_most: int) -> int:
        """Delete counts that are older, without waiting for any in use; how many."""
        ...


class TokenSigner(Protocol):
    """Signs access tokens."""

    def sign(self, account: Account, membership: Membership | None, now: datetime) -> str:
        """A token that carries the account's roles and its place in one team."""
        ...
