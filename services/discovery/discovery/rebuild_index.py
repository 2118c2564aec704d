"""`python -m discovery rebuild-index`: fill the shared index anew beside the one that is asked, then switch."""

import asyncio
import sys
from contextlib import AsyncExitStack
from functools import partial

from rich.console import Console
from rich.progress import Progress as Bar
from rich.progress import TaskID

from chassis.clock import SystemClock
from chassis.database.pool import Database
from chassis.errors import InvalidInput, MarketplaceError
from discovery.embeddings.minilm_embedder import MiniLmEmbedder
from discovery.following.actions import GiveVectors, TakeChanges
from discovery.following.postgres_store import PostgresListingChanges
from discovery.following.progress import Progress, Waiting
from discovery.following.rebuilding import Rebuild
from discovery.following.sharing import TakeIntoShared
from discovery.search.elasticsearch_address import elasticsearch_address
from discovery.settings import DiscoverySettings


def rebuild_index() -> int:
    """The process's exit code; stopped or killed, the next one goes on where this one was."""
    try:
        knobs = DiscoverySettings.read()  # pyright: ignore[reportUnknownMemberType]
        listings = asyncio.run(_rebuild(knobs))
    except MarketplaceError as error:
        print(f"error: {error.message}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; the index that is asked is as it was, and the next rebuild-index goes on here", file=sys.stderr)
        return 130
    print(f"The index was filled anew with {listings} listings and is asked from now on.")
    return 0


async def _rebuild(knobs: DiscoverySettings) -> int:
    url = knobs.index_url.get_secret_value()
    if not url:
        raise InvalidInput("DISCOVERY_INDEX_URL is empty: an index in process fills itself at each start.")
    # house: allow local-import, because a process without Elasticsearch must not pay for its client (15 MB)
    from discovery.search.elasticsearch_opening import rebuilt_index  # noqa: PLC0415

    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(
            Database.open(knobs.worker_database_url, name="discovery-rebuild", size=2)
        )
        embedder = MiniLmEmbedder(knobs.data_folder)
        stack.push_async_callback(embedder.close)
        changes, waiting, progress = PostgresListingChanges(database), Waiting(), Progress()
        bar = stack.enter_context(Bar(console=Console(stderr=True)))
        told = partial(_tell, bar, bar.add_task("filling", total=await changes.last()), progress)
        async with rebuilt_index(elasticsearch_address(url)) as (index, board):
            take = TakeChanges(changes, index, embedder.model_name, waiting, progress, SystemClock())
            give = GiveVectors(embedder, index, changes, waiting, progress)
            await Rebuild(TakeIntoShared(take, board, waiting, progress), give, waiting, told)()
            return await index.size()


def _tell(bar: Bar, task: TaskID, progress: Progress) -> None:
    lacking = progress.without_vectors
    bar.update(task, completed=progress.reached, description=f"{lacking} without vectors" if lacking else "filling")
