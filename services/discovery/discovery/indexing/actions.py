"""Deeds of indexing: put listings in with their vectors, by words alone while there is no model."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from discovery.embeddings.errors import EmbedderUnavailable
from discovery.embeddings.ports import Embedder, Vectors
from discovery.indexing.document import ListingDocument
from discovery.indexing.ports import IndexEntry, ListingSink, Passages
from discovery.indexing.rules import passages_of

# Half a second of work on one core: small enough that queries and memory do not feel an import.
_LISTINGS_AT_ONCE = 16
# A quarter of a millisecond each on the event loop.
_WORDS_AT_ONCE = 32


@dataclass(frozen=True)
class IndexListings:
    """Makes listings findable by words at once, then by meaning too.

    Returns the ids that still lack vectors, because the model is not there; call it again for those.
    """

    index: ListingSink
    embedder: Embedder

    async def __call__(self, documents: Sequence[ListingDocument]) -> tuple[str, ...]:
        """Safe to repeat: the same revision replaces itself."""
        stale = await self._put_words(documents)
        fresh = [document for document in documents if document.id not in stale]
        for begin in range(0, len(fresh), _LISTINGS_AT_ONCE):
            try:
                entries = await EmbedListings(self.embedder)(fresh[begin : begin + _LISTINGS_AT_ONCE])
            except EmbedderUnavailable:
                return tuple(document.id for document in fresh[begin:])
            await self.index.put(entries)
        return ()

    async def _put_words(self, documents: Sequence[ListingDocument]) -> set[str]:
        stale: set[str] = set()
        for begin in range(0, len(documents), _WORDS_AT_ONCE):
            group = documents[begin : begin + _WORDS_AT_ONCE]
            stale.update(await self.index.put([IndexEntry(document) for document in group]))
            # An index in this process never waits by itself; queries get their turn here.
            await asyncio.sleep(0)
        return stale


@dataclass(frozen=True)
class EmbedListings:
    """Gives each listing the vectors of its passages, all in one go."""

    embedder: Embedder

    async def __call__(self, documents: Sequence[ListingDocument]) -> list[IndexEntry]:
        """Raises EmbedderUnavailable."""
        texts = [passages_of(document) for document in documents]
        vectors = await self.embedder.embed([text for group in texts for text in group])
        entries: list[IndexEntry] = []
        begin = 0
        for document, group in zip(documents, texts, strict=True):
            entries.append(IndexEntry(document, self._passages(vectors[begin : begin + len(group)])))
            begin += len(group)
        return entries

    def _passages(self, vectors: Vectors) -> Passages | None:
        return Passages(self.embedder.model_name, vectors) if len(vectors) else None
