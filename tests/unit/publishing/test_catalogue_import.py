"""Importing a catalogue: rows created, updated, left or refused, and the same again changes nothing."""

import json
from typing import Any

import pytest
from fixtures.publishing_actions import Bench
from fixtures.real_inputs import real_input

from publishing.catalogue_import.actions import ImportCatalogue, Importer, Outcome
from publishing.catalogue_import.rules import RefusedRow, entry_of
from publishing.listings.rules import State

PLATFORM = Importer("acc_admin", "catalogue", "catalogue")


def row(**changes: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "id": "vendor/model:free",
        "name": "Vendor: Model (free)",
        "description": "Answers.",
        "context_length": 32768,
        "architecture": {"input_modalities": ["text", "image"], "output_modalities": ["text"], "tokenizer": "Vendor"},
        "pricing": {"prompt": "0.00000015", "completion": "0.0000006", "input_cache_read": "0.000000075"},
        "top_provider": {"max_completion_tokens": 8192},
        "supported_parameters": ["tools", "top_p"],
    }
    return {**plain, **changes}


def importing(bench: Bench) -> ImportCatalogue:
    return ImportCatalogue(bench.listings, bench.clock, bench.ids)


def test_a_row_says_what_the_listing_says() -> None:
    content = entry_of(row(), "public").content
    assert (content.provider, content.tags, content.capabilities) == ("vendor", ("free", "vendor"), ("tools",))
    assert (content.prices.model, content.prices.input, content.prices.output) == ("usage", 150_000_000, 600_000_000)
    assert content.prices.cached_input == 75_000_000
    assert (content.context_length, content.max_output_tokens, content.endpoint) == (32768, 8192, None)


@pytest.mark.parametrize(
    "bad",
    [
        None,
        3,
        [],
        {},
        row(id=3),
        row(id="model"),
        row(id="a/b c"),
        row(id="A/b"),
        row(id="a/b:c:d"),
        row(id="a/" + "b" * 200),
    ],
)
def test_a_row_without_a_readable_id_is_refused(bad: object) -> None:
    with pytest.raises(RefusedRow):
        entry_of(bad, "public")


@pytest.mark.parametrize(
    "odd",
    [
        {"pricing": None},
        {"pricing": {"prompt": "-1", "completion": {}}},
        {"pricing": {"prompt": "-1", "completion": {}, "input_cache_read": "0.000000075"}},
        {"architecture": [], "top_provider": "x", "supported_parameters": {}},
        {"context_length": "many", "description": 5, "name": None},
        {"context_length": 10**30, "description": "a\x00b\ud800"},
        {"context_length": float("inf")},
    ],
)
def test_odd_values_are_read_as_unknown(odd: dict[str, Any]) -> None:
    content = entry_of(row(**odd), "public").content
    json.dumps(content.description).encode()
    assert "\x00" not in content.description
    if "pricing" in odd:
        assert (content.prices.model, content.prices.input) == ("unknown", None)


async def test_the_same_catalogue_again_changes_nothing() -> None:
    bench = Bench()
    first = await importing(bench)(PLATFORM, [row(), row(id="vendor/other")], "public")
    assert [result.outcome for result in first] == [Outcome.CREATED] * 2
    again = await importing(bench)(PLATFORM, [row(), row(id="vendor/other")], "public")
    assert [result.outcome for result in again] == [Outcome.UNCHANGED] * 2
    assert [name for name, _ in bench.listings.facts()] == ["ListingCatalogued"] * 2


async def test_a_changed_row_becomes_a_new_version_of_the_same_listing() -> None:
    bench = Bench()
    [created] = await importing(bench)(PLATFORM, [row()], "public")
    [updated] = await importing(bench)(PLATFORM, [row(description="Answers better.")], "public")
    assert (updated.outcome, updated.listing_id) == (Outcome.UPDATED, created.listing_id)
    fact = bench.listings.facts()[-1][1]
    assert (fact.listing.state, fact.listing.version, fact.listing.revision) == ("catalogue_only", "0.0.2", 2)


async def test_bad_rows_are_refused_one_by_one_with_the_reason() -> None:
    bench = Bench()
    results = await importing(bench)(PLATFORM, [row(), "x", row(), row(id="vendor/fine")], "public")
    outcomes = [Outcome.CREATED, Outcome.REFUSED, Outcome.REFUSED, Outcome.CREATED]
    assert [(result.row, result.outcome) for result in results] == list(enumerate(outcomes))
    assert results[2].reason == "the id stands in an earlier row already"


async def test_a_published_listing_is_never_overwritten() -> None:
    bench = Bench()
    receipt = await bench.published()
    tables = bench.listings.tables
    listing = tables.listings[receipt.listing.listing_id]
    tables.listings[listing.listing_id] = type(listing)(**{**vars(listing), "name": "vendor/model:free"})
    red = Importer("acc_publisher", "tea_red", "red")
    [result] = await importing(bench)(red, [row()], "workspace")
    assert result.outcome is Outcome.REFUSED


async def test_the_whole_real_catalogue_is_read() -> None:
    rows = json.loads(real_input("catalogue/models.json").read_text())["data"]
    bench = Bench()
    results = await importing(bench)(PLATFORM, rows, "public")
    assert {result.outcome for result in results} == {Outcome.CREATED}
    assert len(results) == 364
    facts = {fact.listing.name: fact.listing for _, fact in bench.listings.facts()}
    assert not facts["openrouter/auto"].pricing.HasField("input_nanodollars_per_million")
    assert any(":" in name for name in facts)
    assert {fact.state for fact in facts.values()} == {State.CATALOGUE_ONLY}
