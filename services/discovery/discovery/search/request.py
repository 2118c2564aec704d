"""What can be asked of the index."""

from dataclasses import dataclass, field
from enum import StrEnum

from discovery.embeddings.ports import Vectors
from discovery.indexing.document import PricingModel, State

MAX_QUERY_LENGTH = 1000
MAX_LIMIT = 100


class Sort(StrEnum):
    """The order of the hits; ties are broken by id, so that pages never overlap."""

    RELEVANCE = "relevance"
    POPULARITY = "popularity"
    RATING = "rating"
    NEWEST = "newest"
    PRICE = "price"


class Facet(StrEnum):
    """What can be counted over all hits."""

    CATEGORY = "category"
    TAGS = "tags"
    PROVIDER = "provider"
    PROTOCOL = "protocol"
    PRICING_MODEL = "pricing_model"
    STATE = "status"
    CAPABILITIES = "capabilities"
    INPUT_MODALITIES = "input_modalities"
    OUTPUT_MODALITIES = "output_modalities"
    COMPLIANCE = "compliance"
    CERTIFICATIONS = "certifications"
    DATA_RESIDENCY = "data_residency"
    LICENCE = "licence"


@dataclass(frozen=True, slots=True)
class Filters:
    """All must hold. Texts are compared without regard to case; an unknown value of a listing never fits a bound.

    Any one of the values suffices for category, tags, provider, protocol, pricing_model, data_residency, status and
    licence; all are needed for tags_all, compliance, certifications, capabilities and modalities.
    Prices in nano-dollars per million tokens.
    """

    category: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    tags_all: tuple[str, ...] = ()
    provider: tuple[str, ...] = ()
    protocol: tuple[str, ...] = ()
    pricing_model: tuple[PricingModel, ...] = ()
    max_input_price: int | None = None
    max_output_price: int | None = None
    compliance: tuple[str, ...] = ()
    certifications: tuple[str, ...] = ()
    data_residency: tuple[str, ...] = ()
    min_rating: float | None = None
    min_uptime_percent: float | None = None
    max_latency_ms: float | None = None
    status: tuple[State, ...] = ()
    capabilities: tuple[str, ...] = ()
    input_modalities: tuple[str, ...] = ()
    output_modalities: tuple[str, ...] = ()
    min_context_length: int | None = None
    licence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Position:
    """The last hit of a page: its sort value and id; the next page begins right after it."""

    value: float
    listing_id: str


@dataclass(frozen=True, eq=False, slots=True)
class Meaning:
    """The query's vector and the model it came from; only listings with vectors of that model are compared."""

    model_name: str
    vector: Vectors


@dataclass(frozen=True, eq=False, slots=True)
class SearchRequest:
    """One question. Without `meaning`, words alone answer."""

    query: str = ""
    filters: Filters = field(default_factory=Filters)
    sort: Sort = Sort.RELEVANCE
    limit: int = 20
    after: Position | None = None
    facets: tuple[Facet, ...] = ()
    meaning: Meaning | None = None
