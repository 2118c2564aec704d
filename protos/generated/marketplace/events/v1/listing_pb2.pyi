import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListingSnapshot(_message.Message):
    __slots__ = ("listing_id", "listing_version_id", "team_id", "team_slug", "name", "title", "version", "description", "category", "tags", "provider", "protocol", "capabilities", "input_modalities", "output_modalities", "context_length", "max_output_tokens", "pricing", "compliance", "certifications", "data_residency", "sla", "visibility", "state", "licence", "revision", "created_at", "updated_at", "measurements", "upstream_model", "sunset_at", "successor", "published_by", "deprecation_reason", "deprecated_at")
    LISTING_ID_FIELD_NUMBER: _ClassVar[int]
    LISTING_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    TEAM_ID_FIELD_NUMBER: _ClassVar[int]
    TEAM_SLUG_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    INPUT_MODALITIES_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_MODALITIES_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_LENGTH_FIELD_NUMBER: _ClassVar[int]
    MAX_OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    PRICING_FIELD_NUMBER: _ClassVar[int]
    COMPLIANCE_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATIONS_FIELD_NUMBER: _ClassVar[int]
    DATA_RESIDENCY_FIELD_NUMBER: _ClassVar[int]
    SLA_FIELD_NUMBER: _ClassVar[int]
    VISIBILITY_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    LICENCE_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    MEASUREMENTS_FIELD_NUMBER: _ClassVar[int]
    UPSTREAM_MODEL_FIELD_NUMBER: _ClassVar[int]
    SUNSET_AT_FIELD_NUMBER: _ClassVar[int]
    SUCCESSOR_FIELD_NUMBER: _ClassVar[int]
    PUBLISHED_BY_FIELD_NUMBER: _ClassVar[int]
    DEPRECATION_REASON_FIELD_NUMBER: _ClassVar[int]
    DEPRECATED_AT_FIELD_NUMBER: _ClassVar[int]
    listing_id: str
    listing_version_id: str
    team_id: str
    team_slug: str
    name: str
    title: str
    version: str
    description: str
    category: str
    tags: _containers.RepeatedScalarFieldContainer[str]
    provider: str
    protocol: str
    capabilities: _containers.RepeatedScalarFieldContainer[str]
    input_modalities: _containers.RepeatedScalarFieldContainer[str]
    output_modalities: _containers.RepeatedScalarFieldContainer[str]
    context_length: int
    max_output_tokens: int
    pricing: Pricing
    compliance: _containers.RepeatedScalarFieldContainer[str]
    certifications: _containers.RepeatedScalarFieldContainer[str]
    data_residency: _containers.RepeatedScalarFieldContainer[str]
    sla: ServiceLevel
    visibility: str
    state: str
    licence: str
    revision: int
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    measurements: Measurements
    upstream_model: str
    sunset_at: _timestamp_pb2.Timestamp
    successor: str
    published_by: str
    deprecation_reason: str
    deprecated_at: _timestamp_pb2.Timestamp
    def __init__(self, listing_id: _Optional[str] = ..., listing_version_id: _Optional[str] = ..., team_id: _Optional[str] = ..., team_slug: _Optional[str] = ..., name: _Optional[str] = ..., title: _Optional[str] = ..., version: _Optional[str] = ..., description: _Optional[str] = ..., category: _Optional[str] = ..., tags: _Optional[_Iterable[str]] = ..., provider: _Optional[str] = ..., protocol: _Optional[str] = ..., capabilities: _Optional[_Iterable[str]] = ..., input_modalities: _Optional[_Iterable[str]] = ..., output_modalities: _Optional[_Iterable[str]] = ..., context_length: _Optional[int] = ..., max_output_tokens: _Optional[int] = ..., pricing: _Optional[_Union[Pricing, _Mapping]] = ..., compliance: _Optional[_Iterable[str]] = ..., certifications: _Optional[_Iterable[str]] = ..., data_residency: _Optional[_Iterable[str]] = ..., sla: _Optional[_Union[ServiceLevel, _Mapping]] = ..., visibility: _Optional[str] = ..., state: _Optional[str] = ..., licence: _Optional[str] = ..., revision: _Optional[int] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., measurements: _Optional[_Union[Measurements, _Mapping]] = ..., upstream_model: _Optional[str] = ..., sunset_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., successor: _Optional[str] = ..., published_by: _Optional[str] = ..., deprecation_reason: _Optional[str] = ..., deprecated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Pricing(_message.Message):
    __slots__ = ("model", "input_nanodollars_per_million", "output_nanodollars_per_million", "cached_input_nanodollars_per_million")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    INPUT_NANODOLLARS_PER_MILLION_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_NANODOLLARS_PER_MILLION_FIELD_NUMBER: _ClassVar[int]
    CACHED_INPUT_NANODOLLARS_PER_MILLION_FIELD_NUMBER: _ClassVar[int]
    model: str
    input_nanodollars_per_million: int
    output_nanodollars_per_million: int
    cached_input_nanodollars_per_million: int
    def __init__(self, model: _Optional[str] = ..., input_nanodollars_per_million: _Optional[int] = ..., output_nanodollars_per_million: _Optional[int] = ..., cached_input_nanodollars_per_million: _Optional[int] = ...) -> None: ...

class ServiceLevel(_message.Message):
    __slots__ = ("uptime_percent", "latency_p95_ms")
    UPTIME_PERCENT_FIELD_NUMBER: _ClassVar[int]
    LATENCY_P95_MS_FIELD_NUMBER: _ClassVar[int]
    uptime_percent: float
    latency_p95_ms: int
    def __init__(self, uptime_percent: _Optional[float] = ..., latency_p95_ms: _Optional[int] = ...) -> None: ...

class Measurements(_message.Message):
    __slots__ = ("latency_p50_ms", "latency_p95_ms", "latency_p99_ms", "error_rate", "time_to_first_token_ms", "throughput_per_second", "measured_at")
    LATENCY_P50_MS_FIELD_NUMBER: _ClassVar[int]
    LATENCY_P95_MS_FIELD_NUMBER: _ClassVar[int]
    LATENCY_P99_MS_FIELD_NUMBER: _ClassVar[int]
    ERROR_RATE_FIELD_NUMBER: _ClassVar[int]
    TIME_TO_FIRST_TOKEN_MS_FIELD_NUMBER: _ClassVar[int]
    THROUGHPUT_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    MEASURED_AT_FIELD_NUMBER: _ClassVar[int]
    latency_p50_ms: float
    latency_p95_ms: float
    latency_p99_ms: float
    error_rate: float
    time_to_first_token_ms: float
    throughput_per_second: float
    measured_at: _timestamp_pb2.Timestamp
    def __init__(self, latency_p50_ms: _Optional[float] = ..., latency_p95_ms: _Optional[float] = ..., latency_p99_ms: _Optional[float] = ..., error_rate: _Optional[float] = ..., time_to_first_token_ms: _Optional[float] = ..., throughput_per_second: _Optional[float] = ..., measured_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListingSubmitted(_message.Message):
    __slots__ = ("listing", "run_id")
    LISTING_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    listing: ListingSnapshot
    run_id: str
    def __init__(self, listing: _Optional[_Union[ListingSnapshot, _Mapping]] = ..., run_id: _Optional[str] = ...) -> None: ...

class ListingValidated(_message.Message):
    __slots__ = ("listing_id", "listing_version_id", "warnings")
    LISTING_ID_FIELD_NUMBER: _ClassVar[int]
    LISTING_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    listing_id: str
    listing_version_id: str
    warnings: int
    def __init__(self, listing_id: _Optional[str] = ..., listing_version_id: _Optional[str] = ..., warnings: _Optional[int] = ...) -> None: ...

class ListingPublished(_message.Message):
    __slots__ = ("listing",)
    LISTING_FIELD_NUMBER: _ClassVar[int]
    listing: ListingSnapshot
    def __init__(self, listing: _Optional[_Union[ListingSnapshot, _Mapping]] = ...) -> None: ...

class ListingRejected(_message.Message):
    __slots__ = ("listing", "phase", "code", "message", "rejected_version_id")
    LISTING_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    REJECTED_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    listing: ListingSnapshot
    phase: str
    code: str
    message: str
    rejected_version_id: str
    def __init__(self, listing: _Optional[_Union[ListingSnapshot, _Mapping]] = ..., phase: _Optional[str] = ..., code: _Optional[str] = ..., message: _Optional[str] = ..., rejected_version_id: _Optional[str] = ...) -> None: ...

class ListingCatalogued(_message.Message):
    __slots__ = ("listing",)
    LISTING_FIELD_NUMBER: _ClassVar[int]
    listing: ListingSnapshot
    def __init__(self, listing: _Optional[_Union[ListingSnapshot, _Mapping]] = ...) -> None: ...

class ListingDeprecated(_message.Message):
    __slots__ = ("listing",)
    LISTING_FIELD_NUMBER: _ClassVar[int]
    listing: ListingSnapshot
    def __init__(self, listing: _Optional[_Union[ListingSnapshot, _Mapping]] = ...) -> None: ...

class ListingRetired(_message.Message):
    __slots__ = ("listing",)
    LISTING_FIELD_NUMBER: _ClassVar[int]
    listing: ListingSnapshot
    def __init__(self, listing: _Optional[_Union[ListingSnapshot, _Mapping]] = ...) -> None: ...

class ListingRolledBack(_message.Message):
    __slots__ = ("listing", "withdrawn_version_id")
    LISTING_FIELD_NUMBER: _ClassVar[int]
    WITHDRAWN_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    listing: ListingSnapshot
    withdrawn_version_id: str
    def __init__(self, listing: _Optional[_Union[ListingSnapshot, _Mapping]] = ..., withdrawn_version_id: _Optional[str] = ...) -> None: ...
