"""The index in process beside Elasticsearch, on the same listings and needs: the same answers, at what price?

`TEST_ELASTICSEARCH=http://127.0.0.1:9200 python tests/performance/bench_indexes.py`; `make engines` serves one there.
Both hold the vectors of one model. A difference of order is explained by the scores of the two listings that swapped.
"""

import asyncio
import os
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench_search import SETS, Collection, Quality, read_collection
from fixtures.real_inputs import real_inputs_folder
from process_costs import cpu_seconds, pss_mib
from scale import scaled
from tables import Cell, print_table

from discovery.embeddings.minilm_embedder import MiniLmEmbedder
from discovery.embeddings.ports import Vectors
from discovery.indexing.ports import IndexEntry, Passages
from discovery.indexing.rules import ANYONE
from discovery.search.elasticsearch_address import elasticsearch_address
from discovery.search.elasticsearch_client import open_client
from discovery.search.elasticsearch_generations import ensure_index
from discovery.search.elasticsearch_index import ElasticsearchIndex
from discovery.search.in_process_index import InProcessIndex
from discovery.search.ports import ListingIndex, SearchReply
from discovery.search.request import Meaning, SearchRequest

# Scores are sums of float32; what is closer than this is a tie.
_TIE = 1e-5
_FIRST = 10


@dataclass
class Asked:
    """What one index answered, and how long it took."""

    name: str
    quality: Quality = field(default_factory=Quality)
    replies: list[SearchReply] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)
    fill_seconds: float = 0.0
    cpu_milliseconds: float = 0.0

    def cells(self) -> list[Cell]:
        """One row: quality, then the cost."""
        ordered = sorted(self.milliseconds)
        p95 = ordered[int(0.95 * (len(ordered) - 1))]
        times = [f"{statistics.median(ordered):.1f}", f"{p95:.1f}", f"{self.cpu_milliseconds / len(ordered):.1f}"]
        return [self.name, *self.quality.shares(), *times, f"{self.fill_seconds:.1f}"]


@asynccontextmanager
async def elasticsearch_index(url: str) -> AsyncIterator[ElasticsearchIndex]:
    """An empty one, gone afterwards."""
    alias = f"bench-{secrets.token_hex(4)}"
    async with open_client(elasticsearch_address(url)) as client:
        await ensure_index(client, alias)
        try:
            yield ElasticsearchIndex(client, alias)
        finally:
            await client.indices.delete(index=f"{alias}-1")


async def fill(asked: Asked, index: ListingIndex, entries: list[IndexEntry]) -> None:
    """All listings, as the follower puts them."""
    began = time.perf_counter()
    for begin in range(0, len(entries), 32):
        await index.put(entries[begin : begin + 32])
    asked.fill_seconds = time.perf_counter() - began


async def ask(asked: Asked, index: ListingIndex, collection: Collection, vectors: Vectors) -> None:
    """Every need, one after the other; the CPU is that of this process."""
    domains = {item.id: item.category for item in collection.items}
    for number, (need, gold) in enumerate(collection.needs):
        request = SearchRequest(need, limit=_FIRST, meaning=Meaning(MiniLmEmbedder.model_name, vectors[number]))
        began, spent = time.perf_counter(), cpu_seconds(os.getpid())
        reply = await index.search(request, ANYONE)
        asked.milliseconds.append(1000 * (time.perf_counter() - began))
        asked.cpu_milliseconds += 1000 * (cpu_seconds(os.getpid()) - spent)
        asked.replies.append(reply)
        asked.quality.add([hit.document.id for hit in reply.hits], gold, domains)


@dataclass
class Differences:
    """How often the two agree, and why they do not."""

    same: int = 0
    reordered_ties: int = 0
    other_totals: int = 0
    unexplained: list[str] = field(default_factory=list)
    widest: float = 0.0

    def add(self, need: str, one: SearchReply, other: SearchReply) -> None:
        """One need."""
        scores = {hit.document.id: hit.score for hit in one.hits}
        self.widest = max([self.widest, *(abs(scores.get(h.document.id, h.score) - h.score) for h in other.hits)])
        ids, others = ([hit.document.id for hit in reply.hits] for reply in (one, other))
        self.other_totals += one.total != other.total
        if ids == others:
            self.same += 1
        elif all(abs(a.score - b.score) <= _TIE for a, b in zip(one.hits, other.hits, strict=True)):
            self.reordered_ties += 1
        else:
            self.unexplained.append(need)


async def compare(collection: Collection, embedder: MiniLmEmbedder, url: str) -> tuple[list[list[Cell]], list[Cell]]:
    """The rows of both, and the row of what differs."""
    passages = [Passages(embedder.model_name, await embedder.embed(texts)) for texts in collection.passages]
    entries = [IndexEntry(item, one) for item, one in zip(collection.items, passages, strict=True)]
    vectors = await embedder.embed([need for need, _ in collection.needs])
    ours, theirs = Asked(f"{collection.name}, in process"), Asked(f"{collection.name}, Elasticsearch")
    async with elasticsearch_index(url) as remote:
        local = InProcessIndex()
        await fill(ours, local, entries)
        await fill(theirs, remote, entries)
        # Once before it counts, for both: caches of Elasticsearch and of our side are part of how it is used.
        for asked, index in ((ours, local), (theirs, remote)):
            await ask(Asked("warm"), index, Collection("", collection.items, [], collection.needs[:5]), vectors)
            await ask(asked, index, collection, vectors)
    difference = Differences()
    for (need, _), one, other in zip(collection.needs, ours.replies, theirs.replies, strict=True):
        difference.add(need, one, other)
    for need in difference.unexplained[:5]:
        print(f"unexplained: {need}")
    return [ours.cells(), theirs.cells()], [
        collection.name,
        len(collection.needs),
        difference.same,
        difference.reordered_ties,
        difference.other_totals,
        len(difference.unexplained),
        f"{difference.widest:.1e}",
    ]


async def main() -> None:
    """Both tables."""
    url, folder = os.environ.get("TEST_ELASTICSEARCH"), real_inputs_folder()
    if not url or folder is None:
        print("bench_indexes needs TEST_ELASTICSEARCH=http://host:port (`make engines` serves one) and the real needs.")
        return
    costs: list[list[Cell]] = []
    differences: list[list[Cell]] = []
    with tempfile.TemporaryDirectory() as prepared:
        embedder = MiniLmEmbedder(Path(prepared))
        for name in SETS:
            whole = read_collection(folder / "search", name)
            part = Collection(name, whole.items, whole.passages, whole.needs[: scaled(len(whole.needs), 20)])
            rows, difference = await compare(part, embedder, url)
            costs += rows
            differences.append(difference)
        await embedder.close()
    print_table(
        "Fused results, in process and on Elasticsearch",
        ["index", "NDCG@10", "hit@1", "recall@10", "graded", "p50 ms", "p95 ms", "our CPU ms", "filled s"],
        costs,
    )
    print_table(
        "What differs in the first ten",
        ["needs of", "asked", "same", "ties swapped", "other total", "unexplained", "widest score gap"],
        differences,
    )
    print(f"This process holds {pss_mib([os.getpid()]):.0f} MiB.")


if __name__ == "__main__":
    asyncio.run(main())
