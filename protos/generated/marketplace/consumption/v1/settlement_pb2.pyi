from marketplace.events.v1 import usage_pb2 as _usage_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CommitCallsRequest(_message.Message):
    __slots__ = ("holder", "calls")
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    holder: str
    calls: _containers.RepeatedCompositeFieldContainer[EndedCall]
    def __init__(self, holder: _Optional[str] = ..., calls: _Optional[_Iterable[_Union[EndedCall, _Mapping]]] = ...) -> None: ...

class EndedCall(_message.Message):
    __slots__ = ("usage", "debits")
    USAGE_FIELD_NUMBER: _ClassVar[int]
    DEBITS_FIELD_NUMBER: _ClassVar[int]
    usage: _usage_pb2.UsageRow
    debits: _containers.RepeatedCompositeFieldContainer[ScopeDebit]
    def __init__(self, usage: _Optional[_Union[_usage_pb2.UsageRow, _Mapping]] = ..., debits: _Optional[_Iterable[_Union[ScopeDebit, _Mapping]]] = ...) -> None: ...

class ScopeDebit(_message.Message):
    __slots__ = ("scope_id", "reserved", "used")
    SCOPE_ID_FIELD_NUMBER: _ClassVar[int]
    RESERVED_FIELD_NUMBER: _ClassVar[int]
    USED_FIELD_NUMBER: _ClassVar[int]
    scope_id: str
    reserved: int
    used: int
    def __init__(self, scope_id: _Optional[str] = ..., reserved: _Optional[int] = ..., used: _Optional[int] = ...) -> None: ...

class CommitCallsResponse(_message.Message):
    __slots__ = ("committed", "already_known")
    COMMITTED_FIELD_NUMBER: _ClassVar[int]
    ALREADY_KNOWN_FIELD_NUMBER: _ClassVar[int]
    committed: int
    already_known: int
    def __init__(self, committed: _Optional[int] = ..., already_known: _Optional[int] = ...) -> None: ...
