"""What publishing tells of a listing, read as what search looks at, and shown as answers show it."""

import pytest

from discovery.indexing.document import PricingModel, Rating, State, Visibility
from discovery.indexing.rules import passages_digest
from discovery.indexing.snapshots import document_of, is_findable
from discovery.search.cards import LONGEST_SUMMARY, ListingCard, summary_of
from discovery.search.filters_openapi import FILTERS_SCHEMA
from discovery.search.filters_parsing import filters_from
from discovery.search.money import dollars_of
from discovery.viewers import viewer_of
from marketplace.events.v1.listing_pb2 import ListingSnapshot, Pricing

SNAPSHOT = ListingSnapshot(listing_id="lst_1", team_slug="red", name="chat", visibility="public", state="published")


def changed(**fields: object) -> ListingSnapshot:
    made = ListingSnapshot()
    made.CopyFrom(SNAPSHOT)
    made.MergeFrom(ListingSnapshot(**fields))  # type: ignore[arg-type]
    return made


def test_what_is_left_out_is_unknown_and_never_zero() -> None:
    document = document_of(SNAPSHOT, 0.0, Rating())
    assert (document.name, document.title) == ("red/chat", "chat")
    assert (document.context_length, document.pricing.input_price, document.sla.uptime_percent) == (None, None, None)
    card = ListingCard.of(document)
    assert (card.pricing.input, card.pricing.model, card.rating.average) == (None, "unknown", None)
    assert card.pricing.cached_input is None


def test_prices_are_shown_exactly() -> None:
    pricing = Pricing(
        model="usage",
        input_nanodollars_per_million=0,
        output_nanodollars_per_million=1,
        cached_input_nanodollars_per_million=75_000_000,
    )
    priced = changed(pricing=pricing)
    document = document_of(priced, 0.0, Rating())
    assert document.pricing.model is PricingModel.USAGE
    card = ListingCard.of(document)
    assert (card.pricing.input, card.pricing.output) == ("0", "0.000000001")
    assert card.pricing.cached_input == "0.075"
    assert dollars_of(2_500_000_000) == "2.5"


@pytest.mark.parametrize(
    ("state", "findable"),
    [("published", True), ("catalogue_only", True), ("deprecated", True)]
    + [(state, False) for state in ("submitted", "rejected", "failed", "retired", "", "new word")],
)
def test_only_what_stands_is_findable(state: str, findable: bool) -> None:
    assert is_findable(changed(state=state) if state else ListingSnapshot()) is findable
    document = document_of(changed(state=state) if state else ListingSnapshot(), 0.0, Rating())
    assert (document.state is not State.RETIRED) is findable


def test_a_visibility_that_we_do_not_know_is_private() -> None:
    assert document_of(changed(visibility="galaxy"), 0.0, Rating()).visibility is Visibility.PRIVATE


def test_the_digest_changes_with_the_texts_alone() -> None:
    plain = passages_digest(document_of(SNAPSHOT, 0.0, Rating()))
    assert passages_digest(document_of(changed(revision=9), 5.0, Rating(4.0, 2))) == plain
    assert passages_digest(document_of(changed(description="new"), 0.0, Rating())) != plain


def test_a_long_text_is_cut_at_a_word() -> None:
    cut = summary_of("word " * 200)
    assert len(cut) <= LONGEST_SUMMARY
    assert cut.endswith("word…")
    assert summary_of("short") == "short"
    assert len(summary_of("x" * 900)) == LONGEST_SUMMARY


def test_every_filter_is_described_and_its_example_is_taken() -> None:
    for name, schema in FILTERS_SCHEMA["properties"].items():
        first = schema["anyOf"][0]
        value = first.get("enum", [schema.get("examples", ["text"])[0]])[0]
        numbers = {"number": first.get("minimum"), "integer": 0}
        filters_from({name: numbers.get(first["type"], value)})


def test_without_a_token_one_is_anyone() -> None:
    assert not viewer_of(None).signed_in
