"""What a key is: 256 random bits behind a prefix that scanners know, found by its digest, shown once."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from consumption.budgets.rules import Limit
from consumption.keys.errors import BoundsGranted
from consumption.tiers.errors import AboveTier
from consumption.tiers.rules import STANDARD, Tier, least
from dataplane.key_check import key_digest, key_proof
from dataplane.records import PERMISSIONS

KEY_PREFIX = "mkt-"
SECRET_BYTES = 32
LONGEST_GRACE = timedelta(days=7)
NO_HINT = f"{KEY_PREFIX}..."
ALL_PERMISSIONS = tuple(sorted(PERMISSIONS))
_BOUNDS_WITHIN_TIER = ("requests_per_second", "tokens_per_minute", "max_concurrency", "monthly_tokens")


@dataclass(frozen=True)
class Key:
    """A key as people see it; the secret is not in it. `generation` counts its secrets: 0 before the first is made.

    None means no bound of its own: then its tier's holds. `revision` grows with each change.
    """

    key_id: str
    team_id: str
    team_slug: str
    account_id: str
    name: str
    hint: str
    state: str
    created_at: datetime
    tier: str = STANDARD
    expires_at: datetime | None = None
    permissions: tuple[str, ...] = ALL_PERMISSIONS
    allowed_listings: tuple[str, ...] = ()
    allowed_models: tuple[str, ...] = ()
    requests_per_second: float | None = None
    tokens_per_minute: int | None = None
    max_concurrency: int | None = None
    monthly_tokens: int | None = None
    monthly_nanodollars: int | None = None
    access_request_id: str | None = None
    generation: int = 1
    revision: int = 0


@dataclass(frozen=True)
class NewSecret:
    """What is kept of a secret that was just made."""

    digest: bytes
    proof_hash: str
    hint: str


@dataclass(frozen=True)
class Rates:
    """How fast a key may call, its own bounds within its tier's."""

    requests_per_second: float
    burst: float
    tokens_per_minute: int | None
    max_concurrency: int | None


def new_secret(random_bytes: Callable[[int], bytes]) -> str:
    """A key: `mkt-` and 43 characters of URL-safe base64 that carry 256 bits."""
    return KEY_PREFIX + base64.urlsafe_b64encode(random_bytes(SECRET_BYTES)).decode().rstrip("=")


def digest_of(secret: str, pepper: bytes) -> bytes:
    """What a key is looked up by, 32 bytes; the data plane's own function."""
    return key_digest(pepper, secret.encode())


def proof_of(secret: str, pepper: bytes) -> str:
    """What shows at first sight that the asker holds the key, in hex; only its Argon2id hash is kept."""
    return key_proof(pepper, secret.encode()).hex()


def hint_of(secret: str) -> str:
    """What may be shown later, so that its owner knows which key it is: the last four characters."""
    return f"{NO_HINT}{secret[-4:]}"


def limits_of_key(key: Key) -> list[Limit]:
    """The limits that a key itself carries."""
    return [
        Limit(f"key:{key.key_id}:tokens", "key", key.key_id, "tokens", key.monthly_tokens),
        Limit(f"key:{key.key_id}:nanodollars", "key", key.key_id, "nanodollars", key.monthly_nanodollars),
    ]


def rates_of(key: Key, tier: Tier) -> Rates:
    """The lesser of the key's and its tier's bounds; the burst shrinks as the rate does."""
    rate = tier.requests_per_second
    if key.requests_per_second is not None:
        rate = min(rate, key.requests_per_second)
    return Rates(
        requests_per_second=rate,
        burst=max(1.0, tier.burst * rate / tier.requests_per_second),
        tokens_per_minute=least(key.tokens_per_minute, tier.tokens_per_minute),
        max_concurrency=least(key.max_concurrency, tier.max_concurrency),
    )


def require_within(key: Key, tier: Tier) -> None:
    """Raise AboveTier where one of the key's own bounds passes its tier's."""
    for name in _BOUNDS_WITHIN_TIER:
        own, most = getattr(key, name), getattr(tier, name)
        if own is not None and most is not None and own > most:
            raise AboveTier(
                f"{name.replace('_', ' ')} of {own:g} is above the {most:g} of the tier {tier.name}: ask for less, or"
                " name a higher tier.",
                bound=name,
            )


def require_open_bounds(key: Key, changed: list[str]) -> None:
    """Raise BoundsGranted where the bounds of a key that somebody else approved would change."""
    if key.access_request_id is not None and set(changed) - {"name"}:
        raise BoundsGranted(
            "This key was granted for one listing, with its quota and expiry: ask for access anew to change them.",
            access_request_id=key.access_request_id,
        )
