"""What can be wrong with leases."""

from chassis.errors import Conflict, NotFound


class HolderSealed(Conflict):
    """A process that was given up asks for leases under its old name."""

    code = "holder_sealed"


class ScopeNotFound(NotFound):
    """No limit of that scope."""

    code = "scope_not_found"
