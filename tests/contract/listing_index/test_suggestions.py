"""Completions of what a person types."""

import pytest
from contract.listing_index.adapters import Open
from contract.listing_index.questions import put
from fixtures.listing_documents import listing

from discovery.indexing.document import Visibility
from discovery.indexing.ports import Removal
from discovery.indexing.rules import ANYONE, Viewer
from discovery.search.ports import ListingIndex, Suggestion


async def suggested(index: ListingIndex, typed: str, limit: int = 10) -> list[str]:
    return [suggestion.text for suggestion in await index.suggest(typed, ANYONE, limit)]


@pytest.fixture
async def filled(index: ListingIndex) -> ListingIndex:
    await put(
        index,
        listing("1", name="anthropic/claude-opus", category="Chat", tags=("reasoning",)),
        listing("2", name="anthropic/claude-haiku", category="Chat", tags=("fast",)),
        listing("3", name="mistral/codestral", category="Code", tags=("code", "fast")),
    )
    return index


async def test_names_categories_and_tags_are_completed(filled: ListingIndex) -> None:
    assert await suggested(filled, "cla") == ["anthropic/claude-haiku", "anthropic/claude-opus"]
    assert await filled.suggest("cod", ANYONE, 10) == (
        Suggestion("mistral/codestral", "name", 1),
        Suggestion("Code", "category", 1),
        Suggestion("code", "tag", 1),
    )
    assert (await filled.suggest("fas", ANYONE, 10))[0].count == 2


@pytest.mark.parametrize("typed", ["anthopic", "antrhopic", "anthropoc", "nthropic", "anthr"])
async def test_typos_in_a_longer_word_are_forgiven(filled: ListingIndex, typed: str) -> None:
    assert "anthropic/claude-opus" in await suggested(filled, typed)


@pytest.mark.parametrize("typed", ["", "  ", "xyz", "cx", "volcano"])
async def test_nothing_near_gives_nothing(filled: ListingIndex, typed: str) -> None:
    assert await suggested(filled, typed) == []


async def test_a_second_word_narrows(filled: ListingIndex) -> None:
    assert await suggested(filled, "claude op") == ["anthropic/claude-opus"]
    assert await suggested(filled, "claude code") == []


async def test_the_limit_holds(filled: ListingIndex) -> None:
    assert len(await suggested(filled, "c", limit=2)) == 2


async def test_what_is_removed_is_no_longer_completed(filled: ListingIndex) -> None:
    await filled.remove([Removal("3", 1)])
    assert await suggested(filled, "codes") == []
    assert await suggested(filled, "fas") == ["fast"]


OPEN_LISTINGS = (
    listing("1", name="anthropic/claude-opus", category="Chat", tags=("qroject",)),
    listing("2", name="mistral/codestral", category="Code", tags=("fast",)),
)
# Words that complete what is typed, words as near as the open ones, and more of both than are looked at.
HIDDEN_LISTINGS = tuple(
    listing(f"hidden{number}", name=f"victim/{name}", visibility=Visibility.PRIVATE, team_id="victim", tags=tags)
    for number, (name, tags) in enumerate(
        [
            ("project-anthropc-claude", ("Chat", "mistrol")),
            ("many", tuple(f"ca{number:03}" for number in range(501))),
            ("near", tuple(f"anthro{letter}{other}c" for letter in "abcdefgh" for other in "abcdefgh")),
        ]
    )
)


@pytest.mark.parametrize(
    "typed",
    ["project", "anthropc", "anthrop", "c", "cha", "mistrol code", "project opus", "anthropc op", "victim"],
)
@pytest.mark.parametrize("viewer", [ANYONE, Viewer(signed_in=True, team_ids=frozenset({"acme"}))])
async def test_hidden_listings_change_no_completion(open_index: Open, typed: str, viewer: Viewer) -> None:
    async with open_index() as without, open_index() as with_hidden:
        await put(without, *OPEN_LISTINGS)
        await put(with_hidden, *HIDDEN_LISTINGS, *OPEN_LISTINGS)
        assert await with_hidden.suggest(typed, viewer, 20) == await without.suggest(typed, viewer, 20)
