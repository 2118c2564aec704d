"""What goes in is found, what goes out is not, and the newest revision wins."""

import pytest
from contract.listing_index.questions import direction, entry, found, meaning, put
from fixtures.listing_documents import listing

from discovery.indexing.document import State
from discovery.indexing.errors import PassagesDoNotFit
from discovery.indexing.ports import Removal, Standing
from discovery.indexing.rules import ANYONE
from discovery.search.ports import ListingIndex


async def test_a_listing_is_found_as_soon_as_it_is_put(index: ListingIndex) -> None:
    await put(index, listing("a", description="translates letters"))
    assert await found(index, "letter translation") == ["a"]
    assert await index.size() == 1
    assert await index.revision_of("a") == 1


async def test_an_unrelated_word_finds_nothing(index: ListingIndex) -> None:
    await put(index, listing("a", description="translates letters"))
    assert await found(index, "volcano") == []


async def test_a_newer_revision_replaces_the_older(index: ListingIndex) -> None:
    await put(index, listing("a", description="translates letters"))
    assert await put(index, listing("a", revision=2, description="paints pictures")) == ()
    assert await found(index, "letters") == []
    assert await found(index, "pictures") == ["a"]
    assert await index.size() == 1


async def test_an_older_revision_is_refused_by_name(index: ListingIndex) -> None:
    await put(index, listing("a", revision=2, description="paints pictures"))
    assert await put(index, listing("a", revision=1, description="translates letters")) == ("a",)
    assert await found(index, "pictures") == ["a"]
    assert await index.revision_of("a") == 2


async def test_a_removed_listing_is_never_found_again_by_a_late_put(index: ListingIndex) -> None:
    await put(index, listing("a", revision=3))
    await index.remove([Removal("a", 3)])
    assert await put(index, listing("a", revision=3)) == ("a",)
    assert await found(index) == []
    assert await index.revision_of("a") is None


async def test_a_removal_that_comes_before_its_put_still_holds(index: ListingIndex) -> None:
    await index.remove([Removal("a", 2)])
    assert await put(index, listing("a", revision=1)) == ("a",)
    assert await put(index, listing("a", revision=3)) == ()
    assert await found(index) == ["a"]


async def test_a_removal_of_an_older_revision_is_left_aside(index: ListingIndex) -> None:
    await put(index, listing("a", revision=3))
    await index.remove([Removal("a", 2), Removal("unknown", 1)])
    assert await found(index) == ["a"]


async def test_retired_listings_are_never_found(index: ListingIndex) -> None:
    await put(index, listing("a"), listing("b"))
    await put(index, listing("a", revision=2, state=State.RETIRED))
    assert await found(index) == ["b"]
    assert await index.get("a", ANYONE) is None
    assert await put(index, listing("a", revision=1)) == ("a",)


async def test_a_change_that_leaves_the_texts_alone_keeps_the_vectors(index: ListingIndex) -> None:
    await index.put([entry(listing("a", description="one"), direction(1))])
    await put(index, listing("a", revision=2, description="one", popularity=7))
    assert await found(index, "anything", meaning=meaning(1)) == ["a"]
    await put(index, listing("a", revision=3, description="another"))
    assert await found(index, "anything", meaning=meaning(1)) == []


async def test_vectors_of_another_length_are_refused_and_change_nothing(index: ListingIndex) -> None:
    await index.put([entry(listing("a"), direction(1))])
    with pytest.raises(PassagesDoNotFit):
        await index.put([entry(listing("b"), direction(1)[:2])])
    assert await found(index) == ["a"]


async def test_hundreds_of_changes_of_one_listing_leave_one(index: ListingIndex) -> None:
    await index.put([entry(listing("still", description="quiet lake"), direction(0, 1))])
    for revision in range(1, 400):
        await index.put([entry(listing("busy", revision=revision, description=f"word{revision}"), direction(1))])
    assert await index.size() == 2
    assert await found(index, "word399") == ["busy"]
    assert await found(index, "word398") == []
    assert await found(index, "lake") == ["still"]
    assert await found(index, "zzz", meaning=meaning(0, 1)) == ["still"]


async def test_the_standing_is_what_search_answers_with(index: ListingIndex) -> None:
    assert await index.standing_of("a") is None
    await put(index, listing("a", revision=2, version_id="ver_2", state=State.DEPRECATED))
    assert await index.standing_of("a") == Standing("ver_2", 2, State.DEPRECATED)
    await index.remove([Removal("a", 3)])
    assert await index.standing_of("a") is None
