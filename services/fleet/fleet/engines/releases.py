"""Which engine in which version, how it is fetched, and what runs it elsewhere. Read this table to know the engines."""

from dataclasses import dataclass
from enum import StrEnum


class FetchedBy(StrEnum):
    """The client of the registry that holds the engine."""

    MAVEN = "mvn"
    GO = "go"


@dataclass(frozen=True)
class Release:
    """One engine: `packages` as its registry names them, `megabytes` on disk, `port` where `make engines` serves it.

    `image` is what docker-compose.yml and k8s run; its tag may name another packaging of the same engine.
    """

    name: str
    version: str
    fetched_by: FetchedBy
    packages: tuple[str, ...]
    megabytes: int
    port: int
    image: str

    @property
    def folder_name(self) -> str:
        """By version, so that another version never meets the files of this one."""
        return f"{self.name}-{self.version}"


KAFKA = Release(
    name="kafka",
    version="4.1.0",
    fetched_by=FetchedBy.MAVEN,
    packages=("org.apache.kafka:kafka_2.13",),
    megabytes=43,
    port=9092,
    image="apache/kafka:4.1.0",
)
ELASTICSEARCH = Release(
    name="elasticsearch",
    version="9.5.3",
    fetched_by=FetchedBy.MAVEN,
    packages=("org.elasticsearch:elasticsearch", "org.elasticsearch.plugin:transport-netty4"),
    megabytes=44,
    port=9200,
    image="docker.elastic.co/elasticsearch/elasticsearch:9.5.3",
)
# The command line holds a whole server; later tags have a replace directive and cannot be installed by name.
TEMPORAL = Release(
    name="temporal",
    version="1.5.1",
    fetched_by=FetchedBy.GO,
    packages=("github.com/temporalio/cli/cmd/temporal",),
    megabytes=213,
    port=7233,
    image="temporalio/temporal:1.5.1",
)
RELEASES = (KAFKA, ELASTICSEARCH, TEMPORAL)
