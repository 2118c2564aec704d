"""Transitions of a listing: published, stopped, withdrawn, deprecated; each safe to do twice."""

from datetime import timedelta

import pytest
from fakes.publishing import START
from fixtures.publishing_actions import BLUE, RED, Bench, submission

from chassis.errors import ErrorKind
from publishing.lifecycle.actions import DeprecateListing, PublishVersion, StopVersion, WithdrawVersion
from publishing.lifecycle.errors import VersionStopped
from publishing.lifecycle.rules import stop_because
from publishing.listings.errors import ListingClosed, ListingNotFound, SuccessorRefused, SunsetRefused
from publishing.listings.rules import Deprecation, State

STOP = stop_because("testing", "endpoint_unreachable", "gone", ErrorKind.INVALID)
GAVE_UP = stop_because("indexing", "not_indexed_yet", "not yet", ErrorKind.UNAVAILABLE)
IN_A_YEAR = START + timedelta(days=365)


async def test_publishing_twice_gives_the_same_fact_once() -> None:
    bench = Bench()
    assert isinstance(bench.publish_version, PublishVersion)
    receipt = await bench.submitted()
    first = await bench.publish_version(receipt.run_id)
    assert await bench.publish_version(receipt.run_id) == first
    assert [name for name, _ in bench.listings.facts()] == ["ListingSubmitted", "ListingPublished"]


async def test_a_stopped_version_is_never_published() -> None:
    bench = Bench()
    assert isinstance(bench.stop_version, StopVersion)
    receipt = await bench.submitted()
    assert await bench.stop_version(receipt.run_id, STOP) is State.REJECTED
    assert await bench.stop_version(receipt.run_id, STOP) is State.REJECTED
    with pytest.raises(VersionStopped):
        await bench.publish_version(receipt.run_id)
    assert [name for name, _ in bench.listings.facts()] == ["ListingSubmitted", "ListingRejected"]


async def test_a_rejected_second_version_leaves_the_first_as_it_stands() -> None:
    bench = Bench()
    first = await bench.published()
    second = await bench.submit_version(RED, first.listing.listing_id, submission(version="2.0.0"), None)
    await bench.stop_version(second.run_id, STOP)
    name, fact = bench.listings.facts()[-1]
    assert (name, fact.listing.listing_version_id, fact.listing.state) == ("ListingRejected", first.run_id, "published")
    assert fact.rejected_version_id == second.run_id


async def test_a_withdrawn_first_version_leaves_nothing_to_call() -> None:
    bench = Bench()
    assert isinstance(bench.withdraw_version, WithdrawVersion)
    receipt = await bench.published()
    await bench.withdraw_version(receipt.run_id, GAVE_UP)
    await bench.withdraw_version(receipt.run_id, GAVE_UP)
    listing = bench.listings.tables.listings[receipt.listing.listing_id]
    assert (listing.state, listing.current_version_id) == (State.FAILED, None)
    name, fact = bench.listings.facts()[-1]
    assert (name, fact.withdrawn_version_id, fact.listing.state) == ("ListingRolledBack", receipt.run_id, "failed")


async def test_the_stop_of_a_withdrawn_version_is_told_once() -> None:
    bench = Bench()
    receipt = await bench.published()
    await bench.withdraw_version(receipt.run_id, GAVE_UP)
    cancelled = stop_because("", "run_cancelled", "The run was cancelled.", ErrorKind.CONFLICT)
    assert await bench.stop_version(receipt.run_id, cancelled) is State.FAILED
    assert await bench.stop_version(receipt.run_id, cancelled) is State.FAILED
    status = bench.listings.tables.versions[receipt.run_id].status
    assert (status.phase, status.code) == ("", "run_cancelled")
    assert [name for name, _ in bench.listings.facts()][2:] == ["ListingRolledBack", "ListingRejected"]


async def test_a_first_version_taken_back_under_the_next_leaves_it_to_be_published() -> None:
    bench = Bench()
    first = await bench.published()
    second = await bench.submit_version(RED, first.listing.listing_id, submission(version="1.1.0"), None)
    await bench.withdraw_version(first.run_id, GAVE_UP)
    await bench.stop_version(first.run_id, GAVE_UP)
    listing = bench.listings.tables.listings[first.listing.listing_id]
    assert (listing.state, listing.current_version_id) == (State.SUBMITTED, None)
    await bench.publish_version(second.run_id)
    listing = bench.listings.tables.listings[first.listing.listing_id]
    assert (listing.state, listing.current_version_id) == (State.PUBLISHED, second.run_id)


