"""The checked-in matrix of routes and roles is what the application really asks for."""

from pathlib import Path

from fixtures.role_matrix import matrix_lines
from prometheus_client import CollectorRegistry

from admin.compose_doors import web_application
from chassis.clock import SystemClock
from chassis.health import Readiness

MATRIX = Path(__file__).with_name("role_matrix.txt")


def test_routes_and_their_roles_are_those_of_the_checked_in_matrix() -> None:
    app = web_application({}, Readiness(), CollectorRegistry(), SystemClock())
    found = matrix_lines(app)
    assert found == MATRIX.read_text(encoding="utf-8").splitlines(), "\n".join(found)
