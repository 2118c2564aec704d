"""What can go wrong on the way to a service."""

from chassis.errors import ErrorKind, InvalidInput, MarketplaceError, NotFound, TimedOut, Unavailable


class PathUnknown(NotFound):
    """No service answers this path."""

    code = "path_unknown"


class ServiceUnavailable(Unavailable):
    """The service that answers this path cannot be reached."""

    code = "service_unavailable"


class ServiceTimedOut(TimedOut):
    """The service did not answer in time."""

    code = "service_timed_out"


class BodyTooLarge(InvalidInput):
    """More bytes than any path takes."""

    code = "body_too_large"
    status = 413


class RequestUnreadable(InvalidInput):
    """The request's head is not written as HTTP asks."""

    code = "request_unreadable"
    status = 400


class TooManyRequests(MarketplaceError):
    """One client address asks faster than the coarse limit."""

    code = "too_many_requests"
    kind = ErrorKind.LIMITED


class BodyTooSlow(InvalidInput):
    """The caller does not send the body that its head promised."""

    code = "body_too_slow"
    status = 408
