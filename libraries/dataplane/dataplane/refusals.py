"""Why a call is refused or fails: one class per cause, each saying whether waiting can help."""

from chassis.errors import ErrorKind, MarketplaceError


class KeyMissing(MarketplaceError):
    """The request carries no key."""

    code = "missing_api_key"
    kind = ErrorKind.UNAUTHENTICATED


class KeyInvalid(MarketplaceError):
    """Nobody has this key, or it was revoked: the two look the same from outside."""

    code = "invalid_api_key"
    kind = ErrorKind.UNAUTHENTICATED


class KeyExpired(MarketplaceError):
    """The key was valid once."""

    code = "expired_api_key"
    kind = ErrorKind.UNAUTHENTICATED


class PermissionMissing(MarketplaceError):
    """The key is good, but not for this."""

    code = "permission_denied"
    kind = ErrorKind.FORBIDDEN


class PolicyDenied(MarketplaceError):
    """A policy forbids this call."""

    code = "policy_denied"
    kind = ErrorKind.FORBIDDEN


class PoliciesUnavailable(MarketplaceError):
    """What policies say is not known here, and they are to be asked; nothing passes meanwhile."""

    code = "policies_unavailable"
    kind = ErrorKind.UNAVAILABLE


class ModelNotFound(MarketplaceError):
    """No listing of that name that this caller may see."""

    code = "model_not_found"
    kind = ErrorKind.NOT_FOUND


class ModelNotCallable(MarketplaceError):
    """The caller may see the listing, and nobody serves it here."""

    code = "model_not_callable"
    kind = ErrorKind.NOT_FOUND


class PathNotFound(MarketplaceError):
    """No such path at this door."""

    code = "unknown_url"
    kind = ErrorKind.NOT_FOUND


class MethodNotAllowed(MarketplaceError):
    """The path exists, with another method."""

    code = "method_not_allowed"
    kind = ErrorKind.INVALID
    status = 405


class RequestInvalid(MarketplaceError):
    """The body is not what this path takes; `param` names the field."""

    code = "invalid_request"
    kind = ErrorKind.INVALID
    status = 400


class RequestTooLarge(MarketplaceError):
    """The body is larger than this door takes."""

    code = "request_too_large"
    kind = ErrorKind.INVALID
    status = 413


class RateLimited(MarketplaceError):
    """Too fast; waiting helps. `lines` are the headers that say how the key's limits stand."""

    code = "rate_limit_exceeded"
    kind = ErrorKind.LIMITED

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        lines: bytes = b"",
        **details: object,
    ) -> None:
        super().__init__(message, retry_after=retry_after, **details)
        self.lines = lines


class QuotaExhausted(MarketplaceError):
    """The token quota of the period is used up; waiting a moment does not help."""

    code = "insufficient_quota"
    kind = ErrorKind.LIMITED


class BudgetExhausted(MarketplaceError):
    """The money of a budget is used up, or reserved by calls in flight."""

    code = "budget_exhausted"
    kind = ErrorKind.LIMITED
    status = 402


class PriceUnknown(MarketplaceError):
    """The listing has no known price, and policy does not allow an estimate."""

    code = "price_unknown"
    kind = ErrorKind.FORBIDDEN


class LeasesUnavailable(MarketplaceError):
    """Quota and budget cannot be asked right now; nothing is given away meanwhile."""

    code = "quota_service_unavailable"
    kind = ErrorKind.UNAVAILABLE


class JournalUnavailable(MarketplaceError):
    """The call cannot be written down, so it is not made."""

    code = "journal_unavailable"
    kind = ErrorKind.UNAVAILABLE


class Draining(MarketplaceError):
    """This process is going down; another one will answer."""

    code = "draining"
    kind = ErrorKind.UNAVAILABLE


class UpstreamUnreachable(MarketplaceError):
    """No connection to the vendor; the request never left."""

    code = "upstream_unreachable"
    kind = ErrorKind.UNAVAILABLE
    status = 502


class UpstreamFailed(MarketplaceError):
    """The vendor answered something that cannot be passed on."""

    code = "upstream_error"
    kind = ErrorKind.UNAVAILABLE
    status = 502


class ReservationExceeded(UpstreamFailed):
    """The stream used what was reserved for it."""

    code = "reservation_exceeded"


class UpstreamTimedOut(MarketplaceError):
    """The vendor did not answer in time."""

    code = "upstream_timeout"
    kind = ErrorKind.TIMED_OUT
