"""Why somebody is not signed in."""

from chassis.errors import ErrorKind, Forbidden, MarketplaceError, Unauthenticated


class SignInRefused(Unauthenticated):
    """The address or the password is wrong; which of them is not said."""

    code = "sign_in_refused"


class AccountLocked(Forbidden):
    """The password is right, and an admin locked the account."""

    code = "account_locked"


class TooManyAttempts(MarketplaceError):
    """Too many wrong passwords from here; `retry_after` says when to try again."""

    code = "too_many_attempts"
    kind = ErrorKind.LIMITED


class RefreshRefused(Unauthenticated):
    """The refresh token does not hold: unknown, ended or expired."""

    code = "refresh_refused"


class RefreshReused(Unauthenticated):
    """The refresh token was used before: somebody else has it, so the session ended."""

    code = "refresh_reused"
