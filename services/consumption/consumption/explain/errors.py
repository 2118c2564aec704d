"""What can be wrong with the explaining of a call."""

from chassis.errors import NotFound


class CallNotFound(NotFound):
    """No such call was counted among those that the caller may see."""

    code = "call_not_found"
