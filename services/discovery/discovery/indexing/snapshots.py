"""A listing's snapshot, as publishing tells it, read as what the index holds."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

from google.protobuf.timestamp_pb2 import Timestamp

from discovery.indexing.document import (
    ListingDocument,
    Pricing,
    PricingModel,
    Rating,
    ServiceLevel,
    State,
    Visibility,
)
from marketplace.events.v1.listing_pb2 import ListingSnapshot
from marketplace.events.v1.listing_pb2 import Pricing as PricingMessage
from marketplace.events.v1.listing_pb2 import ServiceLevel as ServiceLevelMessage

Choice = TypeVar("Choice", bound=StrEnum)
FINDABLE = frozenset({State.PUBLISHED, State.CATALOGUE_ONLY, State.DEPRECATED})


def is_findable(snapshot: ListingSnapshot) -> bool:
    """Submitted, rejected, failed and retired listings are not for search."""
    return snapshot.state in FINDABLE


def visibility_of(snapshot: ListingSnapshot) -> Visibility:
    """What we do not know is private."""
    return _choice(Visibility, snapshot.visibility, Visibility.PRIVATE)


def document_of(snapshot: ListingSnapshot, popularity: float, rating: Rating) -> ListingDocument:
    """What search looks at; a state that search does not know counts as retired."""
    state = _choice(State, snapshot.state, State.RETIRED)
    return ListingDocument(
        id=snapshot.listing_id,
        revision=snapshot.revision,
        team_id=snapshot.team_id,
        name=f"{snapshot.team_slug}/{snapshot.name}",
        title=snapshot.title or snapshot.name,
        description=snapshot.description,
        visibility=visibility_of(snapshot),
        state=state,
        updated_at=moment_of(snapshot.updated_at) or datetime.fromtimestamp(0, UTC),
        version_id=snapshot.listing_version_id,
        version=snapshot.version,
        owner=snapshot.team_slug,
        category=snapshot.category,
        tags=_texts(snapshot.tags),
        provider=snapshot.provider,
        protocol=snapshot.protocol,
        capabilities=_texts(snapshot.capabilities),
        input_modalities=_texts(snapshot.input_modalities),
        output_modalities=_texts(snapshot.output_modalities),
        context_length=snapshot.context_length if snapshot.HasField("context_length") else None,
        pricing=_pricing(snapshot.pricing),
        compliance=_texts(snapshot.compliance),
        certifications=_texts(snapshot.certifications),
        data_residency=_texts(snapshot.data_residency),
        sla=_service_level(snapshot.sla),
        rating=rating,
        licence=snapshot.licence,
        details=snapshot.upstream_model,
        verified=snapshot.measurements.HasField("measured_at"),
        popularity=popularity,
    )


def moment_of(stamp: Timestamp) -> datetime | None:
    """A time as the event tells it; None where it was left out."""
    return stamp.ToDatetime(UTC) if stamp.seconds or stamp.nanos else None


def _pricing(pricing: PricingMessage) -> Pricing:
    return Pricing(
        _choice(PricingModel, pricing.model, PricingModel.UNKNOWN),
        pricing.input_nanodollars_per_million if pricing.HasField("input_nanodollars_per_million") else None,
        pricing.output_nanodollars_per_million if pricing.HasField("output_nanodollars_per_million") else None,
        pricing.cached_input_nanodollars_per_million
        if pricing.HasField("cached_input_nanodollars_per_million")
        else None,
    )


def _service_level(promised: ServiceLevelMessage) -> ServiceLevel:
    return ServiceLevel(
        promised.uptime_percent if promised.HasField("uptime_percent") else None,
        float(promised.latency_p95_ms) if promised.HasField("latency_p95_ms") else None,
    )


def _choice(kind: type[Choice], text: str, otherwise: Choice) -> Choice:
    try:
        return kind(text)
    except ValueError:
        return otherwise


def _texts(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(values)
