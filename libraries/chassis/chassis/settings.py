"""The knobs of a service: one frozen class each, read once from the environment; a misspelt variable is refused."""

import os
from ipaddress import ip_network
from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.errors import ErrorKind, MarketplaceError


def _places(text: str) -> str:
    for word in (word.strip() for word in text.split(",")):
        try:
            _ = word in {"", "*"} or ip_network(word)
        except ValueError:
            raise ValueError("write addresses and networks with commas between, or * for everybody") from None
    return text


# Who is meant among those who connect: a misspelt address would be nobody's, and nothing would say so.
Places = Annotated[str, AfterValidator(_places)]


class SettingsRefused(MarketplaceError):
    """A variable is missing, wrong or unknown; the message names it and never shows its value."""

    code = "settings_refused"
    kind = ErrorKind.INVALID


class ProcessSettings(BaseSettings):
    """What every process has; a subclass sets `env_prefix` in its model_config and adds its own fields."""

    model_config = SettingsConfigDict(frozen=True, env_nested_delimiter="__", extra="ignore")

    host: str = Field("127.0.0.1", description="Address that the service's doors listen on.")
    http_port: int = Field(0, ge=0, le=65535, description="Port of the HTTP door; 0 takes a free one.")
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="Least level that is logged.")

    @classmethod
    def read(cls) -> Self:
        """The settings of this process out of its environment. Raises SettingsRefused."""
        prefix = cls.model_config.get("env_prefix", "")
        known = {f"{prefix}{name}".upper() for name in cls.model_fields}
        ours = [name for name in os.environ if prefix and name.upper().startswith(prefix)]
        strangers = sorted(name for name in ours if name.upper().split("__")[0] not in known)
        if strangers:
            raise SettingsRefused(f"Unknown settings: {', '.join(strangers)}. `settings` lists the known ones.")
        try:
            return cls()  # pyright: ignore[reportCallIssue] -- the environment brings the required fields
        except ValidationError as error:
            problems = "; ".join(f"{prefix}{'__'.join(map(str, p['loc']))}: {p['msg']}".upper() for p in error.errors())
            raise SettingsRefused(f"Settings refused: {problems}") from None

    @classmethod
    def table(cls) -> list[tuple[str, str, str]]:
        """Each variable with its default and description, for `python -m <service> settings`."""
        prefix = cls.model_config.get("env_prefix", "")
        return [
            (
                f"{prefix}{name}".upper(),
                "(required)" if field.is_required() else str(field.default),
                field.description or "",
            )
            for name, field in cls.model_fields.items()
        ]


class ServiceSettings(ProcessSettings):
    """What every service has that others call, and that calls others."""

    grpc_port: int = Field(0, ge=0, le=65535, description="Port of the gRPC door; 0 takes a free one.")
    service_key: SecretStr = Field(description="PEM of the Ed25519 private key that signs this service's tokens.")
    trusted_services: dict[str, str] = Field(description="PEM of the Ed25519 public key of each service, by its name.")
    events_url: SecretStr = Field(
        SecretStr(""), description="kafka://host:port,...: workers read events from there; empty: from PostgreSQL."
    )
