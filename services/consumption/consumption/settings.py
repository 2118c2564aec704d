"""Every knob of consumption, read once."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from chassis.settings import ServiceSettings


class ConsumptionSettings(ServiceSettings):
    """Variables start with CONSUMPTION_."""

    model_config = SettingsConfigDict(frozen=True, env_prefix="CONSUMPTION_", env_nested_delimiter="__", extra="ignore")

    database_url: SecretStr = Field(description="PostgreSQL as the role that sees one team at a time.")
    worker_database_url: SecretStr = Field(description="PostgreSQL as the role that settles for all teams.")
    admin_address: str = Field(description="host:port of admin's gRPC door.")
    key_pepper: SecretStr = Field(min_length=32, description="Secret of the key digests; the same as the gateway's.")
