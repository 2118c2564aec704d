"""FindTrending, FindSimilar, RateListing and RecordInteractions with fakes, and the rules below them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from fakes.embedder import WordEmbedder
from fixtures.listing_documents import listing

from chassis.identity.principal import Principal
from discovery.indexing.document import ListingDocument, Rating, State, Visibility
from discovery.indexing.errors import ListingNotFound
from discovery.indexing.ports import IndexEntry
from discovery.indexing.rules import ANYONE, Viewer
from discovery.interactions.actions import RecordInteractions
from discovery.interactions.ports import Look
from discovery.ratings.actions import RateListing
from discovery.ratings.ports import Opinion
from discovery.recommendations.actions import FindSimilar
from discovery.recommendations.rules import likeness_query, shared_part
from discovery.search.actions import Search
from discovery.search.in_process_index import InProcessIndex
from discovery.search.request import MAX_QUERY_LENGTH
from discovery.trending.actions import FindTrending
from discovery.trending.ports import RecentUse
from discovery.trending.remembered_use import RememberedUse
from discovery.trending.rules import HALF_LIFE, Use, Window, by_hour, by_listing, remaining

NOW = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
OLD = NOW - timedelta(days=90)
CALLER = Principal("acc_1", frozenset(), "tea_1", "red", "member", 1, NOW)
SIGNED_IN = Viewer(signed_in=True, team_ids=frozenset({"tea_1"}))


class StillClock:
    def now(self) -> datetime:
        return NOW


class FixedUse:
    def __init__(self, *uses: RecentUse) -> None:
        self.uses = uses
        self.asked = 0

    async def busiest(self, window: Window, viewer: Viewer, now: datetime) -> Sequence[RecentUse]:
        self.asked += 1
        return self.uses


class FakeBook:
    def __init__(self) -> None:
        self.opinions: list[Opinion] = []

    async def rate(self, opinion: Opinion) -> Rating:
        self.opinions.append(opinion)
        return Rating(float(opinion.stars), 1)


class FakeDiary:
    def __init__(self) -> None:
        self.looks: list[Look] = []

    async def note(self, looker: Principal, looks: Sequence[Look], now: datetime) -> int:
        self.looks.extend(looks)
        return len(looks)


async def index_of(*documents: ListingDocument) -> InProcessIndex:
    index = InProcessIndex()
    await index.put([IndexEntry(document) for document in documents])
    return index


async def trending(index: InProcessIndex, *uses: RecentUse, category: str | None = None) -> list[str]:
    found = await FindTrending(FixedUse(*uses), index, StillClock())(Window.WEEK, category, ANYONE, 10)
    return [one.document.id for one in found]


async def test_the_most_used_come_first_and_hidden_ones_not_at_all() -> None:
    hidden = listing("hidden", visibility=Visibility.PRIVATE, updated_at=OLD)
    index = await index_of(listing("a", updated_at=OLD), listing("b", updated_at=OLD), hidden)
    uses = [RecentUse("hidden", 9, 9), RecentUse("b", 5, 8), RecentUse("a", 3, 30), RecentUse("gone", 2, 2)]
    assert await trending(index, *uses) == ["b", "a"]


async def test_a_newcomer_that_can_be_called_gets_a_start_of_one_call() -> None:
    described = listing("described", updated_at=NOW, state=State.CATALOGUE_ONLY)
    index = await index_of(listing("new", updated_at=NOW), listing("old", updated_at=OLD), described)
    assert await trending(index, RecentUse("old", 0.9, 1)) == ["new", "old"]
    assert await trending(index, RecentUse("old", 1.1, 2)) == ["old", "new"]


async def test_trending_keeps_to_the_category() -> None:
    index = await index_of(listing("a", category="Chat", updated_at=OLD), listing("b", updated_at=OLD))
    assert await trending(index, RecentUse("a", 1, 1), RecentUse("b", 2, 2), category="chat") == ["a"]


async def test_use_is_asked_for_again_only_after_a_while() -> None:
    inner = FixedUse(RecentUse("a", 1, 1))
    remembered = RememberedUse(inner, timedelta(seconds=10))
    for seconds in (0, 9, 10):
        await remembered.busiest(Window.DAY, ANYONE, NOW + timedelta(seconds=seconds))
    assert inner.asked == 2
    await remembered.busiest(Window.WEEK, ANYONE, NOW)
    assert inner.asked == 3


async def test_no_viewer_is_answered_with_what_is_remembered_for_another() -> None:
    inner = FixedUse(RecentUse("a", 1, 1))
    remembered = RememberedUse(inner, timedelta(seconds=10))
    for viewer in (ANYONE, SIGNED_IN, Viewer(True, frozenset({"tea_2"})), Viewer(True), ANYONE, SIGNED_IN):
        await remembered.busiest(Window.DAY, viewer, NOW)
    assert inner.asked == 4


class CountedIndex(InProcessIndex):
    questions = 0

    async def get(self, listing_id: str, viewer: Viewer) -> ListingDocument | None:
        self.questions += 1
        return await super().get(listing_id, viewer)

    async def get_many(self, listing_ids: Sequence[str], viewer: Viewer) -> dict[str, ListingDocument]:
        self.questions += 1
        return await super().get_many(listing_ids, viewer)


async def test_hundreds_of_listings_are_one_question_to_the_index() -> None:
    index, diary = CountedIndex(), FakeDiary()
    await index.put([IndexEntry(listing(f"l{number}", updated_at=OLD)) for number in range(100)])
    uses = [RecentUse(f"l{number}", 9, 9) for number in range(100)]
    assert len(await trending(index, *uses)) == 10
    assert index.questions == 1
    looks = [Look("view", f"l{number}") for number in range(100)]
    assert await RecordInteractions(index, diary, StillClock())(CALLER, SIGNED_IN, looks) == 100
    assert index.questions == 2


def test_use_is_forgotten_by_halves_and_the_future_counts_as_now() -> None:
    assert remaining(HALF_LIFE, HALF_LIFE) == 0.5
    assert remaining(timedelta(hours=-1), HALF_LIFE) == 1.0
    assert remaining(Window.DAY.span, Window.DAY.half_life) == 1 / 16


def test_uses_are_summed_by_hour_and_by_listing_in_one_order() -> None:
    uses = [Use("b", NOW, 1.0), Use("a", NOW, 1.0), Use("b", NOW - timedelta(minutes=20), 0.1), Use("b", OLD, 1.0)]
    assert [(one.listing_id, round(one.weight, 3)) for one in by_hour(uses)] == [("a", 1.0), ("b", 1.0), ("b", 1.1)]
    popular = by_listing(uses)
    assert [one.listing_id for one in popular] == ["a", "b"]
    assert 1.099 < popular[1].score < 1.11


async def test_similar_listings_are_alike_in_meaning_and_abilities_and_never_the_same_one() -> None:
    index = await index_of(
        listing("painter", description="paints pictures", output_modalities=("image",)),
        listing("sketcher", description="paints pictures too", output_modalities=("image",)),
        listing("writer", description="paints pictures in words", output_modalities=("text",)),
        listing("hidden", description="paints pictures", visibility=Visibility.PRIVATE),
    )
    find = FindSimilar(index, Search(index, WordEmbedder()))
    assert [one.document.id for one in await find("painter", ANYONE, 5)] == ["sketcher", "writer"]
    assert [one.document.id for one in await find("painter", ANYONE, 1)] == ["sketcher"]
    with pytest.raises(ListingNotFound):
        await find("hidden", ANYONE, 5)


def test_a_listing_as_a_query_is_never_too_long_and_knows_shared_abilities() -> None:
    assert len(likeness_query(listing("a", title="t" * 2000, description="d" * 9000))) <= MAX_QUERY_LENGTH
    one, other = listing("a", capabilities=("tools",)), listing("b", capabilities=("tools", "vision"))
    assert (shared_part(one, other), shared_part(listing("a"), listing("b"))) == (0.5, 0.0)


async def test_a_rating_is_of_the_version_that_search_answers_with() -> None:
    book, index = FakeBook(), await index_of(listing("a", version_id="ver_2"))
    assert await RateListing(index, book, StillClock())("a", CALLER, SIGNED_IN, 4, "quick") == Rating(4.0, 1)
    assert [(one.version_id, one.account_id, one.team_id) for one in book.opinions] == [("ver_2", "acc_1", "tea_1")]


async def test_what_one_may_not_see_cannot_be_rated_or_looked_at() -> None:
    hidden = listing("hidden", visibility=Visibility.PRIVATE)
    book, diary, index = FakeBook(), FakeDiary(), await index_of(hidden)
    with pytest.raises(ListingNotFound):
        await RateListing(index, book, StillClock())("hidden", CALLER, SIGNED_IN, 4, "")
    looks = [Look("view", "hidden"), Look("view", "nowhere")]
    assert await RecordInteractions(index, diary, StillClock())(CALLER, SIGNED_IN, looks) == 0
    assert (book.opinions, diary.looks) == ([], [])


async def test_the_same_look_twice_in_a_batch_is_one() -> None:
    diary, index = FakeDiary(), await index_of(listing("a"))
    looks = [Look("view", "a"), Look("view", "a"), Look("click", "a")]
    assert await RecordInteractions(index, diary, StillClock())(CALLER, SIGNED_IN, looks) == 2
