"""What stands behind the services, part by part: a URL for each part that runs elsewhere, nothing for embedded ones."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum

from fleet.engines.releases import ELASTICSEARCH, KAFKA, TEMPORAL, Release
from fleet.ports import HOST


class Profile(StrEnum):
    """Which parts are meant where no URL names them: the embedded ones, or those that `make engines` serves."""

    EMBEDDED = "embedded"
    DISTRIBUTED = "distributed"


@dataclass(frozen=True)
class Backing:
    """Empty means embedded. `postgres` is a superuser's URL, for provisioning; the roles' URLs are derived from it."""

    postgres: str = ""
    valkey: str = ""
    events: str = ""
    index: str = ""
    runs: str = ""

    def __repr__(self) -> str:
        return f"Backing({', '.join(one.name for one in fields(self) if getattr(self, one.name))})"


MEANINGS: Mapping[str, str] = {
    "FLEET_POSTGRES_URL": "postgresql://superuser:password@host/postgres of a PostgreSQL 15 or newer elsewhere.",
    "FLEET_VALKEY_URL": "valkey://, redis://, redis+sentinel:// or redis+cluster:// of a server elsewhere.",
    "FLEET_EVENTS_URL": "kafka://host:port,host:port: relay the event log there, and read from there.",
    "FLEET_INDEX_URL": "http(s)://user:password@host:9200 of an Elasticsearch that holds the search index.",
    "FLEET_RUNS_URL": "temporal://host:port/namespace of a Temporal that runs the workflows.",
}


def backing_of(profile: Profile, variables: Mapping[str, str], port_offset: int) -> Backing:
    """The URLs that are set, and for the distributed profile those of `make engines` where they are not."""
    chosen = {name.removeprefix("FLEET_").removesuffix("_URL").lower(): variables.get(name, "") for name in MEANINGS}
    if profile is Profile.DISTRIBUTED:
        for part, url in local_urls(port_offset).items():
            chosen[part] = chosen[part] or url
    return Backing(**chosen)


def local_urls(port_offset: int) -> dict[str, str]:
    """Where the engines of this machine answer."""

    def address(release: Release) -> str:
        return f"{HOST}:{release.port + port_offset}"

    return {
        "events": f"kafka://{address(KAFKA)}",
        "index": f"http://{address(ELASTICSEARCH)}",
        "runs": f"temporal://{address(TEMPORAL)}/default",
    }
