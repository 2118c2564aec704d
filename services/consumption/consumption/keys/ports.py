"""What the actions on keys ask of the outer world."""

from datetime import datetime
from typing import Protocol

from chassis.database.transaction import Transaction
from consumption.budgets.rules import Limit
from consumption.keys.rules import Key


class KeyStore(Protocol):
    """Keys of teams; each method is one transaction and appends its own event."""

    async def add(self, key: Key, digest: bytes, secret_hash: str, limits: list[Limit]) -> None:
        """Keep a new key with its limits."""
        ...

    async def find(self, team_id: str, key_id: str) -> Key:
        """One key of a team. Raises KeyNotFound."""
        ...

    async def page(self, team_id: str, after: tuple[datetime, str] | None, at_most: int) -> list[Key]:
        """Newest first, after a place."""
        ...

    async def change(self, key: Key, limits: list[Limit], now: datetime) -> None:
        """Keep a key's new name, tier, expiry, listings and limits. Raises KeyNotFound."""
        ...

    async def revoke(self, team_id: str, key_id: str, now: datetime) -> Key:
        """End a key; a revoked one stays revoked. Raises KeyNotFound."""
        ...


class SecretHasher(Protocol):
    """The slow hash of keys at rest."""

    async def hash(self, secret: str) -> str:
        """Argon2id in its encoded form."""
        ...


class KeyFinder(Protocol):
    """Keys of all teams by their digest."""

    async def by_digest(self, digest: bytes) -> Key:
        """Raises KeyNotFound."""
        ...


class TeamKeys(Protocol):
    """All keys of a team at once."""

    async def end_all(self, transaction: Transaction, team_id: str, now: datetime) -> None:
        """Revoke every active key of a team; each ends with its event."""
        ...
