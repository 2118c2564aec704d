import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from marketplace.consumption.v1 import replies_pb2 as _replies_pb2
from marketplace.events.v1 import usage_pb2 as _usage_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CommitFramesRequest(_message.Message):
    __slots__ = ("holder", "frames")
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    holder: str
    frames: bytes
    def __init__(self, holder: _Optional[str] = ..., frames: _Optional[bytes] = ...) -> None: ...

class CommitEndsRequest(_message.Message):
    __slots__ = ("holder", "calls", "returns", "unmade")
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    RETURNS_FIELD_NUMBER: _ClassVar[int]
    UNMADE_FIELD_NUMBER: _ClassVar[int]
    holder: str
    calls: _containers.RepeatedCompositeFieldContainer[EndedCall]
    returns: _containers.RepeatedCompositeFieldContainer[LeaseReturn]
    unmade: _containers.RepeatedCompositeFieldContainer[UnmadeCall]
    def __init__(self, holder: _Optional[str] = ..., calls: _Optional[_Iterable[_Union[EndedCall, _Mapping]]] = ..., returns: _Optional[_Iterable[_Union[LeaseReturn, _Mapping]]] = ..., unmade: _Optional[_Iterable[_Union[UnmadeCall, _Mapping]]] = ...) -> None: ...

class EndedCall(_message.Message):
    __slots__ = ("usage", "charges", "reply")
    USAGE_FIELD_NUMBER: _ClassVar[int]
    CHARGES_FIELD_NUMBER: _ClassVar[int]
    REPLY_FIELD_NUMBER: _ClassVar[int]
    usage: _usage_pb2.UsageRow
    charges: _containers.RepeatedCompositeFieldContainer[ScopeCharge]
    reply: _replies_pb2.KeptReply
    def __init__(self, usage: _Optional[_Union[_usage_pb2.UsageRow, _Mapping]] = ..., charges: _Optional[_Iterable[_Union[ScopeCharge, _Mapping]]] = ..., reply: _Optional[_Union[_replies_pb2.KeptReply, _Mapping]] = ...) -> None: ...

class UnmadeCall(_message.Message):
    __slots__ = ("team_id", "call_id")
    TEAM_ID_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    team_id: str
    call_id: str
    def __init__(self, team_id: _Optional[str] = ..., call_id: _Optional[str] = ...) -> None: ...

class ScopeCharge(_message.Message):
    __slots__ = ("scope_id", "reserved", "spent", "period_ends_at")
    SCOPE_ID_FIELD_NUMBER: _ClassVar[int]
    RESERVED_FIELD_NUMBER: _ClassVar[int]
    SPENT_FIELD_NUMBER: _ClassVar[int]
    PERIOD_ENDS_AT_FIELD_NUMBER: _ClassVar[int]
    scope_id: str
    reserved: int
    spent: int
    period_ends_at: _timestamp_pb2.Timestamp
    def __init__(self, scope_id: _Optional[str] = ..., reserved: _Optional[int] = ..., spent: _Optional[int] = ..., period_ends_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class LeaseReturn(_message.Message):
    __slots__ = ("return_id", "amounts")
    RETURN_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNTS_FIELD_NUMBER: _ClassVar[int]
    return_id: str
    amounts: _containers.RepeatedCompositeFieldContainer[ScopeAmount]
    def __init__(self, return_id: _Optional[str] = ..., amounts: _Optional[_Iterable[_Union[ScopeAmount, _Mapping]]] = ...) -> None: ...

class ScopeAmount(_message.Message):
    __slots__ = ("scope_id", "amount", "period_ends_at")
    SCOPE_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    PERIOD_ENDS_AT_FIELD_NUMBER: _ClassVar[int]
    scope_id: str
    amount: int
    period_ends_at: _timestamp_pb2.Timestamp
    def __init__(self, scope_id: _Optional[str] = ..., amount: _Optional[int] = ..., period_ends_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class CommitEndsResponse(_message.Message):
    __slots__ = ("committed", "already_known")
    COMMITTED_FIELD_NUMBER: _ClassVar[int]
    ALREADY_KNOWN_FIELD_NUMBER: _ClassVar[int]
    committed: int
    already_known: int
    def __init__(self, committed: _Optional[int] = ..., already_known: _Optional[int] = ...) -> None: ...

class SealHolderRequest(_message.Message):
    __slots__ = ("holder",)
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    holder: str
    def __init__(self, holder: _Optional[str] = ...) -> None: ...

class SealHolderResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
