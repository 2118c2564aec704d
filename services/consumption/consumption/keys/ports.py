"""What the actions on keys ask of the outer world."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chassis.database.transaction import Transaction
from consumption.budgets.rules import Limit
from consumption.keys.rules import Key, NewSecret
from consumption.tiers.rules import Tier


@dataclass(frozen=True)
class KnownKey:
    """A key by one of its secrets: its tier, every limit that bounds its calls, and until when this secret works.

    `proof_hash` is None for a secret that was made before there were proofs.
    """

    key: Key
    tier: Tier
    limits: tuple[Limit, ...]
    proof_hash: str | None
    ends_at: datetime | None


class KeyStore(Protocol):
    """Keys of teams; each method is one transaction and appends its own event."""

    async def add(self, key: Key, secret: NewSecret, limits: list[Limit]) -> None:
        """Keep a new key with its limits."""
        ...

    async def find(self, team_id: str, key_id: str) -> Key:
        """One key of a team. Raises KeyNotFound."""
        ...

    async def page(self, team_id: str, after: tuple[datetime, str] | None, at_most: int) -> list[Key]:
        """Newest first, after a place."""
        ...

    async def change(self, key: Key, limits: list[Limit], deed: "Deed", changed: list[str]) -> None:
        """Keep a key's new name and bounds. Raises KeyChangedMeanwhile where it is not as it was read."""
        ...

    async def rotate(self, key: Key, secret: NewSecret, previous_ends_at: datetime, deed: "Deed") -> None:
        """Give a key its next secret: the one before it works until then, older ones no more.

        Raises KeyRotatedAlready where the key has another generation.
        """
        ...

    async def revoke(self, team_id: str, key_id: str, deed: "Deed") -> Key:
        """End a key with all its secrets; a revoked one stays revoked. Raises KeyNotFound."""
        ...


@dataclass(frozen=True)
class Deed:
    """Who does something, and when."""

    actor: str
    now: datetime


class SecretHasher(Protocol):
    """The slow hash of keys at rest."""

    async def hash(self, secret: str) -> str:
        """Argon2id in its encoded form. Raises KeyCheckBusy."""
        ...

    async def matches(self, secret: str, secret_hash: str) -> bool:
        """Whether it is the secret of that hash. Raises KeyCheckBusy."""
        ...


class KeyFinder(Protocol):
    """Keys of all teams by the digest of a secret."""

    async def by_digest(self, digest: bytes, now: datetime) -> KnownKey:
        """Raises KeyNotFound."""
        ...


class TeamKeys(Protocol):
    """All keys of a team at once."""

    async def end_all(self, transaction: Transaction, team_id: str, now: datetime) -> None:
        """Revoke every active key of a team; each ends with its event."""
        ...
