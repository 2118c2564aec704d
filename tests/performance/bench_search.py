"""How well and how fast search finds: `python tests/performance/bench_search.py` prints the tables.

Quality on labelled needs (APIBench, Torch Hub and TensorFlow Hub): NDCG@10 / hit@1 / recall@10, and the graded NDCG@10,
where a model of the same task as the right one counts half. Then speed, and the memory of this process.
"""

import asyncio
import json
import math
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from fixtures.listing_documents import catalogue_listings, listing
from fixtures.real_inputs import real_inputs_folder
from process_costs import pss_mib
from scale import is_smoke, scaled
from tables import Cell, print_table

from discovery.embeddings.minilm_embedder import MiniLmEmbedder
from discovery.embeddings.ports import Vectors
from discovery.indexing.actions import EmbedListings, IndexListings
from discovery.indexing.document import ListingDocument
from discovery.indexing.ports import IndexEntry, Passages
from discovery.indexing.rules import ANYONE, passages_of
from discovery.search.actions import Search
from discovery.search.in_process_index import InProcessIndex
from discovery.search.request import Meaning, SearchRequest

SETS = {"Torch Hub": ("torchhub_api", "torchhub_eval"), "TensorFlow Hub": ("tensorflowhub_api", "tensorflow_eval")}
WISHES: dict[str, Callable[[ListingDocument], bool]] = {
    "cheap model that can read images with a long context": lambda d: (
        _input_price(d) <= 300_000_000 and "image" in d.input_modalities and (d.context_length or 0) >= 128_000
    ),
    "free model that calls tools": lambda d: _input_price(d) == 0 and "tools" in d.capabilities,
    "understand video and audio": lambda d: {"video", "audio"} <= set(d.input_modalities),
    "summarise pdf files with at least 1M tokens context": lambda d: (
        "file" in d.input_modalities and (d.context_length or 0) >= 1_000_000
    ),
    "generate images from a description": lambda d: "image" in d.output_modalities,
    "inexpensive reasoning model": lambda d: _input_price(d) <= 300_000_000 and "reasoning" in d.capabilities,
    "transcribe a phone call recording": lambda d: "audio" in d.input_modalities,
    "affordable agent with function calling and 200k context": lambda d: (
        _input_price(d) <= 300_000_000 and "tools" in d.capabilities and (d.context_length or 0) >= 200_000
    ),
}


def _input_price(document: ListingDocument) -> float:
    price = document.pricing.input_price
    return math.inf if price is None else price


@dataclass(frozen=True)
class Collection:
    """Items to find, their passages, and needs with the id of the right one."""

    name: str
    items: list[ListingDocument]
    passages: list[list[str]]
    needs: list[tuple[str, str]]


def read_collection(folder: Path, name: str) -> Collection:
    """Rows with the same call are one item."""
    items_file, needs_file = SETS[name]
    rows: dict[str, list[dict[str, Any]]] = {}
    for line in (folder / f"{items_file}.jsonl").read_text().splitlines():
        if line.strip():
            row = json.loads(line)
            rows.setdefault(row["api_call"], []).append(row)
    passages = [
        list(dict.fromkeys(text for row in group for text in passages_of(_item([row])))) for group in rows.values()
    ]
    return Collection(
        name, [_item(group) for group in rows.values()], passages, list(_needs(folder / f"{needs_file}.json", rows))
    )


def _item(rows: list[dict[str, Any]]) -> ListingDocument:
    def joined(*keys: str) -> str:
        return " ".join(dict.fromkeys(_flat(row.get(key, "")) for key in keys for row in rows))

    return listing(
        rows[0]["api_call"],
        name=f"hub/{joined('api_name')}",
        title=joined("functionality"),
        description=joined("description"),
        category=joined("domain"),
        tags=(joined("functionality"),),
        details=joined("api_call", "api_arguments", "performance", "python_environment_requirements", "example_code"),
    )


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key} {_flat(inner)}" for key, inner in value.items())
    return " ".join(map(_flat, value)) if isinstance(value, list) else str(value)


