"""The order of the hits and the reasons for it."""

from datetime import timedelta

from contract.listing_index.questions import direction, entry, found, hits, meaning, put
from fixtures.listing_documents import MOMENT, listing

from discovery.indexing.document import Pricing, PricingModel, Rating, State
from discovery.indexing.ports import IndexEntry, Passages
from discovery.indexing.rules import ANYONE
from discovery.search.ports import ListingIndex
from discovery.search.request import SearchRequest, Sort


async def test_meaning_finds_without_a_word_in_common(index: ListingIndex) -> None:
    await index.put([entry(listing("near"), direction(1, 0.2)), entry(listing("far"), direction(0, 0, 1))])
    assert await found(index, "volcano", meaning=meaning(1)) == ["near"]


async def test_the_best_passage_counts(index: ListingIndex) -> None:
    await index.put(
        [
            entry(listing("mixed"), direction(0, 0, 1), direction(1)),
            entry(listing("middling"), direction(1, 1), direction(1, 1)),
        ]
    )
    assert await found(index, "volcano", meaning=meaning(1)) == ["mixed", "middling"]


async def test_words_and_meaning_together_beat_either(index: ListingIndex) -> None:
    await index.put(
        [
            entry(listing("both", description="invoice reader"), direction(1)),
            entry(listing("words", description="invoice reader"), direction(0, 1)),
            entry(listing("meaning", description="other"), direction(1)),
        ]
    )
    assert await found(index, "invoice reader", meaning=meaning(1)) == ["both", "meaning", "words"]


async def test_a_listing_without_vectors_is_still_found_by_words(index: ListingIndex) -> None:
    await index.put([entry(listing("new", description="invoice reader"))])
    await index.put([entry(listing("old", description="else"), direction(1))])
    assert set(await found(index, "invoice", meaning=meaning(1))) == {"new", "old"}


async def test_vectors_of_another_model_are_never_compared(index: ListingIndex) -> None:
    await index.put([IndexEntry(listing("a"), Passages("another-model", direction(1)[None]))])
    assert await found(index, "volcano", meaning=meaning(1)) == []


async def test_a_rare_word_counts_more_than_a_frequent_one(index: ListingIndex) -> None:
    plain = [listing(f"plain{number}", description="model for chat") for number in range(5)]
    await put(index, *plain, listing("rare", description="model for geology"))
    assert (await found(index, "geology model"))[0] == "rare"


async def test_names_are_found_with_and_without_their_dashes(index: ListingIndex) -> None:
    await put(index, listing("a", name="acme/gpt-4o"), listing("b", name="acme/llama-3"))
    assert await found(index, "gpt4o") == ["a"]
    assert (await found(index, "GPT-4o"))[0] == "a"


async def test_deprecated_listings_rank_lower(index: ListingIndex) -> None:
    await put(index, listing("a", description="chat", state=State.DEPRECATED), listing("b", description="chat"))
    assert await found(index, "chat") == ["b", "a"]


async def test_the_popular_one_comes_first_among_equals(index: ListingIndex) -> None:
    await put(index, listing("a", description="chat"), listing("b", description="chat", popularity=500))
    assert await found(index, "chat") == ["b", "a"]


async def test_a_wish_lifts_those_that_fulfil_it_and_says_so(index: ListingIndex) -> None:
    cheap = Pricing(PricingModel.USAGE, 50_000_000, 100_000_000)
    dear = Pricing(PricingModel.USAGE, 9_000_000_000, 30_000_000_000)
    await put(index, listing("a", description="chat", pricing=dear), listing("b", description="chat", pricing=cheap))
    first, second = await hits(index, "cheap chat")
    assert first.document.id == "b"
    assert "you asked for: low price" in [reason.text for reason in first.reasons]
    assert not [reason for reason in second.reasons if reason.kind == "intent"]


async def test_each_hit_says_which_word_was_found_where(index: ListingIndex) -> None:
    await index.put([entry(listing("a", title="Invoice reader", description="Reads invoices"), direction(1))])
    (hit,) = await hits(index, "invoices", meaning=meaning(1))
    reasons = {reason.kind: reason for reason in hit.reasons}
    assert reasons["words"].text == '"invoices" in title, description'
    assert reasons["meaning"].score == 1
    assert hit.score > 0


async def test_sorting_by_something_else(index: ListingIndex) -> None:
    await put(
        index,
        listing("a", popularity=1, rating=Rating(4.5, 2), updated_at=MOMENT),
        listing("b", popularity=5, pricing=Pricing(PricingModel.USAGE, 10, 10), updated_at=MOMENT + timedelta(days=1)),
        listing("c", popularity=3, rating=Rating(2.0, 9), pricing=Pricing(PricingModel.FREE, 0, 0)),
    )
    assert await found(index, sort=Sort.POPULARITY) == ["b", "c", "a"]
    assert await found(index, sort=Sort.RATING) == ["a", "c", "b"]
    assert (await found(index, sort=Sort.NEWEST))[0] == "b"
    assert await found(index, sort=Sort.PRICE) == ["c", "b", "a"]


async def test_pages_together_are_the_whole_without_gap_or_repetition(index: ListingIndex) -> None:
    await put(index, *(listing(f"l{number:02}", description="chat", popularity=number // 4) for number in range(23)))
    whole = await found(index, "chat", limit=100)
    paged: list[str] = []
    after = None
    for _ in range(10):
        reply = await index.search(SearchRequest("chat", limit=5, after=after), ANYONE)
        assert reply.total == 23
        paged += [hit.document.id for hit in reply.hits]
        after = reply.next
        if after is None:
            break
    assert paged == whole
    assert len(set(paged)) == 23
