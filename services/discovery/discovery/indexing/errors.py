"""What can go wrong while listings enter the index."""

from chassis.errors import InvalidInput


class PassagesDoNotFit(InvalidInput):
    """Vectors and their description disagree: a wrong shape is a fault of the caller, not of the listing."""

    code = "passages_do_not_fit"
