"""The real catalogue goes through: every model is findable by its name, and filters hold on real facts."""

import pytest
from fakes.embedder import WordEmbedder
from fixtures.listing_documents import catalogue_listings
from fixtures.real_inputs import real_input

from discovery.indexing.actions import IndexListings
from discovery.indexing.document import ListingDocument
from discovery.indexing.rules import ANYONE
from discovery.search.actions import Search, Suggest
from discovery.search.filters_parsing import filters_from
from discovery.search.in_process_index import InProcessIndex
from discovery.search.request import Facet, SearchRequest


@pytest.fixture(scope="module")
def models() -> list[ListingDocument]:
    return catalogue_listings(real_input("catalogue/models.json"))


@pytest.fixture
async def index(models: list[ListingDocument]) -> InProcessIndex:
    filled = InProcessIndex()
    await IndexListings(filled, WordEmbedder())(models)
    return filled


async def test_every_model_is_found_by_its_title(index: InProcessIndex, models: list[ListingDocument]) -> None:
    search = Search(index, WordEmbedder())
    missed: list[str] = []
    for model in models:
        reply = await search(SearchRequest(model.title, limit=10), ANYONE)
        if model.id not in [hit.document.id for hit in reply.hits]:
            missed.append(model.id)
    assert len(missed) <= len(models) // 100


async def test_filters_hold_on_real_facts(index: InProcessIndex, models: list[ListingDocument]) -> None:
    given = {"input_modalities": ["image"], "max_input_price": "0.30", "min_context_length": 200_000}
    reply = await index.search(SearchRequest(filters=filters_from(given), limit=100, facets=(Facet.PROVIDER,)), ANYONE)
    expected = {
        model.id
        for model in models
        if "image" in model.input_modalities
        and model.pricing.input_price is not None
        and model.pricing.input_price <= 300_000_000
        and (model.context_length or 0) >= 200_000
    }
    assert {hit.document.id for hit in reply.hits} == expected
    assert sum(count.count for count in reply.facets[Facet.PROVIDER]) == len(expected)


async def test_a_negative_price_of_the_source_is_unknown(models: list[ListingDocument]) -> None:
    assert sum(model.pricing.input_price is None for model in models) == 3


async def test_real_names_are_completed_in_spite_of_typos(index: InProcessIndex) -> None:
    suggestions = await Suggest(index)("antropic", ANYONE)
    assert suggestions
    assert all("anthropic" in suggestion.text for suggestion in suggestions)
