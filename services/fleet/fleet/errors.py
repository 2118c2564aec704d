"""What can keep a machine's marketplace from starting; each message is one line with the next step."""

from chassis.errors import Conflict, ErrorKind, MarketplaceError


class FleetRefused(MarketplaceError):
    """The fleet does not start; nothing was changed."""

    code = "fleet_refused"
    kind = ErrorKind.CONFLICT


class AlreadyRunning(Conflict):
    """Another fleet holds this data folder."""

    code = "fleet_already_running"


class PortInUse(FleetRefused):
    """Another program listens on a port that a part needs."""

    code = "port_in_use"


class FolderRefused(FleetRefused):
    """The data folder cannot be made, read or written."""

    code = "folder_refused"


class NoEngineAccount(FleetRefused):
    """We are root and there is no unprivileged user to run PostgreSQL."""

    code = "no_engine_account"


class EngineMissing(FleetRefused):
    """The binaries of an engine are not installed, or are older than we need."""

    code = "engine_missing"


class PartFailed(MarketplaceError):
    """A part ended or did not get ready in time; the message holds the last lines of its log."""

    code = "part_failed"
    kind = ErrorKind.UNAVAILABLE


class SettingRefused(FleetRefused):
    """A variable is unknown or has no usable value."""

    code = "setting_refused"
    kind = ErrorKind.INVALID


class ApiUnavailable(MarketplaceError):
    """The public API does not answer now; the same request may work later."""

    code = "api_unavailable"
    kind = ErrorKind.UNAVAILABLE


class ApiRefused(MarketplaceError):
    """The public API says no."""

    code = "api_refused"
    kind = ErrorKind.CONFLICT

    def __init__(self, message: str, answered: int) -> None:
        super().__init__(message)
        self.answered = answered
