"""A listing as the index holds it: everything that search, filters and ranking look at."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Visibility(StrEnum):
    """Who may know that a listing exists."""

    PRIVATE = "private"
    WORKSPACE = "workspace"
    PUBLIC = "public"


class State(StrEnum):
    """Where a listing stands; a retired one is never found."""

    PUBLISHED = "published"
    CATALOGUE_ONLY = "catalogue_only"
    DEPRECATED = "deprecated"
    RETIRED = "retired"


class PricingModel(StrEnum):
    """How a listing is paid for."""

    FREE = "free"
    USAGE = "usage"
    SUBSCRIPTION = "subscription"
    ONE_TIME = "one_time"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Pricing:
    """Prices in nano-dollars per million tokens; None is unknown and never counts as 0.

    That of cached input is None where it costs what other input costs.
    """

    model: PricingModel = PricingModel.UNKNOWN
    input_price: int | None = None
    output_price: int | None = None
    cached_input_price: int | None = None


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """Uptime in percent and the 95th percentile of latency; None is unknown."""

    uptime_percent: float | None = None
    latency_p95_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Rating:
    """The average of 1 to 5 stars; None while nobody rated."""

    average: float | None = None
    count: int = 0


@dataclass(frozen=True, slots=True)
class ListingDocument:
    """One listing. `revision` grows with each change: an older one never replaces a newer one.

    `name` is `team-slug/name`; `details` is any further text worth finding (operations, parameters, notes);
    `popularity` is a decayed count of uses, 0 or more.
    """

    id: str
    revision: int
    team_id: str
    name: str
    title: str
    description: str
    visibility: Visibility
    state: State
    updated_at: datetime
    version_id: str = ""
    version: str = ""
    owner: str = ""
    category: str = ""
    tags: tuple[str, ...] = ()
    provider: str = ""
    protocol: str = ""
    capabilities: tuple[str, ...] = ()
    input_modalities: tuple[str, ...] = ()
    output_modalities: tuple[str, ...] = ()
    context_length: int | None = None
    pricing: Pricing = field(default_factory=Pricing)
    compliance: tuple[str, ...] = ()
    certifications: tuple[str, ...] = ()
    data_residency: tuple[str, ...] = ()
    sla: ServiceLevel = field(default_factory=ServiceLevel)
    rating: Rating = field(default_factory=Rating)
    licence: str = ""
    details: str = ""
    verified: bool = False
    popularity: float = 0.0

    @property
    def callable(self) -> bool:
        """Whether a call to it can work; a catalogue entry is only described."""
        return self.state in {State.PUBLISHED, State.DEPRECATED}
