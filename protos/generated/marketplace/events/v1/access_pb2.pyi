import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AccessRequested(_message.Message):
    __slots__ = ("request_id", "team_id", "team_slug", "account_id", "listing_id", "listing_name", "listing_team_id", "purpose", "monthly_tokens", "monthly_nanodollars", "expires_at")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TEAM_ID_FIELD_NUMBER: _ClassVar[int]
    TEAM_SLUG_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    LISTING_ID_FIELD_NUMBER: _ClassVar[int]
    LISTING_NAME_FIELD_NUMBER: _ClassVar[int]
    LISTING_TEAM_ID_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    MONTHLY_TOKENS_FIELD_NUMBER: _ClassVar[int]
    MONTHLY_NANODOLLARS_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    team_id: str
    team_slug: str
    account_id: str
    listing_id: str
    listing_name: str
    listing_team_id: str
    purpose: str
    monthly_tokens: int
    monthly_nanodollars: int
    expires_at: _timestamp_pb2.Timestamp
    def __init__(self, request_id: _Optional[str] = ..., team_id: _Optional[str] = ..., team_slug: _Optional[str] = ..., account_id: _Optional[str] = ..., listing_id: _Optional[str] = ..., listing_name: _Optional[str] = ..., listing_team_id: _Optional[str] = ..., purpose: _Optional[str] = ..., monthly_tokens: _Optional[int] = ..., monthly_nanodollars: _Optional[int] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class AccessWithdrawn(_message.Message):
    __slots__ = ("request_id", "team_id", "actor")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TEAM_ID_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    team_id: str
    actor: str
    def __init__(self, request_id: _Optional[str] = ..., team_id: _Optional[str] = ..., actor: _Optional[str] = ...) -> None: ...

class AccessGranted(_message.Message):
    __slots__ = ("request_id", "team_id", "key_id", "decided_by")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TEAM_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    DECIDED_BY_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    team_id: str
    key_id: str
    decided_by: str
    def __init__(self, request_id: _Optional[str] = ..., team_id: _Optional[str] = ..., key_id: _Optional[str] = ..., decided_by: _Optional[str] = ...) -> None: ...

class AccessRefused(_message.Message):
    __slots__ = ("request_id", "team_id", "decided_by", "comment")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TEAM_ID_FIELD_NUMBER: _ClassVar[int]
    DECIDED_BY_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    team_id: str
    decided_by: str
    comment: str
    def __init__(self, request_id: _Optional[str] = ..., team_id: _Optional[str] = ..., decided_by: _Optional[str] = ..., comment: _Optional[str] = ...) -> None: ...

class AccessCollected(_message.Message):
    __slots__ = ("request_id", "team_id", "key_id", "actor")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TEAM_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    team_id: str
    key_id: str
    actor: str
    def __init__(self, request_id: _Optional[str] = ..., team_id: _Optional[str] = ..., key_id: _Optional[str] = ..., actor: _Optional[str] = ...) -> None: ...
