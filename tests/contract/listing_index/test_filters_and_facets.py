"""Every filter lets the right listings through, alone and together; facets count what is found."""

from typing import Any

import pytest
from contract.listing_index.questions import found, put
from fixtures.listing_documents import listing

from discovery.indexing.document import Pricing, PricingModel, Rating, ServiceLevel, State
from discovery.indexing.rules import ANYONE
from discovery.search.filters import Filters
from discovery.search.ports import FacetCount, ListingIndex
from discovery.search.request import Facet, SearchRequest

RICH = listing(
    "rich",
    category="Chat",
    tags=("fast", "code"),
    provider="acme",
    protocol="openai",
    pricing=Pricing(PricingModel.USAGE, 100, 200),
    compliance=("HIPAA", "GDPR"),
    certifications=("SOC2",),
    data_residency=("eu", "us"),
    rating=Rating(4.2, 5),
    sla=ServiceLevel(99.9, 300),
    capabilities=("tools", "reasoning"),
    input_modalities=("text", "image"),
    output_modalities=("text",),
    context_length=128_000,
    licence="MIT",
)
POOR = listing("poor", state=State.DEPRECATED)

FITS: list[dict[str, Any]] = [
    {"category": ("chat",)},
    {"tags": ("slow", "FAST")},
    {"tags_all": ("fast", "code")},
    {"provider": ("acme", "beta")},
    {"protocol": ("openai",)},
    {"pricing_model": (PricingModel.USAGE, PricingModel.FREE)},
    {"max_input_price": 100},
    {"max_output_price": 200},
    {"compliance": ("hipaa", "gdpr")},
    {"certifications": ("soc2",)},
    {"data_residency": ("eu", "ch")},
    {"min_rating": 4.2},
    {"min_uptime_percent": 99.9},
    {"max_latency_ms": 300.0},
    {"status": (State.PUBLISHED,)},
    {"capabilities": ("tools", "reasoning")},
    {"input_modalities": ("image",)},
    {"output_modalities": ("text",)},
    {"min_context_length": 128_000},
    {"licence": ("mit", "apache-2.0")},
]
MISSES: list[dict[str, Any]] = [
    {"category": ("embedding",)},
    {"tags": ("slow",)},
    {"tags_all": ("fast", "slow")},
    {"provider": ("beta",)},
    {"protocol": ("anthropic",)},
    {"pricing_model": (PricingModel.FREE,)},
    {"max_input_price": 99},
    {"max_output_price": 199},
    {"compliance": ("hipaa", "pci")},
    {"certifications": ("iso27001",)},
    {"data_residency": ("ch",)},
    {"min_rating": 4.3},
    {"min_uptime_percent": 99.95},
    {"max_latency_ms": 299.0},
    {"status": (State.CATALOGUE_ONLY,)},
    {"capabilities": ("tools", "vision")},
    {"input_modalities": ("audio",)},
    {"output_modalities": ("image",)},
    {"min_context_length": 128_001},
    {"licence": ("gpl-3.0",)},
]


@pytest.mark.parametrize("chosen", FITS, ids=lambda chosen: next(iter(chosen)))
async def test_a_filter_lets_the_fitting_one_through_and_stops_the_unknown(
    index: ListingIndex, chosen: dict[str, Any]
) -> None:
    await put(index, RICH, POOR)
    assert await found(index, filters=Filters(**chosen)) == ["rich"]


@pytest.mark.parametrize("chosen", MISSES, ids=lambda chosen: next(iter(chosen)))
async def test_a_filter_stops_what_does_not_fit(index: ListingIndex, chosen: dict[str, Any]) -> None:
    await put(index, RICH, POOR)
    assert await found(index, filters=Filters(**chosen)) == []


async def test_all_filters_hold_together(index: ListingIndex) -> None:
    await put(index, RICH, POOR)
    every = {name: value for chosen in FITS for name, value in chosen.items()}
    assert await found(index, filters=Filters(**every)) == ["rich"]
    assert await found(index, filters=Filters(**{**every, "min_rating": 5.0})) == []


async def test_a_filter_follows_a_change(index: ListingIndex) -> None:
    chosen = Filters(category=("chat",))
    await put(index, listing("a", category="chat"))
    assert await found(index, filters=chosen) == ["a"]
    await put(index, listing("a", revision=2, category="code"), listing("b", category="chat"))
    assert await found(index, filters=chosen) == ["b"]


async def test_facets_count_the_hits_and_keep_the_other_choices_visible(index: ListingIndex) -> None:
    await put(
        index,
        listing("a", category="chat", provider="x", description="fast"),
        listing("b", category="chat", provider="y", description="fast"),
        listing("c", category="code", provider="x", description="fast"),
        listing("d", category="code", provider="x", description="slow"),
    )
    wanted = (Facet.CATEGORY, Facet.PROVIDER)
    reply = await index.search(SearchRequest("fast", Filters(category=("chat",)), facets=wanted), ANYONE)
    assert reply.facets[Facet.CATEGORY] == (FacetCount("chat", 2), FacetCount("code", 1))
    assert reply.facets[Facet.PROVIDER] == (FacetCount("x", 1), FacetCount("y", 1))
    assert reply.total == 2


async def test_facets_that_nobody_asked_for_are_not_counted(index: ListingIndex) -> None:
    await put(index, RICH)
    assert (await index.search(SearchRequest(), ANYONE)).facets == {}
