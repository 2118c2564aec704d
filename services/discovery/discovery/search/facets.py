"""Counting the hits by category, tag, provider and the like."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace

from discovery.indexing.document import ListingDocument
from discovery.search.filters import Filters
from discovery.search.ports import FacetCount
from discovery.search.request import Facet

MAX_VALUES = 100

_VALUES: dict[Facet, Callable[[ListingDocument], tuple[str, ...]]] = {
    Facet.CATEGORY: lambda listing: (listing.category,),
    Facet.TAGS: lambda listing: listing.tags,
    Facet.PROVIDER: lambda listing: (listing.provider,),
    Facet.PROTOCOL: lambda listing: (listing.protocol,),
    Facet.PRICING_MODEL: lambda listing: (listing.pricing.model.value,),
    Facet.STATE: lambda listing: (listing.state.value,),
    Facet.CAPABILITIES: lambda listing: listing.capabilities,
    Facet.INPUT_MODALITIES: lambda listing: listing.input_modalities,
    Facet.OUTPUT_MODALITIES: lambda listing: listing.output_modalities,
    Facet.COMPLIANCE: lambda listing: listing.compliance,
    Facet.CERTIFICATIONS: lambda listing: listing.certifications,
    Facet.DATA_RESIDENCY: lambda listing: listing.data_residency,
    Facet.LICENCE: lambda listing: (listing.licence,),
}


def counts_of(facet: Facet, documents: Iterable[ListingDocument]) -> tuple[FacetCount, ...]:
    """The most frequent values first, then by name; empty values are not counted."""
    values = _VALUES[facet]
    counter = Counter(value for document in documents for value in set(values(document)) if value)
    ordered = sorted(counter.items(), key=lambda item: (-item[1], item[0]))
    return tuple(FacetCount(value, count) for value, count in ordered[:MAX_VALUES])


def without_own_filter(filters: Filters, facet: Facet) -> Filters:
    """The filters by which a facet is counted: all but its own, so that the other choices stay visible."""
    loosened = replace(filters, **{facet.value: ()})
    return replace(loosened, tags_all=()) if facet is Facet.TAGS else loosened
