"""Ready when a port of this machine takes connections."""

import socket

from fleet.part import Probe
from fleet.ports import HOST

_SECONDS = 1.0


def listening(port: int) -> Probe:
    """A probe of one port on the loopback address."""

    def probe(_: int) -> str | None:
        try:
            socket.create_connection((HOST, port), _SECONDS).close()
        except OSError as error:
            return f"does not answer on port {port} ({error.strerror or error})"
        return None

    return probe
