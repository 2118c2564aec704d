"""Every knob of consumption, read once."""

from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from chassis.settings import ServiceSettings
from dataplane.plane_settings import PlaneSettings


class ConsumptionSettings(ServiceSettings):
    """Variables start with CONSUMPTION_."""

    model_config = SettingsConfigDict(frozen=True, env_prefix="CONSUMPTION_", env_nested_delimiter="__", extra="ignore")

    database_url: SecretStr = Field(description="PostgreSQL as the role that sees one team at a time.")
    worker_database_url: SecretStr = Field(description="PostgreSQL as the role that settles for all teams.")
    admin_address: str = Field(description="host:port of admin's gRPC door; its policies are enforced on calls.")
    publishing_address: str = Field(description="host:port of publishing's gRPC door, which tells where calls go.")
    reference_prices: bool = Field(
        True, description="Whether listings without a price of their own are estimated by a public list of prices."
    )
    key_pepper: SecretStr = Field(min_length=32, description="Secret of the key digests; the same as the gateway's.")
    valkey_url: SecretStr = Field(description="Valkey or Redis, for the rates of keys; the same as the gateway's.")
    data_folder: Path = Field(description="Where the journals of this door's calls lie, and the last policies.")
    endpoint_allowlist: frozenset[str] = Field(
        frozenset(), description="JSON list of host:port of vendors that may stand on a private address."
    )
    expected_processes: int = Field(
        1,
        ge=1,
        description="Processes with a door of calls at least, gateways among them: each counts its part of a key's"
        " rates while Valkey does not answer.",
    )
    policies_without_bundle: Literal["open", "closed"] = Field(
        "closed", description="Whether calls pass where admin was never heard."
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
    kept_replies_mib_per_team: int = Field(
        1024,
        ge=0,
        description="MiB of replies that are kept for a team under Idempotency-Keys, each for a day; where there is no"
        " room, a call that comes again is refused (409) and not answered again.",
    )
    sla_evaluation_seconds: float = Field(
        30.0, ge=0.1, le=3600, description="How often the worker judges what listings keep of what they promise."
    )

    @property
    def own_address(self) -> str:
        """host:port of this process's own gRPC door, from within."""
        return f"{_from_within(self.host)}:{self.grpc_port}"

    @property
    def plane(self) -> PlaneSettings:
        """The data plane's share."""
        return PlaneSettings(
            publishing_address=self.publishing_address,
            consumption_address=self.own_address,
            data_folder=self.data_folder,
            key_pepper=self.key_pepper,
            endpoint_allowlist=self.endpoint_allowlist,
            expected_processes=self.expected_processes,
            admin_address=self.admin_address,
            policies_without_bundle=self.policies_without_bundle,
            policies_stale_seconds=self.policies_stale_seconds,
            drain_seconds=self.drain_seconds,
        )


def _from_within(host: str) -> str:
    """Where a door that listens on `host` is reached from its own machine: one on every address, by the loopback."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if address.version == 4:
        return "127.0.0.1" if address.is_unspecified else host
    return "[::1]" if address.is_unspecified else f"[{host}]"
