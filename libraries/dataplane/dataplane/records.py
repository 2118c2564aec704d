"""What the call path knows about a key, a listing's route and the limits that bound a call: plain immutable facts.

Moments are integer microseconds since 1970 UTC; amounts are integers of the limit's unit.
"""

from dataclasses import dataclass
from typing import Literal

from dataplane.price import Price, UnknownPrice
from dataplane.reservation import Unit

ScopeKind = Literal["platform", "team", "user", "key"]
MaxTokensField = Literal["max_tokens", "max_completion_tokens"]
PERMISSION_CALL = "call"
PERMISSION_MODELS = "models:read"
PERMISSIONS = frozenset({PERMISSION_CALL, PERMISSION_MODELS})


@dataclass(frozen=True, slots=True)
class LimitedScope:
    """One limit that a call must fit into; scopes without a limit are left out of a key's record."""

    scope_id: str
    kind: ScopeKind
    unit: Unit
    limit: int
    resets_at: int | None = None


@dataclass(frozen=True, slots=True)
class RateLimits:
    """How fast a key may call; None means no such limit."""

    requests_per_second: float | None = None
    burst: float = 1.0
    tokens_per_minute: int | None = None
    max_concurrency: int | None = None


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A key as the hot path sees it; `scopes` come in the fixed order platform, team, user, key.

    Empty `allowed_listings` or `allowed_models` mean every one that the team may see. `allowed_models` holds patterns:
    `team/name`, `team/name@1.2.0`, `team/name@1.*`, `team/*`, or the name of the model behind a listing.
    """

    key_id: str
    team_id: str
    account_id: str
    team_slug: str = ""
    state: Literal["active", "revoked"] = "active"
    expires_at: int | None = None
    permissions: frozenset[str] = PERMISSIONS
    allowed_listings: frozenset[str] = frozenset()
    allowed_models: frozenset[str] = frozenset()
    limits: RateLimits = RateLimits()
    scopes: tuple[LimitedScope, ...] = ()


@dataclass(frozen=True, slots=True)
class Credential:
    """A vendor's credential and the one host it may be sent to; its text form hides the value."""

    host: str
    header: str
    value: str

    def __repr__(self) -> str:
        return f"Credential(host={self.host!r}, header={self.header!r}, value=hidden)"


@dataclass(frozen=True, slots=True)
class Route:
    """Where the calls of one listing version go, and at what price.

    `endpoint_url` is the base of the vendor's API, such as https://vendor.example/v1. `max_output_tokens` is set on
    calls that name no bound of their own; a vendor looks for that of a chat in `max_tokens_field`. `provider` is the
    endpoint's host; the declared one is the publisher's word.
    """

    listing_id: str
    listing_version_id: str
    name: str
    version: str
    endpoint_url: str
    upstream_model: str
    protocol: str = "openai"
    provider: str = ""
    team_slug: str = ""
    state: Literal["published", "deprecated"] = "published"
    team_id: str = ""
    declared_provider: str = ""
    tags: tuple[str, ...] = ()
    visibility: str = ""
    credential: Credential | None = None
    price: Price | None = None
    estimate_price: Price | None = None
    unknown_price: UnknownPrice = UnknownPrice.DENY
    context_length: int | None = None
    max_output_tokens: int = 4096
    max_tokens_field: MaxTokensField = "max_tokens"
    reports_stream_usage: bool = True
    created_at: int = 0
    deprecated_at: int | None = None
    sunset_at: int | None = None
    successor: str = ""

    @property
    def full_name(self) -> str:
        """`team-slug/name`, the name callers use as a model."""
        return f"{self.team_slug}/{self.name}" if self.team_slug else self.name

    @property
    def patterns(self) -> tuple[str, ...]:
        """Every pattern of `KeyRecord.allowed_models` that means this route.

        A model's own name with a slash in it is none: it could be taken for somebody else's `team/name`.
        """
        name = self.full_name
        own = () if "/" in self.upstream_model else (self.upstream_model,)
        major = self.version.partition(".")[0]
        return (name, f"{name}@{self.version}", f"{name}@{major}.*", f"{self.team_slug}/*", *own)
