"""What a version of a listing says about itself: written once, never changed."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Endpoint:
    """Where a call goes: the base URL such as https://vendor.example/v1, the wire format, the model's name there."""

    url: str
    protocol: str
    model: str
    auth: str


@dataclass(frozen=True)
class Prices:
    """Nano-dollars per million tokens; None is unknown, which is never 0.

    `model` is free, usage, subscription or unknown. `cached_input` is that of cached prompt tokens, None where they
    cost what other prompt tokens cost.
    """

    model: str = "unknown"
    input: int | None = None
    output: int | None = None
    cached_input: int | None = None


@dataclass(frozen=True)
class ServiceLevel:
    """What the publisher promises."""

    uptime_percent: float | None = None
    latency_p95_ms: int | None = None


@dataclass(frozen=True)
class VersionContent:
    """Everything a reader may know about a version; its credential and its document are kept apart."""

    title: str
    description: str
    category: str
    provider: str
    visibility: str
    tags: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    input_modalities: tuple[str, ...] = ("text",)
    output_modalities: tuple[str, ...] = ("text",)
    context_length: int | None = None
    max_output_tokens: int | None = None
    prices: Prices = field(default_factory=Prices)
    compliance: tuple[str, ...] = ()
    certifications: tuple[str, ...] = ()
    data_residency: tuple[str, ...] = ()
    sla: ServiceLevel = field(default_factory=ServiceLevel)
    licence: str = ""
    endpoint: Endpoint | None = None


@dataclass(frozen=True)
class Measurements:
    """What the pipeline measured: milliseconds, output tokens per second, a share of failed calls, RFC 3339 time."""

    latency_p50_ms: float | None = None
    latency_p95_ms: float | None = None
    latency_p99_ms: float | None = None
    error_rate: float | None = None
    time_to_first_token_ms: float | None = None
    throughput_per_second: float | None = None
    measured_at: str | None = None


@dataclass(frozen=True)
class Document:
    """The OpenAPI document of a version, as bytes that were not judged yet."""

    content_type: str
    raw: bytes
