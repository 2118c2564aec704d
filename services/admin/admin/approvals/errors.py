"""Why an approval is not given."""

from chassis.errors import Conflict, Forbidden, InvalidInput, NotFound


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


class NotYoursToDecide(Forbidden):
    """The caller's team may see this and not decide it."""

    code = "not_yours_to_decide"


class ReasonMissing(InvalidInput):
    """Who asked for access is told why he does not get it."""

    code = "reason_missing"
