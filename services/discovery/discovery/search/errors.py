"""What a searcher can get wrong, and what it has to wait for."""

from chassis.errors import InvalidInput, Unavailable


class InvalidFilter(InvalidInput):
    """A filter that does not exist or cannot mean anything; the message names it."""

    code = "invalid_filter"


class InvalidSearch(InvalidInput):
    """A search that cannot be answered: too long, too many, or a sort that does not exist."""

    code = "invalid_search"


class MeaningAway(Unavailable):
    """A page goes on in an order by meaning, and the sentence model does not answer just now."""

    code = "meaning_away"
