"""Every knob of the demo provider, read once."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from chassis.settings import ProcessSettings
from demo_provider.faults.rules import Fault


class DemoProviderSettings(ProcessSettings):
    """Variables start with DEMO_PROVIDER_."""

    model_config = SettingsConfigDict(
        frozen=True, env_prefix="DEMO_PROVIDER_", env_nested_delimiter="__", extra="ignore"
    )

    http_port: int = Field(3010, ge=0, le=65535, description="Port of the HTTP door; 0 takes a free one.")
    api_key: SecretStr = Field(min_length=16, description="The vendor key that callers must show.")
    ledger_file: Path | None = Field(
        None, description="JSONL file that gets one line for each answer; none: no ledger."
    )
    latency_ms: int = Field(0, ge=0, le=600_000, description="Wait before each answer.")
    pace_ms: int = Field(0, ge=0, le=60_000, description="Wait before each token of a stream.")
    reply_tokens: int = Field(
        0, ge=0, le=32_768, description="Length of each reply in tokens; 0 leaves it as it comes."
    )
    fault: Fault = Field(Fault.NONE, description="Misbehave in this way at every call.")
    steerable: bool = Field(False, description="Let callers choose latency, pace and fault by x-demo- headers.")
