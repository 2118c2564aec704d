"""What can go wrong with a request to a server."""


class WireError(Exception):
    """No whole response."""


class NotSent(WireError):
    """No byte of the request has left: it may be sent again, elsewhere too."""


class TooManyAtOnce(NotSent):
    """Every connection to this origin stayed busy for as long as a request may wait."""


class Broken(WireError):
    """The request may have been received; no whole response came."""
