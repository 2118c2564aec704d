"""What can be wrong with a claim."""

from chassis.errors import Conflict, Unavailable


class ClaimantSealed(Conflict):
    """A process that was given up asks under its old name."""

    code = "holder_sealed"


class ClaimUnsettled(Unavailable):
    """The key changed hands each time it was looked at."""

    code = "claim_unsettled"
