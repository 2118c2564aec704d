"""Why a listing is not taken, not changed or not shown."""

from chassis.errors import Conflict, ErrorKind, InvalidInput, MarketplaceError, NotFound


class ListingNotFound(NotFound):
    """No such listing, or not one that this caller may see."""

    code = "listing_not_found"


class ListingNotCallable(ListingNotFound):
    """A catalogue entry: this caller may see it, and nobody serves it here."""

    code = "listing_not_callable"


class VersionNotFound(NotFound):
    """The listing has no such version."""

    code = "version_not_found"


class NameTaken(Conflict):
    """The team has a listing of that name."""

    code = "name_taken"


class VersionInPipeline(Conflict):
    """Another version of the listing is on its way; one goes at a time."""

    code = "version_in_pipeline"


class ListingClosed(Conflict):
    """The listing's state does not allow it."""

    code = "listing_closed"


class ListingChanged(MarketplaceError):
    """Somebody changed the listing since it was read."""

    code = "listing_changed"
    kind = ErrorKind.CONFLICT
    status = 412


class EndpointRefused(InvalidInput):
    """The endpoint may not be called; `findings` say why and how to mend it."""

    code = "endpoint_refused"


class DocumentNotGiven(InvalidInput):
    """The OpenAPI document is an address or nothing; it is never fetched."""

    code = "document_not_given"


class SuccessorRefused(InvalidInput):
    """The successor is not a listing that callers could move to."""

    code = "successor_refused"


class SunsetRefused(InvalidInput):
    """The sunset is not a time to come."""

    code = "sunset_refused"


class CredentialUnreadable(MarketplaceError):
    """A sealed credential does not open: another key, another version or another host."""

    code = "credential_unreadable"
