"""Every knob of the gateway, read once."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from chassis.settings import Places, ServiceSettings
from dataplane.plane_settings import PlaneSettings


class GatewaySettings(ServiceSettings):
    """Variables start with GATEWAY_."""

    model_config = SettingsConfigDict(frozen=True, env_prefix="GATEWAY_", env_nested_delimiter="__", extra="ignore")

    http_port: int = Field(8080, ge=0, le=65535, description="Port of the public door.")
    reuse_port: bool = Field(
        False, description="Let further gateway processes listen on the same port: one per core, each with its journal."
    )
    admin_url: str = Field(description="Where admin's HTTP door is, such as http://127.0.0.1:3004.")
    publishing_url: str = Field(description="Where publishing's HTTP door is.")
    discovery_url: str = Field(description="Where discovery's HTTP door is.")
    consumption_url: str = Field(description="Where consumption's HTTP door is.")
    publishing_address: str = Field(description="host:port of publishing's gRPC door.")
    consumption_address: str = Field(description="host:port of consumption's gRPC door.")
    admin_address: str | None = Field(
        None, description="host:port of admin's gRPC door, whose policies are enforced; without one, none are."
    )
    policies_without_bundle: Literal["open", "closed"] = Field(
        "closed", description="Whether calls pass where admin is asked for policies and was never heard."
    )
    policies_stale_seconds: int = Field(
        86_400, ge=60, description="After so long without admin, fail-closed policies let no call pass."
    )
    drain_seconds: float = Field(
        3.0,
        ge=0,
        le=600,
        description="How long calls under way may go on after SIGTERM before they are cut; a second more is needed to"
        " settle them.",
    )
    valkey_url: SecretStr = Field(
        description="Valkey or Redis, for the rates of keys and the coarse limit per client address."
    )
    expected_processes: int = Field(
        1,
        ge=1,
        description="Processes with a door of calls at least, gateways and consumption: each counts its part of a key's"
        " rates while Valkey does not answer.",
    )
    trusted_proxies: Places = Field(
        "", description="Addresses of load balancers whose X-Forwarded-For is believed, with commas; else nobody's."
    )
    key_pepper: SecretStr = Field(min_length=32, description="Secret of the key digests; the same as consumption's.")
    data_folder: Path = Field(description="Where the journals of calls lie.")
    endpoint_allowlist: frozenset[str] = Field(
        frozenset(), description="JSON list of host:port of vendors that may stand on a private address."
    )
    coarse_requests_per_second: int = Field(
        200,
        ge=1,
        description="Requests a second of one client address (of IPv6: one /64) to other paths than the data plane's.",
    )
    awaited_file: Path | None = Field(
        None, description="Not ready before this file is there: what a development machine prepares after its start."
    )

    @property
    def plane(self) -> PlaneSettings:
        """The data plane's share."""
        return PlaneSettings(
            publishing_address=self.publishing_address,
            consumption_address=self.consumption_address,
            endpoint_allowlist=self.endpoint_allowlist,
            data_folder=self.data_folder,
            key_pepper=self.key_pepper,
            expected_processes=self.expected_processes,
            admin_address=self.admin_address,
            policies_without_bundle=self.policies_without_bundle,
            policies_stale_seconds=self.policies_stale_seconds,
            drain_seconds=self.drain_seconds,
        )