def _needs(file: Path, rows: dict[str, Any]) -> Any:
    for line in file.read_text().splitlines():
        if not line.strip():
            continue
        row = json.loads(line)
        need = re.search(r"###\s*Instruction:?\s*(.*?)\s*###\s*Output", row["code"], re.DOTALL)
        if need and row["api_data"]["api_call"] in rows:
            yield need[1], row["api_data"]["api_call"]


@dataclass
class Quality:
    """Sums over the needs asked so far."""

    asked: int = 0
    ndcg: float = 0.0
    first: int = 0
    recalled: int = 0
    graded: float = 0.0

    def add(self, ids: Sequence[str], gold: str, domains: dict[str, str]) -> None:
        """One need's first ten."""
        self.asked += 1
        gains = [1.0 if found == gold else 0.5 if domains[found] == domains[gold] else 0.0 for found in ids]
        same = sum(domain == domains[gold] for domain in domains.values()) - 1
        ideal = _dcg([1.0, *[0.5] * min(9, same)])
        self.graded += _dcg(gains) / ideal
        if gold in ids:
            place = list(ids).index(gold)
            self.ndcg += 1 / math.log2(place + 2)
            self.first += place == 0
            self.recalled += 1

    def shares(self) -> list[Cell]:
        """NDCG@10, hit@1, recall@10, graded NDCG@10: means over the needs."""
        return [f"{share / self.asked:.3f}" for share in (self.ndcg, self.first, self.recalled, self.graded)]


def _dcg(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(place + 2) for place, gain in enumerate(gains))


async def quality_rows(collection: Collection, embedder: MiniLmEmbedder) -> list[list[Cell]]:
    """Words alone, meaning alone, and the two fused as the service does it."""
    index = await _filled(collection, embedder)
    vectors = await embedder.embed([need for need, _ in collection.needs])
    wordless = InProcessIndex()
    blank = [
        replace(item, name="hub/", title="", description="", category="", tags=(), details="")
        for item in collection.items
    ]
    await wordless.put(
        [
            IndexEntry(item, await _passages(texts, embedder))
            for item, texts in zip(blank, collection.passages, strict=True)
        ]
    )
    return [
        ["words alone (BM25F)", *(await _asked(index, collection, None)).shares()],
        ["meaning alone", *(await _asked(wordless, collection, vectors)).shares()],
        ["fused, as served", *(await _asked(index, collection, vectors)).shares()],
    ]


async def _filled(collection: Collection, embedder: MiniLmEmbedder) -> InProcessIndex:
    index = InProcessIndex()
    pairs = zip(collection.items, collection.passages, strict=True)
    await index.put([IndexEntry(item, await _passages(texts, embedder)) for item, texts in pairs])
    return index


async def _passages(texts: list[str], embedder: MiniLmEmbedder) -> Passages:
    return Passages(embedder.model_name, await embedder.embed(texts))


async def _asked(index: InProcessIndex, collection: Collection, vectors: Vectors | None) -> Quality:
    domains = {item.id: item.category for item in collection.items}
    quality = Quality()
    for number, (need, gold) in enumerate(collection.needs):
        meaning = None if vectors is None else Meaning(MiniLmEmbedder.model_name, vectors[number])
        reply = await index.search(SearchRequest(need, limit=10, meaning=meaning), ANYONE)
        quality.add([hit.document.id for hit in reply.hits], gold, domains)
    return quality


async def wish_rows(
    documents: list[ListingDocument], index: InProcessIndex, embedder: MiniLmEmbedder
) -> list[list[Cell]]:
    """Of the ten first hits, how many fulfil all that the need says; and how many would by chance."""
    rows: list[list[Cell]] = []
    for need, fulfils in WISHES.items():
        vector = (await embedder.embed([need]))[0]
        reply = await index.search(SearchRequest(need, limit=10, meaning=Meaning(embedder.model_name, vector)), ANYONE)
        good = sum(fulfils(hit.document) for hit in reply.hits)
        chance = 10 * sum(map(fulfils, documents)) / len(documents)
        rows.append([need, good, f"{chance:.1f}"])
    return rows


