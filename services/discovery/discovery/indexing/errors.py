"""What can go wrong while listings enter the index."""

from chassis.errors import InvalidInput, NotFound


class PassagesDoNotFit(InvalidInput):
    """Vectors and their description disagree: a wrong shape is a fault of the caller, not of the listing."""

    code = "passages_do_not_fit"


class ListingNotFound(NotFound):
    """There is no such listing, or this viewer may not know that there is."""

    code = "listing_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such listing among those that you may see: POST /api/v1/search finds ids.")
