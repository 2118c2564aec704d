"""The shared index on Elasticsearch, and the one that is filled anew beside it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from discovery.search.elasticsearch_address import ElasticsearchAddress
from discovery.search.elasticsearch_board import ElasticsearchBoard
from discovery.search.elasticsearch_client import elasticsearch_errors_translated, open_client
from discovery.search.elasticsearch_generations import alias_of, begin_next, switch_to_next
from discovery.search.elasticsearch_index import ElasticsearchIndex

Shared = tuple[ElasticsearchIndex, ElasticsearchBoard]


@asynccontextmanager
async def open_shared_index(address: ElasticsearchAddress) -> AsyncGenerator[Shared]:
    """The index that is asked."""
    async with open_client(address) as client:
        alias = alias_of(address)
        yield ElasticsearchIndex(client, alias), ElasticsearchBoard(client, alias)


@asynccontextmanager
async def rebuilt_index(address: ElasticsearchAddress) -> AsyncGenerator[Shared]:
    """An index beside the one that is asked, to be filled in the block; asked instead of it when the block ends well.

    A block that ends badly leaves what was filled, and the next one goes on with it.
    """
    async with open_client(address) as client:
        alias = alias_of(address)
        with elasticsearch_errors_translated():
            beside = await begin_next(client, alias)
        yield ElasticsearchIndex(client, beside), ElasticsearchBoard(client, beside)
        with elasticsearch_errors_translated():
            await switch_to_next(client, alias)
