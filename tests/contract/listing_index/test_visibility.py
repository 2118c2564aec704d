"""Nobody ever finds what he may not see, whatever he asks and however."""

import asyncio

from contract.listing_index.adapters import Open
from contract.listing_index.questions import found, put
from fixtures.listing_documents import listing
from hypothesis import given, settings
from hypothesis import strategies as st

from discovery.indexing.document import ListingDocument, State, Visibility
from discovery.indexing.rules import ANYONE, Viewer, may_see
from discovery.search.ports import ListingIndex
from discovery.search.request import Facet, SearchRequest

INSIDER = Viewer(signed_in=True, team_ids=frozenset({"acme"}))
OUTSIDER = Viewer(signed_in=True, team_ids=frozenset({"other"}))


def three() -> tuple[ListingDocument, ...]:
    return tuple(listing(level.value, visibility=level, tags=(f"tag-{level}",)) for level in Visibility)


async def test_each_viewer_finds_what_it_may_see(index: ListingIndex) -> None:
    await put(index, *three())
    assert await found(index, viewer=INSIDER) == ["private", "public", "workspace"]
    assert await found(index, viewer=OUTSIDER) == ["public", "workspace"]
    assert await found(index) == ["public"]


async def test_a_team_named_without_signing_in_opens_nothing(index: ListingIndex) -> None:
    await put(index, *three())
    assert await found(index, viewer=Viewer(signed_in=False, team_ids=frozenset({"acme"}))) == ["public"]


async def test_get_hides_what_search_hides(index: ListingIndex) -> None:
    await put(index, *three())
    assert await index.get("private", OUTSIDER) is None
    assert await index.get("workspace", ANYONE) is None
    seen = await index.get("private", INSIDER)
    assert seen is not None
    assert seen.id == "private"


async def test_many_are_got_at_once_and_the_hidden_left_out(index: ListingIndex) -> None:
    await put(index, *three(), listing("gone", state=State.RETIRED))
    names = ["public", "private", "nowhere", "gone", "workspace", "public"]
    assert set(await index.get_many(names, ANYONE)) == {"public"}
    assert set(await index.get_many(names, OUTSIDER)) == {"public", "workspace"}
    assert (await index.get_many(names, INSIDER))["private"] == await index.get("private", INSIDER)
    assert await index.get_many([], INSIDER) == {}


async def test_suggestions_and_facets_do_not_tell_either(index: ListingIndex) -> None:
    await put(index, *three())
    assert [s.text for s in await index.suggest("tag", OUTSIDER, 10)] == ["tag-public", "tag-workspace"]
    reply = await index.search(SearchRequest(facets=(Facet.TAGS,)), ANYONE)
    assert [count.value for count in reply.facets[Facet.TAGS]] == ["tag-public"]
    assert reply.total == 1


async def test_a_listing_made_private_is_gone_for_the_others(index: ListingIndex) -> None:
    await put(index, listing("a"))
    await put(index, listing("a", revision=2, visibility=Visibility.PRIVATE))
    assert await found(index) == []
    assert await found(index, viewer=INSIDER) == ["a"]


words = st.sampled_from(["chat", "image", "secret", "cheap", "acme", "long context"])
documents = st.lists(
    st.builds(
        listing,
        st.sampled_from([f"l{number}" for number in range(8)]),
        revision=st.integers(1, 4),
        team_id=st.sampled_from(["acme", "beta", "gamma"]),
        visibility=st.sampled_from(list(Visibility)),
        state=st.sampled_from(list(State)),
        description=words,
        tags=st.tuples(words),
    ),
    max_size=20,
)
viewers = st.builds(Viewer, st.booleans(), st.frozensets(st.sampled_from(["acme", "beta", "gamma"])))


@settings(max_examples=100, deadline=None)
@given(put_in_order=documents, viewer=viewers, query=st.one_of(st.just(""), words))
def test_nobody_ever_finds_what_he_may_not_see(
    open_index: Open, put_in_order: list[ListingDocument], viewer: Viewer, query: str
) -> None:
    asyncio.run(look_everywhere(open_index, put_in_order, viewer, query))


async def look_everywhere(open_index: Open, put_in_order: list[ListingDocument], viewer: Viewer, query: str) -> None:
    async with open_index() as index:
        for document in put_in_order:
            await put(index, document)
        reply = await index.search(SearchRequest(query, limit=100, facets=(Facet.TAGS,)), viewer)
        assert all(may_see(viewer, hit.document) for hit in reply.hits)
        assert reply.total == len(reply.hits)
        assert all(count.count <= reply.total for count in reply.facets[Facet.TAGS])
        for hit in reply.hits:
            assert await index.get(hit.document.id, viewer) == hit.document
        everything = await index.search(SearchRequest(limit=100), viewer)
        visible_tags = {tag for hit in everything.hits for tag in hit.document.tags}
        suggestions = await index.suggest("se", viewer, 50)
        assert {suggestion.text for suggestion in suggestions if suggestion.kind == "tag"} <= visible_tags
