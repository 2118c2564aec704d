"""What can be wrong with a key."""

from chassis.errors import Conflict, InvalidInput, NotFound


class KeyNotFound(NotFound):
    """No key of that id in the caller's team."""

    code = "key_not_found"


class KeyRevokedAlready(Conflict):
    """A revoked key cannot be changed."""

    code = "key_revoked"


class ExpiryInThePast(InvalidInput):
    """The expiry must lie ahead."""

    code = "expiry_in_the_past"
