"""Opens the index that discovery is configured for: one in each process, or with a URL one that all of them share."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from discovery.indexing.board import IndexBoard
from discovery.search.elasticsearch_address import elasticsearch_address
from discovery.search.in_process_index import InProcessIndex
from discovery.search.ports import ListingIndex


@dataclass(frozen=True)
class OpenIndex:
    """`board` is there where the index outlives the process; the worker fills that one, and each process its own."""

    index: ListingIndex
    board: IndexBoard | None = None


@asynccontextmanager
async def open_listing_index(index_url: SecretStr) -> AsyncGenerator[OpenIndex]:
    """An empty URL means in process. Raises IndexUrlRefused."""
    url = index_url.get_secret_value()
    if not url:
        yield OpenIndex(InProcessIndex())
        return
    address = elasticsearch_address(url)
    # house: allow local-import, because a process without Elasticsearch must not pay for its client (15 MB)
    from discovery.search.elasticsearch_opening import open_shared_index  # noqa: PLC0415

    async with open_shared_index(address) as shared:
        yield OpenIndex(*shared)
