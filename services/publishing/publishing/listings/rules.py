"""What a listing is and what may happen to it: pure transitions over immutable records."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from publishing.listings.errors import ListingClosed
from publishing.listings.version_content import Measurements, VersionContent


class State(StrEnum):
    """The life of a version, and of a listing as the outside sees it."""

    SUBMITTED = "submitted"
    PUBLISHED = "published"
    DEPRECATED = "deprecated"
    RETIRED = "retired"
    REJECTED = "rejected"
    FAILED = "failed"
    CATALOGUE_ONLY = "catalogue_only"


CALLABLE = frozenset({State.PUBLISHED, State.DEPRECATED})
CLOSED = frozenset({State.DEPRECATED, State.RETIRED, State.CATALOGUE_ONLY})


@dataclass(frozen=True)
class Listing:
    """A listing as it stands; `revision` grows by one with each change."""

    listing_id: str
    team_id: str
    team_slug: str
    name: str
    visibility: str
    state: State
    current_version_id: str | None
    revision: int
    created_by: str
    created_at: datetime
    updated_at: datetime
    deprecated_at: datetime | None = None
    sunset_at: datetime | None = None
    successor: str = ""
    deprecation_reason: str = ""

    @property
    def full_name(self) -> str:
        """`team-slug/name`."""
        return f"{self.team_slug}/{self.name}"


@dataclass(frozen=True)
class VersionStatus:
    """Where a version stands; phase, code and message say why it was stopped."""

    state: State
    changed_at: datetime
    published_event_id: str | None = None
    phase: str = ""
    code: str = ""
    message: str = ""

    @property
    def awaits_stop(self) -> bool:
        """Whether its stop is still to be told: it is on its way, or was published and taken back."""
        return self.state is State.SUBMITTED or (self.state is State.FAILED and self.published_event_id is not None)


@dataclass(frozen=True)
class Version:
    """One version: its content never changes, its status and measurements do."""

    version_id: str
    listing_id: str
    team_id: str
    version: str
    content: VersionContent
    validation_mode: str
    base_version_id: str | None
    submitted_by: str
    created_at: datetime
    status: VersionStatus
    measurements: Measurements = field(default_factory=Measurements)


def require_open(listing: Listing) -> None:
    """Raises ListingClosed where a listing takes no more versions."""
    if listing.state in CLOSED:
        raise ListingClosed(
            f"The listing is {listing.state.replace('_', ' ')} and takes no new version: publish under another name.",
            state=listing.state,
        )


def with_submitted(listing: Listing, now: datetime) -> Listing:
    """A version entered the pipeline; callers go on with the current one, if there is one."""
    state = listing.state if listing.current_version_id else State.SUBMITTED
    return _next(listing, now, state=state)


def with_published(listing: Listing, version: Version, now: datetime) -> Listing:
    """The version is what callers get from now on."""
    return _next(
        listing,
        now,
        state=State.PUBLISHED,
        current_version_id=version.version_id,
        visibility=version.content.visibility,
    )


def standing_base(version: Version, present: Sequence[Version]) -> Version | None:
    """What stood before a version, among all of its listing: a base that was taken back gives way to its own."""
    by_id = {one.version_id: one for one in present}
    base = by_id.get(version.base_version_id or "")
    while base is not None and base.status.state not in CALLABLE:
        base = by_id.get(base.base_version_id or "")
    return base


def with_stopped(listing: Listing, stopped: Version, present: Sequence[Version], status: VersionStatus) -> Listing:
    """The version was stopped with this status: what stood before it, among all versions, stands again."""
    now = status.changed_at
    if listing.current_version_id not in {None, stopped.version_id}:
        return _next(listing, now)
    base = standing_base(stopped, present)
    if base is None:
        state = _without_any(listing, stopped, present, status.state)
        return _next(listing, now, state=state, current_version_id=None)
    return _next(
        listing,
        now,
        state=base.status.state,
        current_version_id=base.version_id,
        visibility=base.content.visibility,
    )


def _without_any(listing: Listing, stopped: Version, present: Sequence[Version], state: State) -> State:
    """The state of a listing that has no version to call."""
    if listing.state in CLOSED:
        # Its end was announced, and has come.
        return State.RETIRED
    others = (one for one in present if one.version_id != stopped.version_id)
    return State.SUBMITTED if any(one.status.state is State.SUBMITTED for one in others) else state


def with_deprecation(listing: Listing, deprecation: "Deprecation", now: datetime) -> Listing:
    """The listing will end; the first announcement's time is kept."""
    if listing.state not in CALLABLE:
        raise ListingClosed(
            f"Only a published listing can be deprecated; this one is {listing.state.replace('_', ' ')}.",
            state=listing.state,
        )
    return _next(
        listing,
        now,
        state=State.DEPRECATED,
        deprecated_at=listing.deprecated_at or now,
        sunset_at=deprecation.sunset_at,
        successor=deprecation.successor,
        deprecation_reason=deprecation.reason,
    )


@dataclass(frozen=True)
class Deprecation:
    """Why and when a listing ends, and what callers should move to."""

    reason: str
    sunset_at: datetime | None
    successor: str


def may_see(visibility: str, owner: str, team_id: str) -> bool:
    """Private = the team that owns it, workspace = anyone with a team, public = anyone; '' is no team."""
    if visibility == "public" or owner == team_id:
        return True
    return visibility == "workspace" and bool(team_id)


def _next(listing: Listing, now: datetime, **changes: object) -> Listing:
    changed = {"revision": listing.revision + 1, "updated_at": now, **changes}
    return replace(listing, **changed)  # pyright: ignore[reportArgumentType] -- the callers above name fields
