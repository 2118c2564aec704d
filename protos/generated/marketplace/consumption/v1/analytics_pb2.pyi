from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CallFault(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CALL_FAULT_NONE: _ClassVar[CallFault]
    CALL_FAULT_CALLER: _ClassVar[CallFault]
    CALL_FAULT_VENDOR: _ClassVar[CallFault]
    CALL_FAULT_OURS: _ClassVar[CallFault]
CALL_FAULT_NONE: CallFault
CALL_FAULT_CALLER: CallFault
CALL_FAULT_VENDOR: CallFault
CALL_FAULT_OURS: CallFault

class RecordCallsRequest(_message.Message):
    __slots__ = ("batch_id", "groups")
    BATCH_ID_FIELD_NUMBER: _ClassVar[int]
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    batch_id: str
    groups: _containers.RepeatedCompositeFieldContainer[CallGroup]
    def __init__(self, batch_id: _Optional[str] = ..., groups: _Optional[_Iterable[_Union[CallGroup, _Mapping]]] = ...) -> None: ...

class CallGroup(_message.Message):
    __slots__ = ("listing_id", "listing_version_id", "listing_version", "model", "team_id", "streamed", "ended_at_microseconds", "status", "fault", "total_microseconds", "added_microseconds", "first_byte_microseconds", "prompt_tokens", "completion_tokens")
    LISTING_ID_FIELD_NUMBER: _ClassVar[int]
    LISTING_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    LISTING_VERSION_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    TEAM_ID_FIELD_NUMBER: _ClassVar[int]
    STREAMED_FIELD_NUMBER: _ClassVar[int]
    ENDED_AT_MICROSECONDS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    FAULT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_MICROSECONDS_FIELD_NUMBER: _ClassVar[int]
    ADDED_MICROSECONDS_FIELD_NUMBER: _ClassVar[int]
    FIRST_BYTE_MICROSECONDS_FIELD_NUMBER: _ClassVar[int]
    PROMPT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    COMPLETION_TOKENS_FIELD_NUMBER: _ClassVar[int]
    listing_id: str
    listing_version_id: str
    listing_version: str
    model: str
    team_id: str
    streamed: bool
    ended_at_microseconds: _containers.RepeatedScalarFieldContainer[int]
    status: _containers.RepeatedScalarFieldContainer[int]
    fault: _containers.RepeatedScalarFieldContainer[CallFault]
    total_microseconds: _containers.RepeatedScalarFieldContainer[int]
    added_microseconds: _containers.RepeatedScalarFieldContainer[int]
    first_byte_microseconds: _containers.RepeatedScalarFieldContainer[int]
    prompt_tokens: _containers.RepeatedScalarFieldContainer[int]
    completion_tokens: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, listing_id: _Optional[str] = ..., listing_version_id: _Optional[str] = ..., listing_version: _Optional[str] = ..., model: _Optional[str] = ..., team_id: _Optional[str] = ..., streamed: _Optional[bool] = ..., ended_at_microseconds: _Optional[_Iterable[int]] = ..., status: _Optional[_Iterable[int]] = ..., fault: _Optional[_Iterable[_Union[CallFault, str]]] = ..., total_microseconds: _Optional[_Iterable[int]] = ..., added_microseconds: _Optional[_Iterable[int]] = ..., first_byte_microseconds: _Optional[_Iterable[int]] = ..., prompt_tokens: _Optional[_Iterable[int]] = ..., completion_tokens: _Optional[_Iterable[int]] = ...) -> None: ...

class RecordCallsResponse(_message.Message):
    __slots__ = ("counted",)
    COUNTED_FIELD_NUMBER: _ClassVar[int]
    counted: int
    def __init__(self, counted: _Optional[int] = ...) -> None: ...
