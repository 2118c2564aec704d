import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class UsageRecorded(_message.Message):
    __slots__ = ("rows",)
    ROWS_FIELD_NUMBER: _ClassVar[int]
    rows: _containers.RepeatedCompositeFieldContainer[UsageRow]
    def __init__(self, rows: _Optional[_Iterable[_Union[UsageRow, _Mapping]]] = ...) -> None: ...

class UsageRow(_message.Message):
    __slots__ = ("call_id", "team_id", "account_id", "key_id", "listing_id", "listing_name", "listing_version", "provider", "model", "prompt_tokens", "completion_tokens", "cost_nanodollars", "outcome", "estimated", "streamed", "status", "started_at", "duration_microseconds", "first_byte_microseconds", "price_id", "listing_version_id", "cached_prompt_tokens", "policy_version")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    TEAM_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    LISTING_ID_FIELD_NUMBER: _ClassVar[int]
    LISTING_NAME_FIELD_NUMBER: _ClassVar[int]
    LISTING_VERSION_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    PROMPT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    COMPLETION_TOKENS_FIELD_NUMBER: _ClassVar[int]
    COST_NANODOLLARS_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    ESTIMATED_FIELD_NUMBER: _ClassVar[int]
    STREAMED_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    DURATION_MICROSECONDS_FIELD_NUMBER: _ClassVar[int]
    FIRST_BYTE_MICROSECONDS_FIELD_NUMBER: _ClassVar[int]
    PRICE_ID_FIELD_NUMBER: _ClassVar[int]
    LISTING_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    CACHED_PROMPT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    team_id: str
    account_id: str
    key_id: str
    listing_id: str
    listing_name: str
    listing_version: str
    provider: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    cost_nanodollars: int
    outcome: str
    estimated: bool
    streamed: bool
    status: int
    started_at: _timestamp_pb2.Timestamp
    duration_microseconds: int
    first_byte_microseconds: int
    price_id: str
    listing_version_id: str
    cached_prompt_tokens: int
    policy_version: int
    def __init__(self, call_id: _Optional[str] = ..., team_id: _Optional[str] = ..., account_id: _Optional[str] = ..., key_id: _Optional[str] = ..., listing_id: _Optional[str] = ..., listing_name: _Optional[str] = ..., listing_version: _Optional[str] = ..., provider: _Optional[str] = ..., model: _Optional[str] = ..., prompt_tokens: _Optional[int] = ..., completion_tokens: _Optional[int] = ..., cost_nanodollars: _Optional[int] = ..., outcome: _Optional[str] = ..., estimated: _Optional[bool] = ..., streamed: _Optional[bool] = ..., status: _Optional[int] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., duration_microseconds: _Optional[int] = ..., first_byte_microseconds: _Optional[int] = ..., price_id: _Optional[str] = ..., listing_version_id: _Optional[str] = ..., cached_prompt_tokens: _Optional[int] = ..., policy_version: _Optional[int] = ...) -> None: ...
