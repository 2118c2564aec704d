"""Who may do what in PostgreSQL: three roles for each service, and what the event log lets each service do."""

from dataclasses import dataclass

DATABASE = "marketplace"
RUNS_DATABASE = "marketplace_runs"
RUNS_ROLE = "runs_worker"
EVENTS_SCHEMA = "events"
SERVICES = ("admin", "publishing", "discovery", "consumption")
SCHEMAS = (EVENTS_SCHEMA, *SERVICES)


@dataclass(frozen=True)
class Role:
    """A login role; `schema` is the only one it sees without being granted more."""

    name: str
    schema: str | None
    owns_schema: bool = False


ROLES: tuple[Role, ...] = (
    *(Role(f"{schema}_migrator", schema, owns_schema=True) for schema in SCHEMAS),
    *(Role(f"{service}_runtime", service) for service in SERVICES),
    *(Role(f"{service}_worker", service) for service in SERVICES),
    Role(RUNS_ROLE, None),
)


@dataclass(frozen=True)
class TopicGrant:
    """What a service may do with a topic."""

    topic: str
    appended_by: tuple[str, ...]
    read_by: tuple[str, ...]


TOPICS: tuple[TopicGrant, ...] = (
    TopicGrant("marketplace.listing.v1", ("publishing",), ("publishing", "discovery", "consumption", "admin")),
    TopicGrant("marketplace.usage.v1", ("consumption",), ("consumption", "discovery", "admin")),
    TopicGrant("marketplace.key.v1", ("consumption",), ("consumption", "admin")),
    TopicGrant("marketplace.approval.v1", ("admin",), ("admin", "publishing")),
    TopicGrant("marketplace.identity.v1", ("admin",), ("admin", "publishing", "discovery", "consumption")),
    TopicGrant("marketplace.interaction.v1", ("discovery",), ("discovery", "admin")),
)

# The doors of the log. Everything else in its schema is closed to services.
EVENT_DOORS = (
    "append",
    "sequence_arrivals",
    "read",
    "head",
    "lock_cursor",
    "move_cursor",
    "put_aside",
    "list_set_aside",
    "mark_replayed",
    "groups_behind",
    "lag",
)