async def timed(name: str, queries: Sequence[str], ask: Callable[[str], Any]) -> list[Cell]:
    """Median and 95th percentile in milliseconds."""
    times: list[float] = []
    for query in queries:
        begin = time.perf_counter()
        await ask(query)
        times.append((time.perf_counter() - begin) * 1000)
    return [name, float(np.percentile(times, 50)), float(np.percentile(times, 95))]


async def print_speed(documents: list[ListingDocument], needs: Sequence[str], embedder: MiniLmEmbedder) -> None:
    """Embedding, indexing and asking, on the real catalogue and on many listings made of its copies."""
    own = [os.getpid()]
    with_model = pss_mib(own)
    index = InProcessIndex()
    begin = time.perf_counter()
    await IndexListings(index, embedder)(documents)
    seconds, small = time.perf_counter() - begin, pss_mib(own)
    search = Search(index, embedder)
    vector = (await embedder.embed(["chat model"]))[0]
    many = await _many(documents, index, embedder)
    rows = [
        await timed("embed one need", needs, lambda need: embedder.embed([need])),
        await timed(f"search {len(documents)}, a new need", needs, lambda need: search(SearchRequest(need), ANYONE)),
    ]
    for filled in (index, many):
        size = await filled.size()

        def ask(need: str, filled: InProcessIndex = filled) -> Any:
            return filled.search(SearchRequest(need, meaning=Meaning(embedder.model_name, vector)), ANYONE)

        def complete(need: str, filled: InProcessIndex = filled) -> Any:
            return filled.suggest(need.rsplit(maxsplit=1)[-1][:6], ANYONE, 10)

        rows.append(await timed(f"search {size:,}, the index alone", needs, ask))
        rows.append(await timed(f"suggest {size:,}", needs, complete))
    print_table(
        "Search in one process",
        ["deed", "p50 ms", "p95 ms"],
        rows,
        f"Indexing {len(documents)} listings with their vectors: {seconds:.1f} s ({len(documents) / seconds:.0f}/s).",
        f"Memory in MiB: {with_model:.0f} with the model, {small:.0f} with {len(documents)} listings,"
        f" {pss_mib(own):.0f} with {await many.size():,} more.",
    )


async def _many(documents: list[ListingDocument], index: InProcessIndex, embedder: MiniLmEmbedder) -> InProcessIndex:
    entries = await EmbedListings(embedder)(documents)
    many = InProcessIndex()
    for copy in range(scaled(10_000, 400) // len(documents)):
        await many.put(
            [replace(entry, document=replace(entry.document, id=f"{entry.document.id}#{copy}")) for entry in entries]
        )
    return many


async def measure() -> None:
    """Prints all tables; a smoke run indexes 40 listings and leaves the labelled needs out."""
    folder = real_inputs_folder()
    with tempfile.TemporaryDirectory() as data_folder:
        embedder = MiniLmEmbedder(Path(data_folder))
        await embedder.embed(["warm"])
        documents = catalogue_listings(folder / "catalogue" / "models.json")[: scaled(1000, 40)]
        needs = [need for need, _ in read_collection(folder / "search", "TensorFlow Hub").needs[: scaled(200, 10)]]
        await print_speed(documents, needs, embedder)
        if not is_smoke():
            await print_quality(folder, documents, embedder)
        await embedder.close()


async def print_quality(folder: Path, documents: list[ListingDocument], embedder: MiniLmEmbedder) -> None:
    """The labelled needs, then the wishes on the real catalogue."""
    for name in SETS:
        collection = read_collection(folder / "search", name)
        print_table(
            f"{name}: {len(collection.items)} models, {len(collection.needs)} needs",
            ["found by", "NDCG@10", "hit@1", "recall@10", "graded NDCG@10"],
            await quality_rows(collection, embedder),
        )
    index = InProcessIndex()
    await IndexListings(index, embedder)(documents)
    print_table(
        f"Needs with wishes on {len(documents)} real models: how many of ten hits fulfil all of them",
        ["need", "good hits", "by chance"],
        await wish_rows(documents, index, embedder),
    )


def main() -> None:
    """Print the tables, where the real inputs are."""
    if real_inputs_folder().exists():
        asyncio.run(measure())
    else:
        print("left out: the real inputs are absent; set REAL_INPUTS to their folder")


if __name__ == "__main__":
    main()
