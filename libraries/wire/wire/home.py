"""Where a connection to a server goes back to."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from wire.client_connection import ClientConnection


class Home(Protocol):
    """Keeps connections between their exchanges."""

    def released(self, connection: "ClientConnection", reusable: bool) -> None:
        """An exchange is over: use it again, or drop it."""
        ...

    def stale(self, connection: "ClientConnection") -> None:
        """It was idle for too long, or its server closed it."""
        ...
