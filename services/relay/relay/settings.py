"""Every knob of the relay, read once."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from chassis.event_log.lanes import LANES
from chassis.settings import ProcessSettings


class RelaySettings(ProcessSettings):
    """Variables start with RELAY_."""

    model_config = SettingsConfigDict(frozen=True, env_prefix="RELAY_", env_nested_delimiter="__", extra="ignore")

    worker_database_url: SecretStr = Field(description="PostgreSQL as relay_worker: reads every topic of the log.")
    events_url: SecretStr = Field(description="kafka://host:port,...: where the events go.")
    topics: list[str] = Field(description="The topics to relay.")
    partitions: int = Field(LANES, ge=1, le=LANES, description="Partitions of a topic that is made; never changed.")
    copies: int = Field(-1, ge=-1, le=32, description="Replication factor of a topic that is made; -1: the broker's.")