async def test_a_version_taken_back_after_the_next_was_published_changes_nothing_for_callers() -> None:
    bench = Bench()
    first = await bench.published()
    second = await bench.submit_version(RED, first.listing.listing_id, submission(version="1.1.0"), None)
    await bench.publish_version(second.run_id)
    third = await bench.submit_version(RED, first.listing.listing_id, submission(version="1.2.0"), None)
    await bench.publish_version(third.run_id)
    await bench.withdraw_version(second.run_id, GAVE_UP)
    _, fact = bench.listings.facts()[-1]
    assert (fact.listing.listing_version_id, fact.withdrawn_version_id) == (third.run_id, second.run_id)
    await bench.withdraw_version(third.run_id, GAVE_UP)
    assert bench.listings.tables.listings[first.listing.listing_id].current_version_id == first.run_id


async def test_a_deprecated_listing_whose_only_version_is_taken_back_is_retired() -> None:
    bench = Bench()
    receipt = await bench.published()
    await bench.deprecate_listing(RED, receipt.listing.listing_id, Deprecation("x", None, ""))
    await bench.withdraw_version(receipt.run_id, GAVE_UP)
    await bench.stop_version(receipt.run_id, GAVE_UP)
    listing = bench.listings.tables.listings[receipt.listing.listing_id]
    assert (listing.state, listing.current_version_id) == (State.RETIRED, None)


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (ErrorKind.INVALID, State.REJECTED),
        (ErrorKind.CONFLICT, State.REJECTED),
        (ErrorKind.UNAVAILABLE, State.FAILED),
        (ErrorKind.TIMED_OUT, State.FAILED),
        (ErrorKind.INTERNAL, State.FAILED),
    ],
)
def test_what_is_not_the_versions_fault_is_a_failure(kind: ErrorKind, state: State) -> None:
    assert stop_because("indexing", "x", "y", kind).state is state


async def test_a_deprecation_is_told_once_and_keeps_its_first_time() -> None:
    bench = Bench()
    assert isinstance(bench.deprecate_listing, DeprecateListing)
    receipt = await bench.published()
    successor = await bench.published(name="better")
    wanted = Deprecation("A better one is there.", IN_A_YEAR, successor.listing.full_name)
    listing = await bench.deprecate_listing(RED, receipt.listing.listing_id, wanted)
    again = await bench.deprecate_listing(RED, receipt.listing.listing_id, wanted)
    assert again == listing
    later = Deprecation("Postponed.", IN_A_YEAR + timedelta(days=1), "")
    postponed = await bench.deprecate_listing(RED, receipt.listing.listing_id, later)
    assert (postponed.deprecated_at, postponed.sunset_at) == (listing.deprecated_at, later.sunset_at)
    facts = [fact for name, fact in bench.listings.facts() if name == "ListingDeprecated"]
    assert [fact.listing.deprecation_reason for fact in facts] == ["A better one is there.", "Postponed."]
    assert bench.listings.tables.versions[receipt.run_id].status.state is State.DEPRECATED


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (Deprecation("x", START - timedelta(days=1), ""), SunsetRefused),
        (Deprecation("x", IN_A_YEAR.replace(tzinfo=None), ""), SunsetRefused),
        (Deprecation("x", None, "red/nothing"), SuccessorRefused),
        (Deprecation("x", None, "itself"), SuccessorRefused),
    ],
)
async def test_a_deprecation_that_would_mislead_callers_is_refused(wanted: Deprecation, error: type[Exception]) -> None:
    bench = Bench()
    receipt = await bench.published()
    listing_id = receipt.listing.listing_id
    chosen = Deprecation(wanted.reason, wanted.sunset_at, wanted.successor.replace("itself", listing_id))
    with pytest.raises(error):
        await bench.deprecate_listing(RED, listing_id, chosen)


async def test_only_the_own_team_deprecates_what_is_published() -> None:
    bench = Bench()
    waiting = await bench.submitted()
    published = await bench.published(name="other")
    with pytest.raises(ListingClosed):
        await bench.deprecate_listing(RED, waiting.listing.listing_id, Deprecation("x", None, ""))
    with pytest.raises(ListingNotFound):
        await bench.deprecate_listing(BLUE, published.listing.listing_id, Deprecation("x", None, ""))


async def test_a_version_that_waited_while_its_listing_was_deprecated_is_not_published() -> None:
    bench = Bench()
    first = await bench.published()
    second = await bench.submit_version(RED, first.listing.listing_id, submission(version="2.0.0"), None)
    wanted = Deprecation("A better one is there.", IN_A_YEAR, "")
    deprecated = await bench.deprecate_listing(RED, first.listing.listing_id, wanted)
    with pytest.raises(VersionStopped, match="deprecated"):
        await bench.publish_version(second.run_id)
    assert bench.listings.tables.listings[first.listing.listing_id] == deprecated
    assert await bench.publish_version(first.run_id)
