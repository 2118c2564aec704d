"""What a searcher can get wrong."""

from chassis.errors import InvalidInput


class InvalidFilter(InvalidInput):
    """A filter that does not exist or cannot mean anything; the message names it."""

    code = "invalid_filter"


class InvalidSearch(InvalidInput):
    """A search that cannot be answered: too long, too many, or a sort that does not exist."""

    code = "invalid_search"
