"""What a publisher is shown by HTTP; a credential is never part of it."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, PlainSerializer

from chassis.clock import rfc3339
from publishing.listings.actions import Receipt
from publishing.listings.ports import Publication
from publishing.listings.price_rules import dollars
from publishing.listings.rules import State, Version
from publishing.listings.version_content import Endpoint, Measurements, ServiceLevel

Moment = Annotated[datetime, PlainSerializer(rfc3339, return_type=str, when_used="json")]


class ReceiptBody(BaseModel):
    """What was opened; GET /api/v1/runs/{run_id} says how it goes on."""

    listing_id: str
    version_id: str
    run_id: str
    name: str
    version: str
    state: State


class PricingShown(BaseModel):
    """Decimal strings in USD per million tokens; null is unknown, for cached tokens: what others cost."""

    model: str
    input: str | None
    output: str | None
    cached_input: str | None


class VersionShown(BaseModel):
    """One version; its content never changes, its state and measurements do."""

    version_id: str
    version: str
    state: State
    phase: str
    code: str
    message: str
    run_id: str
    title: str
    description: str
    category: str
    provider: str
    visibility: str
    tags: tuple[str, ...]
    capabilities: tuple[str, ...]
    input_modalities: tuple[str, ...]
    output_modalities: tuple[str, ...]
    context_length: int | None
    max_output_tokens: int | None
    pricing: PricingShown
    compliance: tuple[str, ...]
    certifications: tuple[str, ...]
    data_residency: tuple[str, ...]
    sla: ServiceLevel
    licence: str
    endpoint: Endpoint | None
    measurements: Measurements
    validation_mode: str
    submitted_by: str
    created_at: Moment


class PublicationShown(BaseModel):
    """A listing as its publisher sees it, with the version submitted last."""

    listing_id: str
    name: str
    team_id: str
    state: State
    visibility: str
    current_version_id: str | None
    revision: int
    created_by: str
    created_at: Moment
    updated_at: Moment
    deprecated_at: Moment | None
    sunset_at: Moment | None
    successor: str
    deprecation_reason: str
    newest: VersionShown


class PublicationPage(BaseModel):
    """A page of listings, the newest first."""

    items: list[PublicationShown]
    next_cursor: str | None


class VersionsShown(BaseModel):
    """All versions of a listing, the newest first."""

    items: list[VersionShown]


def receipt_body(receipt: Receipt) -> ReceiptBody:
    """A receipt as it is answered."""
    return ReceiptBody(
        listing_id=receipt.listing.listing_id,
        version_id=receipt.version.version_id,
        run_id=receipt.run_id,
        name=receipt.listing.full_name,
        version=receipt.version.version,
        state=receipt.version.status.state,
    )


def version_shown(version: Version) -> VersionShown:
    """A version as it is shown."""
    content = version.content
    return VersionShown(
        version_id=version.version_id,
        version=version.version,
        state=version.status.state,
        phase=version.status.phase,
        code=version.status.code,
        message=version.status.message,
        run_id=version.version_id,
        title=content.title,
        description=content.description,
        category=content.category,
        provider=content.provider,
        visibility=content.visibility,
        tags=content.tags,
        capabilities=content.capabilities,
        input_modalities=content.input_modalities,
        output_modalities=content.output_modalities,
        context_length=content.context_length,
        max_output_tokens=content.max_output_tokens,
        pricing=PricingShown(
            model=content.prices.model,
            input=dollars(content.prices.input),
            output=dollars(content.prices.output),
            cached_input=dollars(content.prices.cached_input),
        ),
        compliance=content.compliance,
        certifications=content.certifications,
        data_residency=content.data_residency,
        sla=content.sla,
        licence=content.licence,
        endpoint=content.endpoint,
        measurements=version.measurements,
        validation_mode=version.validation_mode,
        submitted_by=version.submitted_by,
        created_at=version.created_at,
    )


def publication_shown(publication: Publication) -> PublicationShown:
    """A listing as its publisher sees it."""
    listing = publication.listing
    return PublicationShown(
        listing_id=listing.listing_id,
        name=listing.full_name,
        team_id=listing.team_id,
        state=listing.state,
        visibility=listing.visibility,
        current_version_id=listing.current_version_id,
        revision=listing.revision,
        created_by=listing.created_by,
        created_at=listing.created_at,
        updated_at=listing.updated_at,
        deprecated_at=listing.deprecated_at,
        sunset_at=listing.sunset_at,
        successor=listing.successor,
        deprecation_reason=listing.deprecation_reason,
        newest=version_shown(publication.newest),
    )
