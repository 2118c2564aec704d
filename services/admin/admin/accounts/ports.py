"""What accounts need from outside: their rows inside a transaction, and slow hashing of passwords."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from admin.accounts.rules import Account, NewAccount


@dataclass(frozen=True)
class Credentials:
    """An account with the hash of its password, for checking alone."""

    account: Account
    password_hash: str


@dataclass(frozen=True)
class AccountFilter:
    """Which accounts are wanted, newest first; None wants all. `before` is an account id."""

    role: str | None = None
    state: str | None = None
    email: str | None = None
    before: str | None = None


class AccountStore(Protocol):
    """Accounts inside one transaction."""

    async def add(self, account: NewAccount) -> bool:
        """False where the address is taken."""
        ...

    async def find(self, account_id: str) -> Account | None:
        """The account, if this transaction may see it."""
        ...

    async def find_for_change(self, account_id: str) -> Account | None:
        """The same, locked until the transaction ends."""
        ...

    async def find_credentials(self, email: str) -> Credentials | None:
        """For signing in."""
        ...

    async def find_for_invitation(self, email: str) -> str | None:
        """The id of the active account with this address, whatever team it is in."""
        ...

    async def list_newest(self, wanted: AccountFilter, limit: int) -> list[Account]:
        """At most `limit` accounts."""
        ...

    async def set_roles(self, account_id: str, roles: frozenset[str]) -> None:
        """Replace the platform roles."""
        ...

    async def set_state(self, account_id: str, state: str) -> None:
        """Lock or unlock."""
        ...

    async def set_password(self, account_id: str, password_hash: str, at: datetime) -> None:
        """Replace the password's hash."""
        ...

    async def lock_super_admins(self) -> None:
        """Wait for others who change super_admins, and keep them waiting until this transaction ends."""
        ...

    async def count_active_super_admins(self, *, besides: str | None = None) -> int:
        """How many could govern, leaving one account out."""
        ...


class Passwords(Protocol):
    """Hashes passwords slowly, few at a time. Raises HashingBusy when too many wait."""

    async def hash(self, password: str) -> str:
        """What to store."""
        ...

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """Whether it is the password; without a hash it takes as long and is False."""
        ...
