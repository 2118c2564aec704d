"""Why a phase stops a version."""

from chassis.errors import Conflict, ErrorKind, Forbidden, InvalidInput, MarketplaceError, NotFound, Unavailable


class RunUnknown(NotFound):
    """No such run, or not one of this caller's team."""

    code = "run_not_found"


class PublisherGone(Forbidden):
    """The team that publishes is gone, or is called otherwise now."""

    code = "publisher_gone"


class DocumentInvalid(InvalidInput):
    """The OpenAPI document or the endpoint breaks a rule; the report lists the findings."""

    code = "document_invalid"


class ApprovalRejected(Forbidden):
    """The approver said no."""

    code = "approval_rejected"


class ApprovalTimedOut(Conflict):
    """Nobody decided in time."""

    code = "approval_timed_out"


class NotIndexedYet(Unavailable):
    """Search does not answer with this version yet."""

    code = "not_indexed_yet"


class NotTakenYet(Unavailable):
    """A consumer of the fact has not taken it yet."""

    code = "not_taken_yet"


class TooManyWatchers(MarketplaceError):
    """This process follows as many runs as it may."""

    code = "too_many_watchers"
    kind = ErrorKind.LIMITED
