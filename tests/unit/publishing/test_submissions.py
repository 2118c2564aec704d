"""Submitting listings and versions, and what is refused with nothing written."""

from dataclasses import replace

import pytest
from fakes.publishing import in_state
from fixtures.publishing_actions import BLUE, RED, Bench, content, submission
from pydantic import SecretStr

from publishing.listings.actions import SubmitListing, SubmitVersion, endpoint_host
from publishing.listings.errors import (
    EndpointRefused,
    ListingChanged,
    ListingClosed,
    ListingNotFound,
    NameTaken,
    VersionInPipeline,
)
from publishing.listings.rules import State
from publishing.listings.semantic_version import VersionRefused
from publishing.listings.version_content import Endpoint, Prices
from publishing.pipeline.publication_phases import PHASE_NAMES


async def test_a_submission_writes_version_phases_credential_and_fact_together() -> None:
    bench = Bench()
    assert isinstance(bench.submit_listing, SubmitListing)
    receipt = await bench.submitted()
    tables = bench.listings.tables
    assert tables.runs == {receipt.run_id: list(PHASE_NAMES)}
    assert b"vendor-secret" not in tables.credentials[receipt.run_id]
    (name, fact), *rest = bench.listings.facts()
    assert (name, fact.run_id, rest) == ("ListingSubmitted", receipt.run_id, [])
    assert (fact.listing.state, fact.listing.provider, fact.listing.revision) == ("submitted", "red", 1)
    assert b"vendor-secret" not in tables.events[0].data


@pytest.mark.parametrize("cached", [None, 0, 75_000_000])
async def test_the_fact_tells_the_stated_prices_and_none_that_was_not(cached: int | None) -> None:
    bench = Bench()
    await bench.submitted(content=content(prices=Prices("usage", 150_000_000, None, cached)))
    [(_, fact)] = bench.listings.facts()
    pricing = fact.listing.pricing
    assert (pricing.input_nanodollars_per_million, pricing.HasField("output_nanodollars_per_million")) == (
        *(150_000_000, False),
    )
    assert pricing.HasField("cached_input_nanodollars_per_million") is (cached is not None)
    assert pricing.cached_input_nanodollars_per_million == (cached or 0)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"version": "1"}, VersionRefused),
        ({"content": content(endpoint=Endpoint("http://10.0.0.1/v1", "openai", "m", "bearer"))}, EndpointRefused),
        ({"content": content(endpoint=Endpoint("http://169.254.169.254/", "openai", "m", "none"))}, EndpointRefused),
        ({"content": content(endpoint=Endpoint("http://vendor.com/v1", "openai", "m", "bearer"))}, EndpointRefused),
        ({"content": content(endpoint=Endpoint("https://vendor.com/v1", "openai", "m", ""))}, EndpointRefused),
        ({"content": content(endpoint=None)}, EndpointRefused),
    ],
)
async def test_what_could_never_be_published_is_refused_at_once(changes, error) -> None:
    bench = Bench()
    with pytest.raises(error):
        await bench.submitted(**changes)
    assert not bench.listings.tables.events


async def test_a_name_is_taken_once_in_a_team_and_again_in_another() -> None:
    bench = Bench()
    await bench.submitted()
    with pytest.raises(NameTaken):
        await bench.submitted(version="2.0.0")
    await bench.submit_listing(BLUE, submission())


async def test_a_new_version_must_be_greater_and_alone_and_the_teams_own() -> None:
    bench = Bench()
    assert isinstance(bench.submit_version, SubmitVersion)
    receipt = await bench.submitted()
    listing_id = receipt.listing.listing_id
    with pytest.raises(VersionInPipeline):
        await bench.submit_version(RED, listing_id, submission(version="2.0.0"), None)
    await bench.publish_version(receipt.run_id)
    with pytest.raises(VersionRefused):
        await bench.submit_version(RED, listing_id, submission(version="1.0.0"), None)
    with pytest.raises(ListingNotFound):
        await bench.submit_version(BLUE, listing_id, submission(version="2.0.0"), None)
    with pytest.raises(ListingChanged):
        await bench.submit_version(RED, listing_id, submission(version="2.0.0"), 1)
    with pytest.raises(ListingChanged):
        await bench.submit_version(RED, listing_id, submission(version="2.0.0", name="other"), None)
    second = await bench.submit_version(RED, listing_id, submission(version="2.0.0", name=""), 2)
    listing = bench.listings.tables.listings[listing_id]
    assert (listing.state, listing.current_version_id, listing.revision) == (State.PUBLISHED, receipt.run_id, 3)
    assert second.version.base_version_id == receipt.run_id
    name, fact = bench.listings.facts()[-1]
    assert (name, fact.run_id) == ("ListingSubmitted", second.run_id)
    assert (fact.listing.state, fact.listing.listing_version_id) == ("published", receipt.run_id)


async def test_what_a_version_leaves_out_is_called_as_the_listing_is() -> None:
    bench = Bench()
    unnamed = content(title="", endpoint=Endpoint("http://127.0.0.1:3010/v1", "openai", "", "bearer"))
    first = await bench.published(name="red/echo", content=unnamed)
    listing_id = first.listing.listing_id
    again = submission(name="", version="2.0.0", content=unnamed)
    second = await bench.submit_version(RED, listing_id, again, None)
    for version in (first.version, second.version):
        assert version.content.endpoint is not None
        assert (version.content.title, version.content.endpoint.model) == ("echo", "echo")


@pytest.mark.parametrize("state", [State.DEPRECATED, State.RETIRED, State.CATALOGUE_ONLY])
async def test_a_closed_listing_takes_no_version(state: State) -> None:
    bench = Bench()
    receipt = await bench.published()
    in_state(bench.listings, receipt.listing.listing_id, state)
    with pytest.raises(ListingClosed):
        await bench.submit_version(RED, receipt.listing.listing_id, submission(version="2.0.0"), None)


async def test_a_credential_goes_on_to_the_same_host_and_to_no_other() -> None:
    bench = Bench()
    receipt = await bench.published()
    same = await bench.submit_version(
        RED, receipt.listing.listing_id, submission(version="1.1.0", credential=None), None
    )
    host = endpoint_host(content().endpoint or Endpoint("", "", "", ""))
    sealed = bench.listings.tables.credentials[same.run_id]
    assert bench.seal.open(sealed, same.run_id, host).get_secret_value() == "vendor-secret"
    await bench.publish_version(same.run_id)
    elsewhere = content(endpoint=Endpoint("https://vendor.com/v1", "openai", "m", "bearer"))
    other = await bench.submit_version(
        RED,
        receipt.listing.listing_id,
        submission(version="1.2.0", credential=None, content=elsewhere),
        None,
    )
    assert other.run_id not in bench.listings.tables.credentials


async def test_a_given_credential_replaces_the_inherited_one() -> None:
    bench = Bench()
    receipt = await bench.published()
    fresh = replace(submission(version="1.1.0"), credential=SecretStr("fresh"))
    second = await bench.submit_version(RED, receipt.listing.listing_id, fresh, None)
    sealed = bench.listings.tables.credentials[second.run_id]
    assert bench.seal.open(sealed, second.run_id, "127.0.0.1:3010").get_secret_value() == "fresh"
