"""Discovery on a database of each module's own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fixtures.discovery_machine import DiscoveryMachine, RunningDiscovery, admin_door, settings_of
from fixtures.marketplace_database import ProvisionedServer


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the sentence model is prepared, once for the test run."""
    return tmp_path_factory.mktemp("discovery")


@pytest.fixture(scope="module")
async def discovery(marketplace_database: ProvisionedServer, model_folder: Path) -> AsyncIterator[DiscoveryMachine]:
    """Discovery with its worker running and an admin to ask."""
    async with admin_door() as address:
        machine = DiscoveryMachine(marketplace_database, settings_of(marketplace_database, model_folder, address))
        async with machine.worker():
            yield machine


@pytest.fixture(scope="module")
async def api(discovery: DiscoveryMachine) -> AsyncIterator[RunningDiscovery]:
    """Its API unit, opened once for a module."""
    async with discovery.api() as api:
        yield api
