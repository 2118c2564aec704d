"""The adapters that must all give the same answers; a new one is one more row, opened empty as often as one likes."""

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from discovery.search.elasticsearch_address import elasticsearch_address
from discovery.search.elasticsearch_client import open_client
from discovery.search.elasticsearch_generations import ensure_index
from discovery.search.elasticsearch_index import ElasticsearchIndex
from discovery.search.in_process_index import InProcessIndex
from discovery.search.ports import ListingIndex

Open = Callable[[], AbstractAsyncContextManager[ListingIndex]]


def in_process(_: pytest.FixtureRequest) -> Open:
    @asynccontextmanager
    async def open_index() -> AsyncIterator[ListingIndex]:
        yield InProcessIndex()

    return open_index


def elasticsearch(request: pytest.FixtureRequest) -> Open:
    address = elasticsearch_address(request.getfixturevalue("elasticsearch_url"))

    @asynccontextmanager
    async def open_index() -> AsyncIterator[ListingIndex]:
        alias = f"contract-{secrets.token_hex(6)}"
        async with open_client(address) as client:
            await ensure_index(client, alias)
            yield ElasticsearchIndex(client, alias)
            await client.indices.delete(index=f"{alias}-1")

    return open_index


ADAPTERS = [
    pytest.param(in_process, id="in_process"),
    pytest.param(elasticsearch, id="elasticsearch", marks=pytest.mark.engines),
]
