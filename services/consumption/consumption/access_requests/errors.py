"""What can be wrong with an access request."""

from chassis.errors import Conflict, InvalidInput, NotFound


class RequestNotFound(NotFound):
    """No such request among those the caller may see."""

    code = "access_request_not_found"


class ListingNotAskable(NotFound):
    """No listing of that name or id that the caller's team may see and call."""

    code = "listing_not_found"


class OtherTermsPending(Conflict):
    """The person has an open request for this listing, with other terms."""

    code = "access_request_pending"


class RequestNotPending(Conflict):
    """The request is decided or withdrawn."""

    code = "access_request_not_pending"


class NothingToCollect(Conflict):
    """The request is not approved, or its key ended."""

    code = "nothing_to_collect"


class CollectedAlready(Conflict):
    """The secret was shown, once."""

    code = "access_collected"


class TermsRefused(InvalidInput):
    """A request needs an expiry ahead and at least one bound."""

    code = "access_terms_refused"
