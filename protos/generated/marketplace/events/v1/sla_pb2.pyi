import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SlaBreached(_message.Message):
    __slots__ = ("breach_id", "listing_id", "listing_name", "team_id", "metric", "target", "measured", "window", "began_at", "calls")
    BREACH_ID_FIELD_NUMBER: _ClassVar[int]
    LISTING_ID_FIELD_NUMBER: _ClassVar[int]
    LISTING_NAME_FIELD_NUMBER: _ClassVar[int]
    TEAM_ID_FIELD_NUMBER: _ClassVar[int]
    METRIC_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    MEASURED_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    BEGAN_AT_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    breach_id: str
    listing_id: str
    listing_name: str
    team_id: str
    metric: str
    target: float
    measured: float
    window: str
    began_at: _timestamp_pb2.Timestamp
    calls: int
    def __init__(self, breach_id: _Optional[str] = ..., listing_id: _Optional[str] = ..., listing_name: _Optional[str] = ..., team_id: _Optional[str] = ..., metric: _Optional[str] = ..., target: _Optional[float] = ..., measured: _Optional[float] = ..., window: _Optional[str] = ..., began_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., calls: _Optional[int] = ...) -> None: ...

class SlaRecovered(_message.Message):
    __slots__ = ("breach_id", "listing_id", "listing_name", "team_id", "metric", "target", "measured", "window", "began_at", "ended_at")
    BREACH_ID_FIELD_NUMBER: _ClassVar[int]
    LISTING_ID_FIELD_NUMBER: _ClassVar[int]
    LISTING_NAME_FIELD_NUMBER: _ClassVar[int]
    TEAM_ID_FIELD_NUMBER: _ClassVar[int]
    METRIC_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    MEASURED_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    BEGAN_AT_FIELD_NUMBER: _ClassVar[int]
    ENDED_AT_FIELD_NUMBER: _ClassVar[int]
    breach_id: str
    listing_id: str
    listing_name: str
    team_id: str
    metric: str
    target: float
    measured: float
    window: str
    began_at: _timestamp_pb2.Timestamp
    ended_at: _timestamp_pb2.Timestamp
    def __init__(self, breach_id: _Optional[str] = ..., listing_id: _Optional[str] = ..., listing_name: _Optional[str] = ..., team_id: _Optional[str] = ..., metric: _Optional[str] = ..., target: _Optional[float] = ..., measured: _Optional[float] = ..., window: _Optional[str] = ..., began_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ended_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SlaTargetsChanged(_message.Message):
    __slots__ = ("listing_id", "listing_name", "team_id", "actor", "latency_p95_ms", "error_rate", "uptime_percent")
    LISTING_ID_FIELD_NUMBER: _ClassVar[int]
    LISTING_NAME_FIELD_NUMBER: _ClassVar[int]
    TEAM_ID_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    LATENCY_P95_MS_FIELD_NUMBER: _ClassVar[int]
    ERROR_RATE_FIELD_NUMBER: _ClassVar[int]
    UPTIME_PERCENT_FIELD_NUMBER: _ClassVar[int]
    listing_id: str
    listing_name: str
    team_id: str
    actor: str
    latency_p95_ms: float
    error_rate: float
    uptime_percent: float
    def __init__(self, listing_id: _Optional[str] = ..., listing_name: _Optional[str] = ..., team_id: _Optional[str] = ..., actor: _Optional[str] = ..., latency_p95_ms: _Optional[float] = ..., error_rate: _Optional[float] = ..., uptime_percent: _Optional[float] = ...) -> None: ...
