"""Short ways to put and ask in the contract tests, and vectors whose closeness is plain to see."""

from typing import Any

import numpy as np

from discovery.embeddings.ports import Vectors
from discovery.indexing.document import ListingDocument
from discovery.indexing.ports import IndexEntry, Passages
from discovery.indexing.rules import ANYONE, Viewer
from discovery.search.ports import Hit, ListingIndex
from discovery.search.request import Meaning, SearchRequest

MODEL = "test-model"


def direction(*parts: float) -> Vectors:
    """A unit vector of four dimensions."""
    vector = np.zeros(4, dtype=np.float32)
    vector[: len(parts)] = parts
    return vector / np.linalg.norm(vector)


def meaning(*parts: float) -> Meaning:
    """A query's vector."""
    return Meaning(MODEL, direction(*parts))


def entry(document: ListingDocument, *passages: Vectors) -> IndexEntry:
    """A document with its passages' vectors, none given: none."""
    return IndexEntry(document, Passages(MODEL, np.stack(passages)) if passages else None)


async def put(index: ListingIndex, *documents: ListingDocument) -> tuple[str, ...]:
    """Puts documents without vectors."""
    return await index.put([entry(document) for document in documents])


async def hits(index: ListingIndex, query: str = "", viewer: Viewer = ANYONE, **parts: Any) -> tuple[Hit, ...]:
    """The hits of one question."""
    return (await index.search(SearchRequest(query, **parts), viewer)).hits


async def found(index: ListingIndex, query: str = "", viewer: Viewer = ANYONE, **parts: Any) -> list[str]:
    """The ids of the hits, in order."""
    return [hit.document.id for hit in await hits(index, query, viewer, **parts)]
