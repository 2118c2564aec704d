"""Every knob of the gateway, read once."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from chassis.settings import ServiceSettings


class GatewaySettings(ServiceSettings):
    """Variables start with GATEWAY_."""

    model_config = SettingsConfigDict(frozen=True, env_prefix="GATEWAY_", env_nested_delimiter="__", extra="ignore")

    http_port: int = Field(8080, ge=0, le=65535, description="Port of the public door.")
    admin_url: str = Field(description="Where admin's HTTP door is, such as http://127.0.0.1:3004.")
    publishing_url: str = Field(description="Where publishing's HTTP door is.")
    discovery_url: str = Field(description="Where discovery's HTTP door is.")
    consumption_url: str = Field(description="Where consumption's HTTP door is.")
    publishing_address: str = Field(description="host:port of publishing's gRPC door.")
    consumption_address: str = Field(description="host:port of consumption's gRPC door.")
    valkey_url: SecretStr = Field(description="Valkey or Redis, for the coarse limit per client address.")
    trusted_proxies: str = Field(
        "", description="Addresses of load balancers whose X-Forwarded-For is believed, with commas; else nobody's."
    )
    key_pepper: SecretStr = Field(min_length=32, description="Secret of the key digests; the same as consumption's.")
    data_folder: Path = Field(description="Where the journals of calls lie.")
    endpoint_allowlist: frozenset[str] = Field(
        frozenset(), description="JSON list of host:port of vendors that may stand on a private address."
    )
    coarse_requests_per_second: int = Field(
        200, ge=1, description="Requests a second of one client address to other paths than the data plane's."
    )
    awaited_file: Path | None = Field(
        None, description="Not ready before this file is there: what a development machine prepares after its start."
    )
