"""Consumption's doors on a real PostgreSQL."""

from collections.abc import AsyncIterator

import pytest
from fixtures.consumption_shop import Shop, opened_shop
from fixtures.marketplace_database import ProvisionedServer


@pytest.fixture(scope="module")
async def shop(marketplace_database: ProvisionedServer) -> AsyncIterator[Shop]:
    """The api unit, started once for a module."""
    async with opened_shop(marketplace_database) as shop:
        yield shop
