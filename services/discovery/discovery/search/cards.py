"""A listing as answers show it."""

from typing import Literal

from pydantic import BaseModel

from chassis.clock import rfc3339
from discovery.indexing.document import ListingDocument, Pricing
from discovery.search.money import dollars_of

LONGEST_SUMMARY = 500


class PricingView(BaseModel):
    """US dollars per million tokens as decimal strings; null is unknown, for cached input: what other input costs."""

    model: Literal["free", "usage", "subscription", "one_time", "unknown"]
    input: str | None
    output: str | None
    cached_input: str | None


class ServiceLevelView(BaseModel):
    """What the publisher promises; null where nothing is."""

    uptime_percent: float | None
    latency_p95_ms: float | None


class RatingView(BaseModel):
    """1 to 5 stars; the average is null while nobody rated."""

    average: float | None
    count: int


class ListingCard(BaseModel):
    """A listing in short; `name` is what a call names as its model."""

    id: str
    name: str
    title: str
    description: str
    version_id: str
    version: str
    owner: str
    category: str
    tags: list[str]
    provider: str
    protocol: str
    capabilities: list[str]
    input_modalities: list[str]
    output_modalities: list[str]
    context_length: int | None
    pricing: PricingView
    sla: ServiceLevelView
    rating: RatingView
    compliance: list[str]
    certifications: list[str]
    data_residency: list[str]
    licence: str
    visibility: Literal["private", "workspace", "public"]
    state: Literal["published", "catalogue_only", "deprecated"]
    callable: bool
    verified: bool
    popularity: float
    updated_at: str

    @classmethod
    def of(cls, document: ListingDocument, *, whole: bool = False) -> "ListingCard":
        """The description is cut to 500 characters unless the whole entry is wanted."""
        return cls.model_validate(_fields(document, whole=whole))


def _fields(document: ListingDocument, *, whole: bool) -> dict[str, object]:
    same = {
        name: getattr(document, name)
        for name in ListingCard.model_fields
        if name not in {"description", "pricing", "sla", "rating", "updated_at", "popularity"}
    }
    return {
        **same,
        "visibility": document.visibility.value,
        "state": document.state.value,
        "description": document.description if whole else summary_of(document.description),
        "pricing": _pricing(document.pricing),
        "sla": {"uptime_percent": document.sla.uptime_percent, "latency_p95_ms": document.sla.latency_p95_ms},
        "rating": {"average": document.rating.average, "count": document.rating.count},
        "popularity": round(document.popularity, 2),
        "updated_at": rfc3339(document.updated_at),
    }


def summary_of(text: str) -> str:
    """The beginning of a long text, cut at a word."""
    if len(text) <= LONGEST_SUMMARY:
        return text
    cut = text[: LONGEST_SUMMARY - 1]
    return f"{cut[: cut.rfind(' ')] if ' ' in cut else cut}…"


def _pricing(pricing: Pricing) -> dict[str, object]:
    prices = {"input": pricing.input_price, "output": pricing.output_price, "cached_input": pricing.cached_input_price}
    shown = {name: None if price is None else dollars_of(price) for name, price in prices.items()}
    return {"model": pricing.model.value, **shown}
