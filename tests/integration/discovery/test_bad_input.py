"""Bad input at every operation of discovery's own OpenAPI document, all of schemathesis's checks."""

import re
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from anyio.from_thread import start_blocking_portal
from fixtures.discovery_machine import DiscoveryMachine, admin_door, id_of, settings_of, snapshot, token_of
from fixtures.discovery_process import discovery_process
from fixtures.marketplace_database import ProvisionedServer
from hypothesis import HealthCheck, settings
from prometheus_client import CollectorRegistry
from schemathesis import Case

from chassis.health import Readiness
from chassis.web.application import Application
from discovery.compose import ROUTERS
from discovery.listing_paths import LISTING_ID

pytestmark = pytest.mark.fuzz
# An id may be nobody's (404), and only we can make a cursor (422).
CHECKS = {
    "positive_data_acceptance": {"expected-statuses": ["2xx", "404", "422"]},
    "negative_data_rejection": {"expected-statuses": ["400", "401", "404", "405", "406", "413", "415", "422"]},
}


def document() -> dict[str, Any]:
    """The document as it is served."""
    application = Application("discovery", "", ROUTERS, {}, Readiness(), CollectorRegistry(), lambda: "req_0")
    return application.build().openapi()


def free_ports() -> list[int]:
    sockets = [socket.socket() for _ in range(2)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@asynccontextmanager
async def served(server: ProvisionedServer, folder: Path) -> AsyncIterator[str]:
    """The address of a process with one listing in it."""
    async with admin_door() as address:
        machine = DiscoveryMachine(server, settings_of(server, folder, address))
        async with machine.worker(), discovery_process(machine, *free_ports()) as process:
            await machine.publish(snapshot("one"))
            yield process.url


@pytest.fixture(scope="module")
def discovery_url(marketplace_database: ProvisionedServer, model_folder: Path) -> Iterator[str]:
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(served(marketplace_database, model_folder)) as url,
    ):
        yield url


schema = schemathesis.openapi.from_dict(document(), config=schemathesis.Config.from_dict({"checks": CHECKS}))


@schema.parametrize()
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_input_breaks_an_operation(case: Case[Any], discovery_url: str) -> None:
    if re.fullmatch(LISTING_ID, str(case.path_parameters.get("listing_id"))):
        case.path_parameters["listing_id"] = id_of("one")
    # As the document writes it: the check of missing tokens knows the header by this name.
    headers = {"Authorization": token_of("acc_1", "tea_red")["authorization"]}
    case.call_and_validate(base_url=discovery_url, headers=headers)
