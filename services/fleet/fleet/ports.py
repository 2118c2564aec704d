"""Which door listens on which port of the loopback address."""

import errno
import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import psutil

from fleet.errors import PortInUse

HOST = "127.0.0.1"

DEFAULT_PORTS: dict[str, int] = {
    "gateway.http": 8080,
    "publishing.http": 3001,
    "publishing.grpc": 4001,
    "discovery.http": 3002,
    "discovery.grpc": 4002,
    "consumption.http": 3003,
    "consumption.grpc": 4003,
    "admin.http": 3004,
    "admin.grpc": 4004,
    "demo_provider.http": 3010,
}


def port_variable(door: str) -> str:
    """The variable that sets a door's port: FLEET_ADMIN_GRPC_PORT for admin.grpc."""
    return f"FLEET_{door.replace('.', '_').upper()}_PORT"


@dataclass(frozen=True)
class Ports:
    """The port of each door, by `<service>.<http or grpc>`."""

    by_door: Mapping[str, int]

    def __getitem__(self, door: str) -> int:
        return self.by_door[door]

    def address(self, door: str) -> str:
        """`host:port` of the door."""
        return f"{HOST}:{self.by_door[door]}"

    def as_variables(self) -> dict[str, str]:
        """The environment from which another process of the fleet reads the same ports."""
        return {port_variable(door): str(port) for door, port in self.by_door.items()}

    def url(self, door: str) -> str:
        """The door's base URL."""
        return f"http://{self.address(door)}"


def free_ports() -> Ports:
    """Ports that nobody uses now, for a second fleet on the same machine."""
    return Ports(dict(zip(DEFAULT_PORTS, free_port_numbers(len(DEFAULT_PORTS)), strict=True)))


def free_port_numbers(count: int) -> list[int]:
    """Different ports that nobody uses now."""
    held = [socket.create_server((HOST, 0)) for _ in range(count)]
    numbers = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return numbers


def require_free(ports: Iterable[int], patience_seconds: float = 1.0) -> None:
    """Raise PortInUse for a port that somebody listens on and goes on listening on.

    The patience is for the parts of a fleet that was killed a moment ago.
    """
    deadline = time.monotonic() + patience_seconds
    for port in ports:
        while (taken := _taken(port)) is not None:
            if time.monotonic() > deadline:
                raise PortInUse(_sentence(port, taken))
            time.sleep(0.05)


def _taken(port: int) -> OSError | None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
        # Without it a port that was just given back looks taken for a minute.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
        except OSError as error:
            return error
    return None


def _sentence(port: int, error: OSError) -> str:
    if error.errno != errno.EADDRINUSE:
        return f"Port {port} cannot be opened ({error.strerror}): set FLEET_PORT_OFFSET to use other ports."
    return f"Port {port} is in use{_holder(port)}: stop that program or set FLEET_PORT_OFFSET=100."


def _holder(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,)
            if listens and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except psutil.Error:
        return ""
    return ""
