"""Every knob of discovery, read once."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from chassis.settings import ServiceSettings


class DiscoverySettings(ServiceSettings):
    """Variables start with DISCOVERY_."""

    model_config = SettingsConfigDict(frozen=True, env_prefix="DISCOVERY_", env_nested_delimiter="__", extra="ignore")

    database_url: SecretStr = Field(description="PostgreSQL as discovery_runtime: what one viewer may see.")
    worker_database_url: SecretStr = Field(description="PostgreSQL as discovery_worker: all listings, for the index.")
    index_url: SecretStr = Field(
        SecretStr(""), description="http(s)://user:password@host:9200/prefix of an Elasticsearch; empty: in process."
    )
    admin_address: str = Field("127.0.0.1:4004", description="host:port of admin's gRPC door.")
    data_folder: Path = Field(description="Folder of the prepared sentence model.")
    cursor_key: SecretStr = Field(min_length=16, description="Secret that signs page cursors.")
    query_cache: int = Field(2048, ge=1, le=100_000, description="Query vectors that are remembered, 1.5 kB each.")
    popularity_seconds: float = Field(10, gt=0, le=3600, description="How often use is carried to the ranking.")
