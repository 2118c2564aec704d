"""What can be wrong with recalculations."""

from chassis.errors import Conflict, InvalidInput, NotFound


class SpanRefused(InvalidInput):
    """The time to recalculate is none, too long, or not over."""

    code = "span_refused"


class RequestIdTaken(Conflict):
    """The same request id came with another scope."""

    code = "request_id_taken"


class RunNotFound(NotFound):
    """There is no such recalculation."""

    code = "recalculation_not_found"
