"""Each contract test runs once per adapter."""

from collections.abc import AsyncIterator

import pytest
from contract.listing_index.adapters import ADAPTERS

from discovery.search.ports import ListingIndex


@pytest.fixture(params=sorted(ADAPTERS))
async def index(request: pytest.FixtureRequest) -> AsyncIterator[ListingIndex]:
    """An empty index."""
    async with ADAPTERS[request.param]() as empty:
        yield empty
