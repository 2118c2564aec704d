"""The adapters that must all give the same answers; a new one is one more row, opened empty."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from discovery.search.in_process_index import InProcessIndex
from discovery.search.ports import ListingIndex


@asynccontextmanager
async def in_process() -> AsyncIterator[ListingIndex]:
    yield InProcessIndex()


ADAPTERS: dict[str, Callable[[], AbstractAsyncContextManager[ListingIndex]]] = {"in_process": in_process}
