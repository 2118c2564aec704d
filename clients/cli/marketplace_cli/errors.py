"""What can go wrong at the command line, and the exit code that tells scripts which."""

from chassis.errors import ErrorKind, InvalidInput, MarketplaceError, Unauthenticated

EXIT_REFUSED = 1
EXIT_USAGE = 2
EXIT_NOT_ALLOWED = 3
EXIT_NOT_FOUND = 4
EXIT_UNAVAILABLE = 5
EXIT_INTERRUPTED = 130

_EXIT_CODES = {
    ErrorKind.UNAUTHENTICATED: EXIT_NOT_ALLOWED,
    ErrorKind.FORBIDDEN: EXIT_NOT_ALLOWED,
    ErrorKind.NOT_FOUND: EXIT_NOT_FOUND,
    ErrorKind.UNAVAILABLE: EXIT_UNAVAILABLE,
    ErrorKind.TIMED_OUT: EXIT_UNAVAILABLE,
    ErrorKind.INTERNAL: EXIT_UNAVAILABLE,
}


class Refused(MarketplaceError):
    """The marketplace understood and said no."""

    code = "refused"
    kind = ErrorKind.INVALID


class UsageRefused(InvalidInput):
    """The command was typed in a way that cannot be meant."""

    code = "usage_refused"


class FileRefused(InvalidInput):
    """A file cannot be read, or holds something else."""

    code = "file_refused"


class NotSignedIn(Unauthenticated):
    """There is no session that the marketplace would accept."""

    code = "not_signed_in"


class SessionOver(NotSignedIn):
    """There was a session, and the marketplace does not renew it."""


class KeyMissing(Unauthenticated):
    """A call needs an API key, and none was found."""

    code = "key_missing"


class FaultAtTheirs(MarketplaceError):
    """The marketplace failed by a fault of its own."""

    code = "fault_at_theirs"
    kind = ErrorKind.INTERNAL


def exit_code_of(error: MarketplaceError) -> int:
    """The exit code of an error."""
    if isinstance(error, UsageRefused):
        return EXIT_USAGE
    return _EXIT_CODES.get(error.kind, EXIT_REFUSED)
