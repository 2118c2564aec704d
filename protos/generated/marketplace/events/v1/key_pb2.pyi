import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class KeyCreated(_message.Message):
    __slots__ = ("key_id", "team_id", "account_id", "name", "created_at", "actor", "access_request_id")
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    TEAM_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    ACCESS_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    key_id: str
    team_id: str
    account_id: str
    name: str
    created_at: _timestamp_pb2.Timestamp
    actor: str
    access_request_id: str
    def __init__(self, key_id: _Optional[str] = ..., team_id: _Optional[str] = ..., account_id: _Optional[str] = ..., name: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., actor: _Optional[str] = ..., access_request_id: _Optional[str] = ...) -> None: ...

class KeyChanged(_message.Message):
    __slots__ = ("key_id", "team_id", "actor", "changed")
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    TEAM_ID_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    key_id: str
    team_id: str
    actor: str
    changed: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, key_id: _Optional[str] = ..., team_id: _Optional[str] = ..., actor: _Optional[str] = ..., changed: _Optional[_Iterable[str]] = ...) -> None: ...

class KeyRevoked(_message.Message):
    __slots__ = ("key_id", "team_id", "revoked_at", "actor")
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    TEAM_ID_FIELD_NUMBER: _ClassVar[int]
    REVOKED_AT_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    key_id: str
    team_id: str
    revoked_at: _timestamp_pb2.Timestamp
    actor: str
    def __init__(self, key_id: _Optional[str] = ..., team_id: _Optional[str] = ..., revoked_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., actor: _Optional[str] = ...) -> None: ...

class KeyRotated(_message.Message):
    __slots__ = ("key_id", "team_id", "actor", "generation", "previous_ends_at")
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    TEAM_ID_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_ENDS_AT_FIELD_NUMBER: _ClassVar[int]
    key_id: str
    team_id: str
    actor: str
    generation: int
    previous_ends_at: _timestamp_pb2.Timestamp
    def __init__(self, key_id: _Optional[str] = ..., team_id: _Optional[str] = ..., actor: _Optional[str] = ..., generation: _Optional[int] = ..., previous_ends_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class TierChanged(_message.Message):
    __slots__ = ("name", "actor", "requests_per_second", "burst", "tokens_per_minute", "max_concurrency", "monthly_tokens")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    BURST_FIELD_NUMBER: _ClassVar[int]
    TOKENS_PER_MINUTE_FIELD_NUMBER: _ClassVar[int]
    MAX_CONCURRENCY_FIELD_NUMBER: _ClassVar[int]
    MONTHLY_TOKENS_FIELD_NUMBER: _ClassVar[int]
    name: str
    actor: str
    requests_per_second: float
    burst: float
    tokens_per_minute: int
    max_concurrency: int
    monthly_tokens: int
    def __init__(self, name: _Optional[str] = ..., actor: _Optional[str] = ..., requests_per_second: _Optional[float] = ..., burst: _Optional[float] = ..., tokens_per_minute: _Optional[int] = ..., max_concurrency: _Optional[int] = ..., monthly_tokens: _Optional[int] = ...) -> None: ...

class BudgetChanged(_message.Message):
    __slots__ = ("kind", "subject_id", "team_id", "actor", "monthly_tokens", "monthly_nanodollars")
    KIND_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    TEAM_ID_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    MONTHLY_TOKENS_FIELD_NUMBER: _ClassVar[int]
    MONTHLY_NANODOLLARS_FIELD_NUMBER: _ClassVar[int]
    kind: str
    subject_id: str
    team_id: str
    actor: str
    monthly_tokens: int
    monthly_nanodollars: int
    def __init__(self, kind: _Optional[str] = ..., subject_id: _Optional[str] = ..., team_id: _Optional[str] = ..., actor: _Optional[str] = ..., monthly_tokens: _Optional[int] = ..., monthly_nanodollars: _Optional[int] = ...) -> None: ...
