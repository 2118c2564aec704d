"""The filters of search by name; filters_parsing.py checks, filters_matching.py applies, filters_openapi.py shows."""

from dataclasses import dataclass

from discovery.indexing.document import PricingModel, State


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
