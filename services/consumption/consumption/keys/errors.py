"""What can be wrong with a key."""

from chassis.errors import Conflict, Forbidden, InvalidInput, NotFound, Unavailable


class KeyNotFound(NotFound):
    """No key of that id in the caller's team."""

    code = "key_not_found"


class KeyRevokedAlready(Conflict):
    """A revoked key cannot be changed."""

    code = "key_revoked"


class KeyChangedMeanwhile(Conflict):
    """Somebody else changed the key between reading and writing."""

    code = "key_changed"


class KeyRotatedAlready(Conflict):
    """The key has another generation than the one that was to be replaced."""

    code = "key_rotated"


class KeyNotCollected(Conflict):
    """A granted key has no secret before its asker collects it."""

    code = "key_not_collected"


class BoundsGranted(Conflict):
    """The bounds of a granted key are what was approved."""

    code = "key_bounds_granted"


class KeyOfSomebodyElse(Forbidden):
    """Members touch the keys that they made; owners and admins touch all of the team's."""

    code = "key_of_somebody_else"


class ExpiryInThePast(InvalidInput):
    """The expiry must lie ahead."""

    code = "expiry_in_the_past"


class KeyCheckBusy(Unavailable):
    """Too many keys are seen for the first time at this moment."""

    code = "key_check_busy"
