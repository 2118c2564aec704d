"""TakeChanges and GiveVectors, on the in-process index, a table in a list and a fake model."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from fakes.embedder import WordEmbedder
from fixtures.listing_documents import listing

from discovery.embeddings.ports import Vectors
from discovery.following.actions import GiveVectors, TakeChanges
from discovery.following.ports import ListingChange, MadeVectors
from discovery.following.progress import Progress, Waiting
from discovery.indexing.document import ListingDocument, State
from discovery.indexing.ports import IndexEntry, Passages
from discovery.indexing.rules import ANYONE, passages_digest
from discovery.search.actions import Search
from discovery.search.in_process_index import InProcessIndex
from discovery.search.request import SearchRequest

NOW = datetime(2026, 11, 20, tzinfo=UTC)


class StillClock:
    def now(self) -> datetime:
        return NOW


@dataclass
class TableInAList:
    """The table of listings: changes in order, vectors by digest."""

    rows: list[ListingChange] = field(default_factory=list)
    kept: dict[bytes, Passages] = field(default_factory=dict)

    def change(self, document: ListingDocument, passages: Passages | None = None) -> None:
        self.rows = [row for row in self.rows if row.document.id != document.id]
        number = max((row.number for row in self.rows), default=0) + 1
        self.rows.append(ListingChange(number, NOW - timedelta(seconds=1), document, passages))

    async def since(self, number: int, at_most: int) -> Sequence[ListingChange]:
        return [row for row in self.rows if row.number > number][:at_most]

    async def keep(self, made: Sequence[MadeVectors]) -> None:
        self.kept |= {one.digest: one.passages for one in made}


@dataclass
class Follower:
    """One index that follows the table."""

    table: TableInAList = field(default_factory=TableInAList)
    index: InProcessIndex = field(default_factory=InProcessIndex)
    embedder: WordEmbedder = field(default_factory=WordEmbedder)
    waiting: Waiting = field(default_factory=Waiting)
    progress: Progress = field(default_factory=Progress)

    async def take(self) -> int:
        model_name = self.embedder.model_name
        return await TakeChanges(self.table, self.index, model_name, self.waiting, self.progress, StillClock())()

    async def give(self) -> int:
        return await GiveVectors(self.embedder, self.index, self.table, self.waiting, self.progress)()

    def waiting_ids(self) -> set[str]:
        assert self.progress.without_vectors == len(self.waiting)
        return {document.id for document in self.waiting}

    async def kinds(self, query: str) -> set[str]:
        """Why the first hit was found."""
        reply = await Search(self.index, self.embedder)(SearchRequest(query), ANYONE)
        return {reason.kind for reason in reply.hits[0].reasons} if reply.hits else set()


async def test_a_change_is_found_by_words_and_after_embedding_by_meaning() -> None:
    one = Follower()
    one.table.change(listing("a", description="translates letters"))
    assert (await one.take(), await one.take()) == (1, 0)
    assert await one.kinds("letters") == {"words"}
    assert await one.give() == 1
    assert await one.kinds("letters") == {"words", "meaning"}
    assert list(one.table.kept) == [passages_digest(listing("a", description="translates letters"))]


async def test_loading_ends_when_there_is_nothing_more_to_take_and_only_then_is_freshness_known() -> None:
    one = Follower()
    one.table.change(listing("a"))
    await one.take()
    assert await one.progress.loading() == "index loading: at change 1"
    await one.take()
    assert (await one.progress.loading(), one.progress.last_delay) == (None, None)
    one.table.change(listing("b"))
    await one.take()
    assert one.progress.last_delay == 1.0


async def test_kept_vectors_of_the_same_model_are_not_made_again() -> None:
    first = Follower()
    first.table.change(listing("a", description="translates letters"))
    await first.take()
    await first.give()
    again = Follower()
    again.table.change(listing("a", description="translates letters"), next(iter(first.table.kept.values())))
    await again.take()
    assert not len(again.waiting)
    assert await again.kinds("letters") == {"words", "meaning"}


async def test_vectors_of_another_model_are_made_anew() -> None:
    one = Follower()
    foreign = Passages("another", (await one.embedder.embed(["x", "y"])))
    one.table.change(listing("a", description="translates letters"), foreign)
    await one.take()
    assert one.waiting_ids() == {"a"}


async def test_without_a_model_listings_wait_and_get_their_vectors_later() -> None:
    one = Follower()
    one.embedder.broken = True
    one.table.change(listing("a", description="translates letters"))
    await one.take()
    assert (await one.give(), one.waiting_ids()) == (0, {"a"})
    one.embedder.broken = False
    assert (await one.give(), one.waiting_ids()) == (1, set())


async def test_what_is_retired_is_removed_and_waits_for_nothing() -> None:
    one = Follower()
    one.table.change(listing("a", description="translates letters"))
    await one.take()
    one.table.rows[0] = ListingChange(2, NOW, listing("a", revision=2, state=State.RETIRED), None)
    await one.take()
    assert (await one.index.size(), one.waiting_ids()) == (0, set())


async def test_a_listing_that_changed_while_it_was_embedded_is_embedded_again() -> None:
    one = Follower()
    one.table.change(listing("a", description="translates letters"))
    await one.take()
    newer = listing("a", revision=2, description="paints pictures")

    class Interrupted(WordEmbedder):
        async def embed(self, texts: Sequence[str]) -> Vectors:
            if not self.asked:
                one.waiting.add(newer)
            return await super().embed(texts)

    one.embedder = Interrupted()
    await one.give()
    assert (one.waiting_ids(), one.table.kept) == ({"a"}, {})
    await one.give()
    assert list(one.table.kept) == [passages_digest(newer)]


class IndexElsewhere(InProcessIndex):
    """Looks first and writes later, as one behind a network does: a write that came between is lost."""

    async def put(self, entries: Sequence[IndexEntry]) -> tuple[str, ...]:
        empty = not await self.size()
        await asyncio.sleep(0 if entries[0].passages else 0.01)
        if empty:
            self.__init__()
        return await super().put(entries)


async def test_vectors_are_not_lost_to_the_words_that_were_on_their_way_when_they_were_made() -> None:
    one = Follower(index=IndexElsewhere())
    one.table.change(listing("a", description="translates letters"))
    taking = asyncio.create_task(one.take())
    await one.waiting.wanted.wait()
    await one.give()
    await taking
    assert await one.kinds("letters") == {"words", "meaning"}
    assert one.waiting_ids() == set()
