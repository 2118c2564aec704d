"""Search, Suggest, IndexListings and EmbedListings, on the in-process index and a fake model."""

import pytest
from fakes.embedder import WordEmbedder
from fixtures.listing_documents import listing

from discovery.embeddings.cached_embedder import CachedEmbedder
from discovery.indexing.actions import EmbedListings, IndexListings
from discovery.indexing.document import Visibility
from discovery.indexing.ports import IndexEntry
from discovery.indexing.rules import ANYONE, Viewer
from discovery.search.actions import Search, Suggest
from discovery.search.errors import InvalidSearch
from discovery.search.in_process_index import InProcessIndex
from discovery.search.request import SearchRequest

LISTINGS = [listing("a", description="translates letters"), listing("b", description="paints pictures")]


async def test_listings_are_found_by_words_and_meaning() -> None:
    index, embedder = InProcessIndex(), WordEmbedder()
    assert await IndexListings(index, embedder)(LISTINGS) == ()
    reply = await Search(index, embedder)(SearchRequest("translates letters"), ANYONE)
    assert [hit.document.id for hit in reply.hits][:1] == ["a"]
    assert {"words", "meaning"} <= {reason.kind for reason in reply.hits[0].reasons}
    assert not reply.degraded


async def test_while_listings_wait_for_vectors_the_answer_says_so_to_those_who_may_see_them() -> None:
    index, embedder = InProcessIndex(), WordEmbedder()
    await IndexListings(index, embedder)(LISTINGS)
    hidden = listing("c", description="sorts letters", visibility=Visibility.PRIVATE, team_id="tea_1")
    await index.put([IndexEntry(hidden)])
    find = Search(index, embedder)
    assert not (await find(SearchRequest("letters"), ANYONE)).degraded
    reply = await find(SearchRequest("letters"), Viewer(signed_in=True, team_ids=frozenset({"tea_1"})))
    assert reply.degraded
    assert "1 listing waits" in (reply.degraded_reason or "")
    await IndexListings(index, embedder)([hidden])
    assert not (await find(SearchRequest("letters"), Viewer(True, frozenset({"tea_1"})))).degraded


async def test_before_the_first_vectors_all_listings_count_as_waiting() -> None:
    index, embedder = InProcessIndex(), WordEmbedder()
    await index.put([IndexEntry(document) for document in LISTINGS])
    reply = await Search(index, embedder)(SearchRequest("letters"), ANYONE)
    assert (reply.without_vectors, reply.degraded) == (2, True)


async def test_without_a_model_words_alone_answer_and_say_so() -> None:
    index, embedder = InProcessIndex(), WordEmbedder()
    embedder.ready = False
    await IndexListings(index, embedder)(LISTINGS)
    reply = await Search(index, embedder)(SearchRequest("letters"), ANYONE)
    assert [hit.document.id for hit in reply.hits] == ["a"]
    assert reply.degraded


async def test_a_failing_model_degrades_search_and_names_what_lacks_vectors() -> None:
    index, embedder = InProcessIndex(), WordEmbedder()
    embedder.broken = True
    assert await IndexListings(index, embedder)(LISTINGS) == ("a", "b")
    reply = await Search(index, embedder)(SearchRequest("pictures"), ANYONE)
    assert [hit.document.id for hit in reply.hits] == ["b"]
    assert reply.degraded


async def test_a_slow_model_is_not_waited_for_beyond_the_limit() -> None:
    index, embedder = InProcessIndex(), WordEmbedder()
    await IndexListings(index, embedder)(LISTINGS)
    embedder.delay = 30
    reply = await Search(index, embedder, meaning_timeout=0.01)(SearchRequest("pictures"), ANYONE)
    assert reply.degraded
    assert reply.total == 1


async def test_filters_alone_need_no_model() -> None:
    index, embedder = InProcessIndex(), WordEmbedder()
    embedder.ready = False
    await IndexListings(index, embedder)(LISTINGS)
    reply = await Search(index, embedder)(SearchRequest(), ANYONE)
    assert reply.total == 2
    assert not reply.degraded


@pytest.mark.parametrize("request_", [SearchRequest("x" * 1001), SearchRequest(limit=0), SearchRequest(limit=101)])
async def test_a_search_beyond_its_bounds_is_refused(request_: SearchRequest) -> None:
    with pytest.raises(InvalidSearch):
        await Search(InProcessIndex(), WordEmbedder())(request_, ANYONE)


async def test_stale_listings_are_not_embedded() -> None:
    index, embedder = InProcessIndex(), WordEmbedder()
    await IndexListings(index, embedder)([listing("a", revision=2)])
    embedder.asked.clear()
    await IndexListings(index, embedder)([listing("a", revision=1)])
    assert embedder.asked == []


async def test_each_listing_gets_the_vectors_of_its_own_passages() -> None:
    entries = await EmbedListings(WordEmbedder())([*LISTINGS, listing("c", tags=("one", "two"))])
    counts = [entry.passages and len(entry.passages.vectors) for entry in entries]
    assert counts == [2, 2, 2]
    assert await EmbedListings(WordEmbedder())([]) == []


async def test_suggest_completes_and_refuses_what_is_too_long() -> None:
    index = InProcessIndex()
    await IndexListings(index, WordEmbedder())(LISTINGS)
    assert [suggestion.text for suggestion in await Suggest(index)("acm", ANYONE)] == ["acme/a", "acme/b"]
    with pytest.raises(InvalidSearch):
        await Suggest(index)("x" * 101, ANYONE)


async def test_a_repeated_query_asks_the_model_once() -> None:
    inner = WordEmbedder()
    cached = CachedEmbedder(inner, capacity=2)
    first = await cached.embed(["one", "two"])
    again = await cached.embed(["two", "one"])
    assert (first == again[::-1]).all()
    assert inner.asked == [["one", "two"]]
    await cached.embed(["three"])
    await cached.embed(["one", "two"])
    assert inner.asked == [["one", "two"], ["three"], ["two"]]
    assert (cached.hits, cached.misses) == (3, 4)
