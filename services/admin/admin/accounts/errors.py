"""Why something cannot be done with an account."""

from chassis.errors import Conflict, ErrorKind, Forbidden, InvalidInput, MarketplaceError, NotFound


class AccountNotFound(NotFound):
    """There is no such account."""

    code = "account_not_found"


class EmailTaken(Conflict):
    """Another account has this address."""

    code = "email_taken"


class RoleAboveYours(Forbidden):
    """The role, or the account that holds it, is not below the caller's own rank."""

    code = "role_above_yours"


class OwnAccount(Forbidden):
    """Nobody changes his own rank."""

    code = "own_account"


class LastSuperAdmin(Conflict):
    """Without this account nobody could govern."""

    code = "last_super_admin"


class PasswordTooWeak(InvalidInput):
    """The password breaks the rules; `weaknesses` says which."""

    code = "password_too_weak"


class HashingBusy(MarketplaceError):
    """Too many passwords are being checked at this moment."""

    code = "sign_in_busy"
    kind = ErrorKind.LIMITED
