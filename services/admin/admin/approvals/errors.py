"""Why an approval is not given."""

from chassis.errors import Conflict, Forbidden, NotFound


class ApprovalNotFound(NotFound):
    """There is no such approval, or the caller may not know of it."""

    code = "approval_not_found"


class OwnApproval(Forbidden):
    """Nobody decides what he asked for himself."""

    code = "own_approval"


class AlreadyDecided(Conflict):
    """The approval is decided or withdrawn; `state` says how."""

    code = "already_decided"


class AlreadyVoted(Conflict):
    """This risk needs several people, and the caller has voted."""

    code = "already_voted"
