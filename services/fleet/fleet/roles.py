"""Who works in PostgreSQL: three roles for each service; grants.py says what the event log lets each do."""

from dataclasses import dataclass

DATABASE = "marketplace"
RUNS_DATABASE = "marketplace_runs"
RUNS_ROLE = "runs_worker"
EVENTS_SCHEMA = "events"
SERVICES = ("admin", "publishing", "discovery", "consumption")
SCHEMAS = (EVENTS_SCHEMA, *SERVICES)
# Carries the event log to Kafka; has a role of its own and no schema.
RELAY = "relay"
RELAY_ROLE = f"{RELAY}_worker"


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
    Role(RELAY_ROLE, EVENTS_SCHEMA),
)
