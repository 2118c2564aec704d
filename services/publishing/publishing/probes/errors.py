"""Why an endpoint is not good enough to be published."""

from chassis.errors import ErrorKind, InvalidInput, MarketplaceError


class EndpointAddressRefused(InvalidInput):
    """The endpoint's name leads to an address that may not be called."""

    code = "endpoint_address_refused"


class EndpointUnreachable(MarketplaceError):
    """The endpoint gives no answer."""

    code = "endpoint_unreachable"
    kind = ErrorKind.INVALID


class EndpointUnhealthy(InvalidInput):
    """The endpoint answers, but not as its protocol says."""

    code = "endpoint_unhealthy"


class EndpointInsecure(InvalidInput):
    """The endpoint lets strangers in, or shows its key."""

    code = "endpoint_insecure"


class EndpointUnreliable(InvalidInput):
    """Too many calls of the benchmark failed, or all of them took too long."""

    code = "endpoint_unreliable"
