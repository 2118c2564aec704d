"""What can be done with keys."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from chassis.clock import Clock
from chassis.identity.principal import Principal
from chassis.ids import new_id
from consumption.keys.errors import ExpiryInThePast, KeyRevokedAlready
from consumption.keys.ports import KeyStore, SecretHasher
from consumption.keys.rules import Key, digest_of, hint_of, limits_of_key, new_secret


@dataclass(frozen=True)
class KeyWish:
    """What somebody wants a key to be; None means no such bound."""

    name: str
    tier: str = "standard"
    expires_at: datetime | None = None
    allowed_listings: tuple[str, ...] = ()
    max_concurrency: int | None = None
    monthly_tokens: int | None = None
    monthly_nanodollars: int | None = None


@dataclass(frozen=True)
class CreateKey:
    """Make a key for the caller's team; the secret is in the answer and nowhere else."""

    store: KeyStore
    hasher: SecretHasher
    clock: Clock
    pepper: bytes
    random_bytes: Callable[[int], bytes] = field(repr=False)

    async def __call__(self, caller: Principal, wish: KeyWish) -> tuple[Key, str]:
        """The key and its secret. Raises ExpiryInThePast."""
        now = self.clock.now()
        _require_ahead(wish.expires_at, now)
        secret = new_secret(self.random_bytes)
        key = Key(
            key_id=new_id("key", now, self.random_bytes),
            team_id=caller.tenant or "",
            team_slug=caller.tenant_slug or "",
            account_id=caller.account_id,
            name=wish.name,
            hint=hint_of(secret),
            tier=wish.tier,
            allowed_listings=wish.allowed_listings,
            max_concurrency=wish.max_concurrency,
            state="active",
            expires_at=wish.expires_at,
            created_at=now,
            monthly_tokens=wish.monthly_tokens,
            monthly_nanodollars=wish.monthly_nanodollars,
        )
        secret_hash = await self.hasher.hash(secret)
        await self.store.add(key, digest_of(secret, self.pepper), secret_hash, limits_of_key(key))
        return key, secret


@dataclass(frozen=True)
class ChangeKey:
    """Give a key another name, tier, expiry or bounds; its secret stays."""

    store: KeyStore
    clock: Clock

    async def __call__(self, caller: Principal, key_id: str, changes: Mapping[str, Any]) -> Key:
        """The key as it is now. Raises KeyNotFound, KeyRevokedAlready, ExpiryInThePast."""
        now = self.clock.now()
        key = await self.store.find(caller.tenant or "", key_id)
        if key.state != "active":
            raise KeyRevokedAlready("This key was revoked: create a new one.")
        changed = replace(key, **changes)
        if changed.expires_at != key.expires_at:
            _require_ahead(changed.expires_at, now)
        await self.store.change(changed, limits_of_key(changed), now)
        return changed


def _require_ahead(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and expires_at <= now:
        raise ExpiryInThePast("expires_at lies in the past: give a later moment, or leave it out.")
