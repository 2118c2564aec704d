"""The way of a call: who may see which listing, in which version, with which credential."""

import pytest
from fakes.publishing import in_state
from fixtures.publishing_actions import RED, Bench, content, submission

from publishing.listings.errors import ListingNotCallable, ListingNotFound
from publishing.listings.rules import State
from publishing.routes.actions import CallableListings, ListRoutes, ReadListing, ResolveRoute


def resolve(bench: Bench) -> ResolveRoute:
    return ResolveRoute(bench.routes, bench.seal)


async def test_a_listing_is_resolved_by_id_and_by_name_with_its_credential() -> None:
    bench = Bench()
    receipt = await bench.published()
    for wanted in (receipt.listing.listing_id, "red/echo", "red/echo@1.0.0"):
        found = await resolve(bench)(wanted, "", "tea_blue")
        assert found.version.version_id == receipt.run_id
        assert found.credential is not None
        assert found.credential.get_secret_value() == "vendor-secret"


@pytest.mark.parametrize(
    ("visibility", "team", "seen"),
    [
        ("private", "tea_red", True),
        ("private", "tea_blue", False),
        ("private", "", False),
        ("workspace", "tea_blue", True),
        ("workspace", "", False),
        ("public", "", True),
    ],
)
async def test_visibility_decides_who_resolves_and_lists(visibility: str, team: str, seen: bool) -> None:
    bench = Bench()
    await bench.published(content=content(visibility=visibility))
    listed = await ListRoutes(bench.routes)(team, "", 0)
    assert bool(listed) is seen
    assert all(route.credential is None for route in listed)
    if seen:
        await resolve(bench)("red/echo", "", team)
    else:
        with pytest.raises(ListingNotFound):
            await resolve(bench)("red/echo", "", team)


@pytest.mark.parametrize("state", [State.SUBMITTED, State.REJECTED, State.FAILED, State.RETIRED, State.CATALOGUE_ONLY])
async def test_only_published_and_deprecated_listings_are_called(state: State) -> None:
    bench = Bench()
    receipt = await bench.published()
    in_state(bench.listings, receipt.listing.listing_id, State.DEPRECATED)
    await resolve(bench)("red/echo", "", "tea_red")
    in_state(bench.listings, receipt.listing.listing_id, state)
    with pytest.raises(ListingNotFound):
        await resolve(bench)("red/echo", "", "tea_red")
    assert (await ReadListing(bench.routes)(receipt.listing.listing_id)).listing.state is state


async def test_a_catalogue_entry_says_so_to_those_who_may_see_it_and_to_nobody_else() -> None:
    bench = Bench()
    receipt = await bench.published(content=content(visibility="private"))
    in_state(bench.listings, receipt.listing.listing_id, State.CATALOGUE_ONLY)
    with pytest.raises(ListingNotCallable):
        await resolve(bench)("red/echo", "", "tea_red")
    with pytest.raises(ListingNotFound) as hidden:
        await resolve(bench)("red/echo", "", "tea_blue")
    assert hidden.value.code == "listing_not_found"


async def test_an_older_published_version_can_still_be_called_and_a_waiting_one_cannot() -> None:
    bench = Bench()
    first = await bench.published()
    second = await bench.submit_version(RED, first.listing.listing_id, submission(version="2.0.0"), None)
    assert (await resolve(bench)("red/echo", "", "tea_red")).version.version_id == first.run_id
    with pytest.raises(ListingNotFound):
        await resolve(bench)("red/echo", "2.0.0", "tea_red")
    await bench.publish_version(second.run_id)
    assert (await resolve(bench)("red/echo", "", "tea_red")).version.version_id == second.run_id
    assert (await resolve(bench)("red/echo", "1.0.0", "tea_red")).version.version_id == first.run_id


async def test_an_older_version_is_called_by_those_alone_for_whom_it_was_published() -> None:
    bench = Bench()
    first = await bench.published(content=content(visibility="private"))
    opened = submission(version="2.0.0", content=content(visibility="public"))
    second = await bench.submit_version(RED, first.listing.listing_id, opened, None)
    await bench.publish_version(second.run_id)
    assert (await resolve(bench)("red/echo@1.0.0", "", "tea_red")).version.version_id == first.run_id
    for team in ("tea_blue", ""):
        assert (await resolve(bench)("red/echo", "", team)).version.version_id == second.run_id
        for wanted, version in (("red/echo@1.0.0", ""), ("red/echo", "1.0.0"), (first.listing.listing_id, "1.0.0")):
            with pytest.raises(ListingNotFound):
                await resolve(bench)(wanted, version, team)
    assert not await CallableListings(bench.routes).is_callable("red/echo@1.0.0", "tea_blue")


async def test_an_unknown_listing_is_not_found() -> None:
    bench = Bench()
    for wanted in ("", "lst_0", "red/echo", "@", "/"):
        with pytest.raises(ListingNotFound):
            await resolve(bench)(wanted, "", "tea_red")
    with pytest.raises(ListingNotFound):
        await ReadListing(bench.routes)("lst_0")


async def test_lists_go_on_after_a_name() -> None:
    bench = Bench()
    for name in ("c", "a", "b"):
        await bench.published(name=name)
    first = await ListRoutes(bench.routes)("tea_red", "", 2)
    rest = await ListRoutes(bench.routes)("tea_red", first[-1].listing.full_name, 2)
    assert [route.listing.name for route in (*first, *rest)] == ["a", "b", "c"]
