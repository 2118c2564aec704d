"""What can be wrong with a question about what a listing keeps."""

from chassis.errors import Forbidden, NotFound


class ListingNotFound(NotFound):
    """No listing of that id that the caller may see."""

    code = "listing_not_found"


class NotThePublisher(Forbidden):
    """Only the listing's own team and the platform's people say what it is held to."""

    code = "not_the_publisher"
