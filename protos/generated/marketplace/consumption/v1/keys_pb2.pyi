import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetKeyByDigestRequest(_message.Message):
    __slots__ = ("digest", "proof")
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    digest: bytes
    proof: bytes
    def __init__(self, digest: _Optional[bytes] = ..., proof: _Optional[bytes] = ...) -> None: ...

class GetKeyByDigestResponse(_message.Message):
    __slots__ = ("key",)
    KEY_FIELD_NUMBER: _ClassVar[int]
    key: KeyRecord
    def __init__(self, key: _Optional[_Union[KeyRecord, _Mapping]] = ...) -> None: ...

class KeyRecord(_message.Message):
    __slots__ = ("key_id", "team_id", "account_id", "name", "allowed_listings", "expires_at", "state", "requests_per_second", "burst", "scopes", "team_slug", "permissions", "max_concurrency", "allowed_models", "tokens_per_minute")
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    TEAM_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_LISTINGS_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    BURST_FIELD_NUMBER: _ClassVar[int]
    SCOPES_FIELD_NUMBER: _ClassVar[int]
    TEAM_SLUG_FIELD_NUMBER: _ClassVar[int]
    PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
    MAX_CONCURRENCY_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_MODELS_FIELD_NUMBER: _ClassVar[int]
    TOKENS_PER_MINUTE_FIELD_NUMBER: _ClassVar[int]
    key_id: str
    team_id: str
    account_id: str
    name: str
    allowed_listings: _containers.RepeatedScalarFieldContainer[str]
    expires_at: _timestamp_pb2.Timestamp
    state: str
    requests_per_second: float
    burst: float
    scopes: _containers.RepeatedCompositeFieldContainer[LimitedScope]
    team_slug: str
    permissions: _containers.RepeatedScalarFieldContainer[str]
    max_concurrency: int
    allowed_models: _containers.RepeatedScalarFieldContainer[str]
    tokens_per_minute: int
    def __init__(self, key_id: _Optional[str] = ..., team_id: _Optional[str] = ..., account_id: _Optional[str] = ..., name: _Optional[str] = ..., allowed_listings: _Optional[_Iterable[str]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., state: _Optional[str] = ..., requests_per_second: _Optional[float] = ..., burst: _Optional[float] = ..., scopes: _Optional[_Iterable[_Union[LimitedScope, _Mapping]]] = ..., team_slug: _Optional[str] = ..., permissions: _Optional[_Iterable[str]] = ..., max_concurrency: _Optional[int] = ..., allowed_models: _Optional[_Iterable[str]] = ..., tokens_per_minute: _Optional[int] = ...) -> None: ...

class LimitedScope(_message.Message):
    __slots__ = ("scope_id", "kind", "unit", "limit", "resets_at")
    SCOPE_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    RESETS_AT_FIELD_NUMBER: _ClassVar[int]
    scope_id: str
    kind: str
    unit: str
    limit: int
    resets_at: _timestamp_pb2.Timestamp
    def __init__(self, scope_id: _Optional[str] = ..., kind: _Optional[str] = ..., unit: _Optional[str] = ..., limit: _Optional[int] = ..., resets_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class WatchKeyChangesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class KeyChange(_message.Message):
    __slots__ = ("key_id", "team_id", "every_key")
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    TEAM_ID_FIELD_NUMBER: _ClassVar[int]
    EVERY_KEY_FIELD_NUMBER: _ClassVar[int]
    key_id: str
    team_id: str
    every_key: bool
    def __init__(self, key_id: _Optional[str] = ..., team_id: _Optional[str] = ..., every_key: _Optional[bool] = ...) -> None: ...
