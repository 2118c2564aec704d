"""What can be missing in the price book."""

from chassis.errors import NotFound


class PriceNotFound(NotFound):
    """The book has no price of that version at that moment."""

    code = "price_not_found"
