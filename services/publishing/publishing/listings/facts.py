"""The facts about listings as events: snapshots and their envelopes."""

from collections.abc import Callable
from datetime import UTC, datetime

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.event_log.port import Event
from marketplace.events.v1.listing_pb2 import ListingSnapshot, ServiceLevel
from marketplace.events.v1.listing_pb2 import Measurements as MeasurementsMessage
from marketplace.events.v1.listing_pb2 import Pricing as PricingMessage
from publishing.listings.rules import Listing, State, Version
from publishing.listings.version_content import Measurements, VersionContent

TOPIC = "marketplace.listing.v1"
SOURCE = "publishing"
NewId = Callable[[str, datetime], str]


def fact(event_id: str, listing_id: str, message: Message, now: datetime) -> Event:
    """The event that carries a message about a listing."""
    return Event(
        id=event_id,
        topic=TOPIC,
        key=listing_id,
        type=message.DESCRIPTOR.full_name,
        source=SOURCE,
        time=now,
        data=message.SerializeToString(),
    )


def snapshot_of(listing: Listing, version: Version, state: State | None = None) -> ListingSnapshot:
    """The listing as it stands with this version; `state` where the version's own is meant, not the listing's."""
    content = version.content
    endpoint = content.endpoint
    snapshot = _described(content)
    snapshot.MergeFrom(
        ListingSnapshot(
            listing_id=listing.listing_id,
            listing_version_id=version.version_id,
            team_id=listing.team_id,
            team_slug=listing.team_slug,
            name=listing.name,
            version=version.version,
            visibility=content.visibility,
            state=state or listing.state,
            revision=listing.revision,
            created_at=timestamp(listing.created_at),
            updated_at=timestamp(listing.updated_at),
            measurements=_measurements(version.measurements),
            protocol=endpoint.protocol if endpoint else "",
            upstream_model=endpoint.model if endpoint else "",
            sunset_at=timestamp(listing.sunset_at),
            deprecated_at=timestamp(listing.deprecated_at),
            successor=listing.successor,
            deprecation_reason=listing.deprecation_reason,
            published_by=version.submitted_by,
        )
    )
    return snapshot


def timestamp(moment: datetime | None) -> Timestamp | None:
    """A moment as protobuf writes it; None leaves the field out."""
    if moment is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(moment.astimezone(UTC))
    return stamp


def _described(content: VersionContent) -> ListingSnapshot:
    return ListingSnapshot(
        title=content.title,
        description=content.description,
        category=content.category,
        tags=content.tags,
        provider=content.provider,
        capabilities=content.capabilities,
        input_modalities=content.input_modalities,
        output_modalities=content.output_modalities,
        context_length=content.context_length,
        max_output_tokens=content.max_output_tokens,
        pricing=PricingMessage(
            model=content.prices.model,
            input_nanodollars_per_million=content.prices.input,
            output_nanodollars_per_million=content.prices.output,
            cached_input_nanodollars_per_million=content.prices.cached_input,
        ),
        compliance=content.compliance,
        certifications=content.certifications,
        data_residency=content.data_residency,
        sla=ServiceLevel(uptime_percent=content.sla.uptime_percent, latency_p95_ms=content.sla.latency_p95_ms),
        licence=content.licence,
    )


def _measurements(measured: Measurements) -> MeasurementsMessage:
    return MeasurementsMessage(
        latency_p50_ms=measured.latency_p50_ms,
        latency_p95_ms=measured.latency_p95_ms,
        latency_p99_ms=measured.latency_p99_ms,
        error_rate=measured.error_rate,
        time_to_first_token_ms=measured.time_to_first_token_ms,
        throughput_per_second=measured.throughput_per_second,
        measured_at=timestamp(datetime.fromisoformat(measured.measured_at)) if measured.measured_at else None,
    )
