"""Why something cannot be done with a team."""

from chassis.errors import Conflict, Forbidden, InvalidInput, NotFound


class TeamNotFound(NotFound):
    """There is no such team, or the caller may not know of it."""

    code = "team_not_found"


class SlugTaken(Conflict):
    """Another team has this slug, or had it."""

    code = "slug_taken"


class SlugReserved(InvalidInput):
    """The slug is the name of a vendor, of a well-known model or of a part of the platform."""

    code = "slug_reserved"


class MemberNotFound(NotFound):
    """The account does not belong to the team."""

    code = "member_not_found"


class AlreadyMember(Conflict):
    """The account belongs to the team already."""

    code = "already_member"


class LastOwner(Conflict):
    """A team always has an owner."""

    code = "last_owner"


class TeamRoleAboveYours(Forbidden):
    """The role is not below the caller's own in this team."""

    code = "team_role_above_yours"


class NotAMember(Forbidden):
    """The account does not belong to the team it asked for."""

    code = "not_a_member"
