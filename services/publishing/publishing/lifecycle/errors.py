"""Why a transition is refused."""

from chassis.errors import Conflict


class VersionStopped(Conflict):
    """The version is no longer on its way to publication."""

    code = "version_stopped"
