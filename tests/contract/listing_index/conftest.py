"""Each contract test runs once per adapter."""

from collections.abc import AsyncIterator

import pytest
from contract.listing_index.adapters import ADAPTERS, Open

from discovery.search.ports import ListingIndex


@pytest.fixture(scope="session", params=ADAPTERS)
def open_index(request: pytest.FixtureRequest) -> Open:
    """Opens an empty index."""
    return request.param(request)


@pytest.fixture
async def index(open_index: Open) -> AsyncIterator[ListingIndex]:
    """An empty index."""
    async with open_index() as empty:
        yield empty
