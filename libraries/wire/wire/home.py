"""Where a connection to a server goes back to."""

from typing import Protocol, TypeVar

Connection_contra = TypeVar("Connection_contra", contravariant=True)


class Home(Protocol[Connection_contra]):
    """Keeps connections between their exchanges."""

    def released(self, connection: Connection_contra, reusable: bool) -> None:
        """An exchange is over: use it again, or drop it."""
        ...

    def stale(self, connection: Connection_contra) -> None:
        """It was idle for too long, or its server closed it."""
        ...
