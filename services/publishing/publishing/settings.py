"""Every knob of publishing, read once."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from chassis.settings import ServiceSettings


class PublishingSettings(ServiceSettings):
    """Variables start with PUBLISHING_."""

    model_config = SettingsConfigDict(frozen=True, env_prefix="PUBLISHING_", env_nested_delimiter="__", extra="ignore")

    http_port: int = Field(3001, ge=0, le=65535, description="Port of the HTTP door; 0 takes a free one.")
    grpc_port: int = Field(4001, ge=0, le=65535, description="Port of the gRPC door; 0 takes a free one.")
    database_url: SecretStr = Field(description="PostgreSQL as publishing_runtime: one team's rows.")
    worker_database_url: SecretStr = Field(description="PostgreSQL as publishing_worker: across teams.")
    runs_url: SecretStr | None = Field(
        None,
        description="Engine of the durable runs, which the worker needs: postgresql://... of a database of their own "
        "(DBOS) or temporal://host:port/namespace.",
    )
    drain_runs_url: SecretStr = Field(
        SecretStr(""), description="The engine in use before: runs under way there end there; empty: there is none."
    )
    runs_takeover_seconds: float = Field(
        10, ge=2, le=600, description="On Temporal: the silence after which another worker does a worker's step again."
    )
    executor_id: str = Field(
        "publishing-1", pattern="^[a-z0-9_-]{3,40}$", description="The worker's name: stable, unique among workers."
    )
    admin_address: str = Field("127.0.0.1:4004", description="host:port of admin's gRPC door.")
    discovery_address: str = Field("127.0.0.1:4002", description="host:port of discovery's gRPC door.")
    credential_key: SecretStr = Field(description="32 bytes in base64 that seal the vendors' credentials.")
    cursor_key: SecretStr = Field(min_length=16, description="Secret that signs page cursors.")
    endpoint_allowlist: frozenset[str] = Field(
        frozenset(), description="JSON list of host:port that may be private and spoken to without TLS."
    )
    event_groups: tuple[str, ...] = Field(
        ("discovery.indexing", "consumption.price_book"),
        description="JSON list of consumer groups that must have taken a publication (phase 8).",
    )
    analytics_groups: tuple[str, ...] = Field(
        ("admin.analytics",), description="JSON list of analytics groups that must have taken it (phase 9)."
    )
    approval_timeout_hours: float = Field(168, gt=0, le=24 * 365, description="How long an approver may take.")
    probe_deadline_seconds: float = Field(20, gt=0, le=120, description="Longest wait for one answer of an endpoint.")
    benchmark_plain_calls: int = Field(5, ge=1, le=100, description="Plain calls of the benchmark.")
    benchmark_streamed_calls: int = Field(3, ge=0, le=100, description="Streamed calls of the benchmark.")
