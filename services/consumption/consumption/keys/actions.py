"""What can be done with keys."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from chassis.clock import Clock
from chassis.identity.principal import Principal
from chassis.ids import new_id
from consumption.access import leads_team
from consumption.keys.errors import (
    ExpiryInThePast,
    KeyNotCollected,
    KeyNotFound,
    KeyOfSomebodyElse,
    KeyRevokedAlready,
    KeyRotatedAlready,
)
from consumption.keys.first_sight import FirstSight
from consumption.keys.ports import Deed, KeyFinder, KeyStore, KnownKey, SecretHasher
from consumption.keys.rules import (
    NO_HINT,
    Key,
    NewSecret,
    digest_of,
    hint_of,
    limits_of_key,
    new_secret,
    proof_of,
    require_open_bounds,
    require_within,
)
from consumption.tiers.ports import Tiers


@dataclass(frozen=True)
class SecretMint:
    """Makes secrets: the text for its owner, and what is kept of it."""

    hasher: SecretHasher
    pepper: bytes = field(repr=False)
    random_bytes: Callable[[int], bytes] = field(repr=False)

    async def __call__(self) -> tuple[str, NewSecret]:
        """A secret and what is kept. Raises KeyCheckBusy."""
        secret = new_secret(self.random_bytes)
        proof_hash = await self.hasher.hash(proof_of(secret, self.pepper))
        return secret, NewSecret(digest_of(secret, self.pepper), proof_hash, hint_of(secret))


@dataclass(frozen=True)
class CreateKey:
    """Make a key for the caller's team; the secret is in the answer and nowhere else."""

    store: KeyStore
    tiers: Tiers
    mint: SecretMint
    clock: Clock

    async def __call__(self, caller: Principal, name: str, bounds: Mapping[str, Any]) -> tuple[Key, str]:
        """The key and its secret; `bounds` holds fields of Key. Raises ExpiryInThePast, TierUnknown, AboveTier."""
        now = self.clock.now()
        plain = Key(
            key_id=new_id("key", now, self.mint.random_bytes),
            team_id=caller.tenant or "",
            team_slug=caller.tenant_slug or "",
            account_id=caller.account_id,
            name=name,
            hint=NO_HINT,
            state="active",
            created_at=now,
        )
        key = replace(plain, **bounds)
        _require_ahead(key.expires_at, now)
        require_within(key, await self.tiers.find(key.tier))
        secret, kept = await self.mint()
        key = replace(key, hint=kept.hint)
        await self.store.add(key, kept, limits_of_key(key))
        return key, secret


@dataclass(frozen=True)
class ChangeKey:
    """Give a key another name, tier, expiry or bounds; its secret stays."""

    store: KeyStore
    tiers: Tiers
    clock: Clock

    async def __call__(self, caller: Principal, key_id: str, changes: Mapping[str, Any]) -> Key:
        """The key as it is now.

        Raises KeyNotFound, KeyOfSomebodyElse, KeyRevokedAlready, BoundsGranted, ExpiryInThePast, TierUnknown, AboveTier
        or KeyChangedMeanwhile.
        """
        now = self.clock.now()
        key = await _own_active_key(self.store, caller, key_id)
        changed = sorted(name for name, value in changes.items() if getattr(key, name) != value)
        if not changed:
            return key
        require_open_bounds(key, changed)
        after = replace(key, **changes)
        if "expires_at" in changed:
            _require_ahead(after.expires_at, now)
        require_within(after, await self.tiers.find(after.tier))
        await self.store.change(after, limits_of_key(after), Deed(caller.account_id, now), changed)
        return replace(after, revision=key.revision + 1)


@dataclass(frozen=True)
class RotateKey:
    """Give a key a new secret; the one before it works for a grace time, and one that was in its grace ends at once."""

    store: KeyStore
    mint: SecretMint
    clock: Clock

    async def __call__(
        self, caller: Principal, key_id: str, grace: timedelta, generation: int | None
    ) -> tuple[Key, str, datetime]:
        """The key, its new secret, and when the one before ends.

        `generation` is the one to be replaced, so that a repeated request does not end a secret that is still in use.
        Raises KeyNotFound, KeyOfSomebodyElse, KeyRevokedAlready, KeyNotCollected, KeyRotatedAlready.
        """
        now = self.clock.now()
        key = await _own_active_key(self.store, caller, key_id)
        if not key.generation:
            raise KeyNotCollected("This key has no secret yet: its asker collects it once, and may rotate it then.")
        if generation not in {None, key.generation}:
            raise KeyRotatedAlready(
                f"This key is at generation {key.generation}, not {generation}: somebody rotated it, maybe you.",
                generation=key.generation,
            )
        secret, kept = await self.mint()
        await self.store.rotate(key, kept, now + grace, Deed(caller.account_id, now))
        return replace(key, hint=kept.hint, generation=key.generation + 1), secret, now + grace


@dataclass(frozen=True)
class RevokeKey:
    """End a key and all its secrets."""

    store: KeyStore
    clock: Clock

    async def __call__(self, caller: Principal, key_id: str) -> Key:
        """The key as it is now; revoking again changes nothing. Raises KeyNotFound, KeyOfSomebodyElse."""
        key = await self.store.find(caller.tenant or "", key_id)
        _require_own(caller, key)
        if key.state != "active":
            return key
        return await self.store.revoke(key.team_id, key_id, Deed(caller.account_id, self.clock.now()))


@dataclass(frozen=True)
class IdentifyKey:
    """Say which key a digest belongs to, to whom proves that he holds the key itself."""

    finder: KeyFinder
    first_sight: FirstSight
    clock: Clock

    async def __call__(self, digest: bytes, proof: bytes) -> KnownKey:
        """The key. Raises KeyNotFound for an unknown digest, at no cost, and for a proof that does not hold."""
        known = await self.finder.by_digest(digest, self.clock.now())
        if known.proof_hash is not None and not await self.first_sight(digest, known.proof_hash, proof):
            raise KeyNotFound("No such key.")
        return known


async def _own_active_key(store: KeyStore, caller: Principal, key_id: str) -> Key:
    key = await store.find(caller.tenant or "", key_id)
    _require_own(caller, key)
    if key.state != "active":
        raise KeyRevokedAlready("This key was revoked: create a new one.")
    return key


def _require_own(caller: Principal, key: Key) -> None:
    if key.account_id != caller.account_id and not leads_team(caller):
        raise KeyOfSomebodyElse("Somebody else of your team made this key: ask them, or an owner or admin of the team.")


def _require_ahead(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and expires_at <= now:
        raise ExpiryInThePast("expires_at lies in the past: give a later moment, or leave it out.")
