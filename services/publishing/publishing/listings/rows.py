"""Rows of the listings' tables as records, and back."""

import json
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter

from chassis.database.transaction import Row
from publishing.listings.rules import Listing, State, Version, VersionStatus
from publishing.listings.version_content import Measurements, VersionContent

_contents = TypeAdapter(VersionContent)
_measurements = TypeAdapter(Measurements)


def listing_of(row: Row) -> Listing:
    """The columns of `listings`."""
    return Listing(
        listing_id=row["listing_id"],
        team_id=row["team_id"],
        team_slug=row["team_slug"],
        name=row["name"],
        visibility=row["visibility"],
        state=State(row["state"]),
        current_version_id=row["current_version_id"],
        revision=row["revision"],
        created_by=row["created_by"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        deprecated_at=row["deprecated_at"],
        sunset_at=row["sunset_at"],
        successor=row["successor"],
        deprecation_reason=row["deprecation_reason"],
    )


def listing_values(listing: Listing) -> tuple[Any, ...]:
    """The values of a listing in the order of its columns."""
    return tuple(asdict(listing).values())


def version_of(row: Row) -> Version:
    """The columns of `listing_versions` with its state's and measurements'."""
    return Version(
        version_id=row["version_id"],
        listing_id=row["listing_id"],
        team_id=row["team_id"],
        version=row["version"],
        content=_contents.validate_json(row["content"]),
        validation_mode=row["validation_mode"],
        base_version_id=row["base_version_id"],
        submitted_by=row["submitted_by"],
        created_at=row["created_at"],
        status=VersionStatus(
            state=State(row["state"]),
            changed_at=row["changed_at"],
            published_event_id=row["published_event_id"],
            phase=row["phase"],
            code=row["code"],
            message=row["message"],
        ),
        measurements=_measurements.validate_json(row["measurements"] or "{}"),
    )


def version_values(version: Version) -> tuple[Any, ...]:
    """The values of a version's immutable row in the order of its columns."""
    return (
        version.version_id,
        version.listing_id,
        version.team_id,
        version.version,
        json.dumps(asdict(version.content)),
        version.validation_mode,
        version.base_version_id,
        version.submitted_by,
        version.created_at,
    )


def measurements_text(measurements: Measurements) -> str:
    """Measurements as JSON."""
    return json.dumps(asdict(measurements))
