import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PriceSet(_message.Message):
    __slots__ = ("listing_id", "listing_version_ids", "input_nanodollars_per_million", "output_nanodollars_per_million", "effective_from", "actor", "cached_input_nanodollars_per_million")
    LISTING_ID_FIELD_NUMBER: _ClassVar[int]
    LISTING_VERSION_IDS_FIELD_NUMBER: _ClassVar[int]
    INPUT_NANODOLLARS_PER_MILLION_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_NANODOLLARS_PER_MILLION_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_FROM_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    CACHED_INPUT_NANODOLLARS_PER_MILLION_FIELD_NUMBER: _ClassVar[int]
    listing_id: str
    listing_version_ids: _containers.RepeatedScalarFieldContainer[str]
    input_nanodollars_per_million: int
    output_nanodollars_per_million: int
    effective_from: _timestamp_pb2.Timestamp
    actor: str
    cached_input_nanodollars_per_million: int
    def __init__(self, listing_id: _Optional[str] = ..., listing_version_ids: _Optional[_Iterable[str]] = ..., input_nanodollars_per_million: _Optional[int] = ..., output_nanodollars_per_million: _Optional[int] = ..., effective_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., actor: _Optional[str] = ..., cached_input_nanodollars_per_million: _Optional[int] = ...) -> None: ...

class RecalculationStarted(_message.Message):
    __slots__ = ("run_id", "actor", "span_start", "span_end", "team_id", "listing_id", "model")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    SPAN_START_FIELD_NUMBER: _ClassVar[int]
    SPAN_END_FIELD_NUMBER: _ClassVar[int]
    TEAM_ID_FIELD_NUMBER: _ClassVar[int]
    LISTING_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    actor: str
    span_start: _timestamp_pb2.Timestamp
    span_end: _timestamp_pb2.Timestamp
    team_id: str
    listing_id: str
    model: str
    def __init__(self, run_id: _Optional[str] = ..., actor: _Optional[str] = ..., span_start: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., span_end: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., team_id: _Optional[str] = ..., listing_id: _Optional[str] = ..., model: _Optional[str] = ...) -> None: ...

class RecalculationCompleted(_message.Message):
    __slots__ = ("run_id", "actor", "calls", "corrected", "without_price", "difference_nanodollars")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    CORRECTED_FIELD_NUMBER: _ClassVar[int]
    WITHOUT_PRICE_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_NANODOLLARS_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    actor: str
    calls: int
    corrected: int
    without_price: int
    difference_nanodollars: int
    def __init__(self, run_id: _Optional[str] = ..., actor: _Optional[str] = ..., calls: _Optional[int] = ..., corrected: _Optional[int] = ..., without_price: _Optional[int] = ..., difference_nanodollars: _Optional[int] = ...) -> None: ...

class RecalculationFailed(_message.Message):
    __slots__ = ("run_id", "actor", "reason", "calls", "corrected")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    CORRECTED_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    actor: str
    reason: str
    calls: int
    corrected: int
    def __init__(self, run_id: _Optional[str] = ..., actor: _Optional[str] = ..., reason: _Optional[str] = ..., calls: _Optional[int] = ..., corrected: _Optional[int] = ...) -> None: ...
