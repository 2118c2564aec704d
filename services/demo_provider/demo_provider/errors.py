"""Why the demo provider refuses; `param` names the field as OpenAI does."""

from chassis.errors import ErrorKind, MarketplaceError


class KeyRefused(MarketplaceError):
    """No vendor key, or another one."""

    code = "invalid_api_key"
    kind = ErrorKind.UNAUTHENTICATED


class RequestRefused(MarketplaceError):
    """The body cannot be read, or a value in it is not allowed."""

    code = "invalid_request"
    kind = ErrorKind.INVALID
    status = 400


class ModelUnknown(MarketplaceError):
    """There is no such model, or it cannot do this."""

    code = "model_not_found"
    kind = ErrorKind.NOT_FOUND


class ContextTooLong(MarketplaceError):
    """More tokens than the model takes."""

    code = "context_length_exceeded"
    kind = ErrorKind.INVALID
    status = 400


class BodyTooLarge(MarketplaceError):
    """More bytes than a request may have."""

    code = "request_too_large"
    kind = ErrorKind.INVALID
    status = 413


class NotJson(MarketplaceError):
    """The body is declared as something else than JSON."""

    code = "unsupported_media_type"
    kind = ErrorKind.INVALID
    status = 415


class Throttled(MarketplaceError):
    """Asked for: the answer of a vendor whose limit is reached."""

    code = "rate_limit_exceeded"
    kind = ErrorKind.LIMITED


class Overloaded(MarketplaceError):
    """Asked for: the answer of a vendor that is overloaded."""

    code = "overloaded"
    kind = ErrorKind.UNAVAILABLE


class Broken(MarketplaceError):
    """Asked for: the answer of a vendor that failed."""

    code = "server_error"
    kind = ErrorKind.INTERNAL
