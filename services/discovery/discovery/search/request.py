"""What can be asked of the index."""

from dataclasses import dataclass, field
from enum import StrEnum

from discovery.embeddings.ports import Vectors
from discovery.search.filters import Filters

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
class Position:
    """The last hit of a page: its sort value and id; the next page begins right after it.

    `model_name` is whose vectors were compared, None where words alone were: in another order this place is none.
    """

    value: float
    listing_id: str
    model_name: str | None = None


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
