"""Deeds of following: take the table's changes into the index, and give vectors to what has none."""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from chassis.clock import Clock
from discovery.embeddings.errors import EmbedderUnavailable
from discovery.embeddings.ports import Embedder
from discovery.following.ports import ListingChange, ListingChanges, MadeVectors, VectorShelf
from discovery.following.progress import Progress, Waiting
from discovery.indexing.actions import EmbedListings
from discovery.indexing.document import State
from discovery.indexing.ports import IndexEntry, ListingSink, Removal
from discovery.indexing.rules import passages_digest

CHANGES_AT_ONCE = 200
# Some ten milliseconds on the event loop.
_PUT_AT_ONCE = 32
# Half a second of work on one core.
_EMBED_AT_ONCE = 16


@dataclass(frozen=True)
class TakeChanges:
    """Brings the index to where the table is; what arrives without vectors is found by words until it has them."""

    changes: ListingChanges
    index: ListingSink
    model_name: str
    waiting: Waiting
    progress: Progress
    clock: Clock

    async def __call__(self) -> int:
        """How many changes were taken; none means that the index is where the table is."""
        rows = await self.changes.since(self.progress.reached, CHANGES_AT_ONCE)
        for begin in range(0, len(rows), _PUT_AT_ONCE):
            async with self.waiting.turn:
                await self._take(rows[begin : begin + _PUT_AT_ONCE])
            # An index in this process never waits by itself; queries get their turn here.
            await asyncio.sleep(0)
        if not rows:
            self.progress.loaded = True
        return len(rows)

    async def _take(self, rows: Sequence[ListingChange]) -> None:
        gone = [row.document for row in rows if row.document.state is State.RETIRED]
        found = [row for row in rows if row.document.state is not State.RETIRED]
        await self.index.remove([Removal(document.id, document.revision) for document in gone])
        await self.index.put([self._entry(row) for row in found])
        for document in gone:
            self.waiting.drop(document.id)
        self._note(rows[-1])

    def _entry(self, row: ListingChange) -> IndexEntry:
        passages = row.passages
        if passages is not None and passages.model_name == self.model_name:
            self.waiting.drop(row.document.id)
            return IndexEntry(row.document, passages)
        self.waiting.add(row.document)
        return IndexEntry(row.document)

    def _note(self, last: ListingChange) -> None:
        now = self.clock.now()
        self.progress.reached = last.number
        self.progress.without_vectors = len(self.waiting)
        self.progress.last_change_at = now
        if self.progress.loaded:
            self.progress.last_delay = max(0.0, (now - last.known_at).total_seconds())


@dataclass(frozen=True)
class GiveVectors:
    """Embeds a few of the listings that wait, makes them findable by meaning, and keeps the vectors."""

    embedder: Embedder
    index: ListingSink
    shelf: VectorShelf
    waiting: Waiting
    progress: Progress

    async def __call__(self) -> int:
        """How many got vectors; 0 where none waits or the model is not there."""
        documents = list(itertools.islice(self.waiting, _EMBED_AT_ONCE))
        try:
            entries = await EmbedListings(self.embedder)(documents)
        except EmbedderUnavailable:
            return 0
        async with self.waiting.turn:
            # What changed meanwhile waits anew under its newer document.
            await self._put([entry for entry in entries if self.waiting.holds(entry.document)])
        return len(documents)

    async def _put(self, entries: Sequence[IndexEntry]) -> None:
        await self.index.put(entries)
        await self.shelf.keep(
            [
                MadeVectors(entry.document.id, passages_digest(entry.document), entry.passages)
                for entry in entries
                if entry.passages is not None
            ]
        )
        # Only now: who no longer waits is findable by meaning after a restart too.
        for entry in entries:
            self.waiting.drop(entry.document.id)
        self.progress.without_vectors = len(self.waiting)
