"""Ports are free, or one line says who has them."""

import socket

import pytest

from fleet.errors import PortInUse
from fleet.ports import free_ports, require_free


def test_a_free_port_passes_and_a_used_one_names_its_holder() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(PortInUse, match=rf"Port {port} is in use by .* \(pid \d+\): .*FLEET_PORT_OFFSET"):
            require_free([port], patience_seconds=0)
    require_free([port], patience_seconds=0)


def test_free_ports_are_all_different() -> None:
    ports = list(free_ports().by_door.values())
    assert len(set(ports)) == len(ports)
