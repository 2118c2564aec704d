"""What an access request is, and the key that an approved one gives."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from consumption.access_requests.errors import TermsRefused
from consumption.keys.rules import NO_HINT, Key

PENDING, APPROVED, REFUSED = "pending", "approved", "refused"
WITHDRAWN, COLLECTED = "withdrawn", "collected"
SUBJECT_KIND = "access_request"
LONGEST = timedelta(days=400)
CALLABLE_STATES = ("published", "deprecated")
LAPSED = "Approved, but the expiry that was asked for had passed: ask again."


@dataclass(frozen=True)
class Terms:
    """What is asked for; a month's tokens and nano-dollars, of which None is no bound."""

    purpose: str
    monthly_tokens: int | None
    monthly_nanodollars: int | None
    expires_at: datetime


@dataclass(frozen=True)
class AskedListing:
    """A listing that may be asked for, and the team that may decide."""

    listing_id: str
    full_name: str
    team_id: str


@dataclass(frozen=True)
class AccessRequest:
    """A request and what became of it."""

    request_id: str
    team_id: str
    team_slug: str
    account_id: str
    listing: AskedListing
    terms: Terms
    requested_at: datetime
    idempotency_key: str | None = None
    state: str = PENDING
    decided_at: datetime | None = None
    decided_by: str | None = None
    comment: str | None = None
    key_id: str | None = None
    collected_at: datetime | None = None

    def asks_the_same(self, other: "AccessRequest") -> bool:
        """Whether two requests are one wish, sent twice."""
        return (self.listing.listing_id, self.terms) == (other.listing.listing_id, other.terms)


@dataclass(frozen=True)
class Decision:
    """What was decided about a request, by whom."""

    request_id: str
    approved: bool
    decided_by: str
    comment: str
    at: datetime


def require_bounded(terms: Terms, now: datetime) -> None:
    """Raise TermsRefused for terms without an expiry in reach or without any bound."""
    if not now < terms.expires_at <= now + LONGEST:
        raise TermsRefused(f"expires_at must lie ahead, by at most {LONGEST.days} days.", pointer="/expires_at")
    if terms.monthly_tokens is None and terms.monthly_nanodollars is None:
        raise TermsRefused("Name a monthly_token_quota or a monthly_budget: what is approved has a bound.")


def granted_key(request: AccessRequest, key_id: str, now: datetime) -> Key:
    """The key of an approved request: for its listing alone, with its bounds, and without a secret yet."""
    return Key(
        key_id=key_id,
        team_id=request.team_id,
        team_slug=request.team_slug,
        account_id=request.account_id,
        name=f"access to {request.listing.full_name}"[:100],
        hint=NO_HINT,
        state="active",
        created_at=now,
        expires_at=request.terms.expires_at,
        allowed_listings=(request.listing.listing_id,),
        monthly_tokens=request.terms.monthly_tokens,
        monthly_nanodollars=request.terms.monthly_nanodollars,
        access_request_id=request.request_id,
        generation=0,
    )
