import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AcquireLeasesRequest(_message.Message):
    __slots__ = ("holder", "request_id", "wishes", "recall", "done_below")
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    WISHES_FIELD_NUMBER: _ClassVar[int]
    RECALL_FIELD_NUMBER: _ClassVar[int]
    DONE_BELOW_FIELD_NUMBER: _ClassVar[int]
    holder: str
    request_id: str
    wishes: _containers.RepeatedCompositeFieldContainer[LeaseWish]
    recall: bool
    done_below: str
    def __init__(self, holder: _Optional[str] = ..., request_id: _Optional[str] = ..., wishes: _Optional[_Iterable[_Union[LeaseWish, _Mapping]]] = ..., recall: _Optional[bool] = ..., done_below: _Optional[str] = ...) -> None: ...

class LeaseWish(_message.Message):
    __slots__ = ("scope_id", "needed", "wanted")
    SCOPE_ID_FIELD_NUMBER: _ClassVar[int]
    NEEDED_FIELD_NUMBER: _ClassVar[int]
    WANTED_FIELD_NUMBER: _ClassVar[int]
    scope_id: str
    needed: int
    wanted: int
    def __init__(self, scope_id: _Optional[str] = ..., needed: _Optional[int] = ..., wanted: _Optional[int] = ...) -> None: ...

class AcquireLeasesResponse(_message.Message):
    __slots__ = ("granted", "short")
    GRANTED_FIELD_NUMBER: _ClassVar[int]
    SHORT_FIELD_NUMBER: _ClassVar[int]
    granted: _containers.RepeatedCompositeFieldContainer[Lease]
    short: _containers.RepeatedCompositeFieldContainer[ScopeShort]
    def __init__(self, granted: _Optional[_Iterable[_Union[Lease, _Mapping]]] = ..., short: _Optional[_Iterable[_Union[ScopeShort, _Mapping]]] = ...) -> None: ...

class Lease(_message.Message):
    __slots__ = ("scope_id", "amount", "remaining", "period_ends_at", "number")
    SCOPE_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    REMAINING_FIELD_NUMBER: _ClassVar[int]
    PERIOD_ENDS_AT_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    scope_id: str
    amount: int
    remaining: int
    period_ends_at: _timestamp_pb2.Timestamp
    number: int
    def __init__(self, scope_id: _Optional[str] = ..., amount: _Optional[int] = ..., remaining: _Optional[int] = ..., period_ends_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., number: _Optional[int] = ...) -> None: ...

class ScopeShort(_message.Message):
    __slots__ = ("scope_id", "limit", "remaining", "resets_at", "unanswered")
    SCOPE_ID_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    REMAINING_FIELD_NUMBER: _ClassVar[int]
    RESETS_AT_FIELD_NUMBER: _ClassVar[int]
    UNANSWERED_FIELD_NUMBER: _ClassVar[int]
    scope_id: str
    limit: int
    remaining: int
    resets_at: _timestamp_pb2.Timestamp
    unanswered: int
    def __init__(self, scope_id: _Optional[str] = ..., limit: _Optional[int] = ..., remaining: _Optional[int] = ..., resets_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., unanswered: _Optional[int] = ...) -> None: ...

class WatchRecallsRequest(_message.Message):
    __slots__ = ("holder",)
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    holder: str
    def __init__(self, holder: _Optional[str] = ...) -> None: ...

class LeaseRecall(_message.Message):
    __slots__ = ("scope_id", "period_ends_at", "number")
    SCOPE_ID_FIELD_NUMBER: _ClassVar[int]
    PERIOD_ENDS_AT_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    scope_id: str
    period_ends_at: _timestamp_pb2.Timestamp
    number: int
    def __init__(self, scope_id: _Optional[str] = ..., period_ends_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., number: _Optional[int] = ...) -> None: ...

class ReturnLeasesRequest(_message.Message):
    __slots__ = ("holder", "return_id", "given")
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    RETURN_ID_FIELD_NUMBER: _ClassVar[int]
    GIVEN_FIELD_NUMBER: _ClassVar[int]
    holder: str
    return_id: str
    given: _containers.RepeatedCompositeFieldContainer[GivenBack]
    def __init__(self, holder: _Optional[str] = ..., return_id: _Optional[str] = ..., given: _Optional[_Iterable[_Union[GivenBack, _Mapping]]] = ...) -> None: ...

class GivenBack(_message.Message):
    __slots__ = ("scope_id", "period_ends_at", "amount", "recall", "newest_grant")
    SCOPE_ID_FIELD_NUMBER: _ClassVar[int]
    PERIOD_ENDS_AT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    RECALL_FIELD_NUMBER: _ClassVar[int]
    NEWEST_GRANT_FIELD_NUMBER: _ClassVar[int]
    scope_id: str
    period_ends_at: _timestamp_pb2.Timestamp
    amount: int
    recall: int
    newest_grant: int
    def __init__(self, scope_id: _Optional[str] = ..., period_ends_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., amount: _Optional[int] = ..., recall: _Optional[int] = ..., newest_grant: _Optional[int] = ...) -> None: ...

class ReturnLeasesResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
