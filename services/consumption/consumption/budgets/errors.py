"""What can be wrong with leases."""

from chassis.errors import Conflict, NotFound


class HolderSealed(Conflict):
    """A process that was given up asks for leases under its old name."""

    code = "holder_sealed"


class ScopeNotFound(NotFound):
    """No limit of that scope."""

    code = "scope_not_found"


class RequestOutdated(Conflict):
    """A request for leases whose holder has said that its answer arrived."""

    code = "request_outdated"
