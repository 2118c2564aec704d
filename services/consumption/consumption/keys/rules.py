"""What a key is: 256 random bits behind a prefix that scanners know, found by its digest, shown once."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from consumption.budgets.rules import Limit

KEY_PREFIX = "mkt-"
SECRET_BYTES = 32


@dataclass(frozen=True)
class Tier:
    """How fast keys of a tier may call: requests a second and the burst above it."""

    requests_per_second: float
    burst: float


# 10 to 1,000 requests a second: spec of consumption, section 1.
TIERS: dict[str, Tier] = {
    "standard": Tier(10, 20),
    "premium": Tier(100, 200),
    "enterprise": Tier(1000, 2000),
}


@dataclass(frozen=True)
class Key:
    """A key as people see it; the secret is not in it."""

    key_id: str
    team_id: str
    team_slug: str
    account_id: str
    name: str
    hint: str
    tier: str
    allowed_listings: tuple[str, ...]
    max_concurrency: int | None
    state: str
    expires_at: datetime | None
    created_at: datetime
    monthly_tokens: int | None = None
    monthly_nanodollars: int | None = None


def new_secret(random_bytes: Callable[[int], bytes]) -> str:
    """A key: `mkt-` and 43 characters of URL-safe base64 that carry 256 bits."""
    return KEY_PREFIX + base64.urlsafe_b64encode(random_bytes(SECRET_BYTES)).decode().rstrip("=")


def digest_of(secret: str, pepper: bytes) -> bytes:
    """What a key is looked up by: HMAC-SHA256(pepper, key), 32 bytes."""
    return hmac.new(pepper, secret.encode(), hashlib.sha256).digest()


def hint_of(secret: str) -> str:
    """What may be shown later, so that its owner knows which key it is: the last four characters."""
    return f"{KEY_PREFIX}...{secret[-4:]}"


def is_expired(key: Key, now: datetime) -> bool:
    """Whether the key's time is over."""
    return key.expires_at is not None and key.expires_at <= now


def limits_of_key(key: Key) -> list[Limit]:
    """The limits that a key itself carries."""
    return [
        Limit(f"key:{key.key_id}:tokens", "key", key.key_id, "tokens", key.monthly_tokens),
        Limit(f"key:{key.key_id}:nanodollars", "key", key.key_id, "nanodollars", key.monthly_nanodollars),
    ]
