import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class InvoiceRegistered(_message.Message):
    __slots__ = ("invoice_id", "provider", "actor", "lines")
    INVOICE_ID_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    invoice_id: str
    provider: str
    actor: str
    lines: int
    def __init__(self, invoice_id: _Optional[str] = ..., provider: _Optional[str] = ..., actor: _Optional[str] = ..., lines: _Optional[int] = ...) -> None: ...

class CallsReconciled(_message.Message):
    __slots__ = ("invoice_id", "team_id", "actor", "calls")
    INVOICE_ID_FIELD_NUMBER: _ClassVar[int]
    TEAM_ID_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    invoice_id: str
    team_id: str
    actor: str
    calls: _containers.RepeatedCompositeFieldContainer[ReconciledCall]
    def __init__(self, invoice_id: _Optional[str] = ..., team_id: _Optional[str] = ..., actor: _Optional[str] = ..., calls: _Optional[_Iterable[_Union[ReconciledCall, _Mapping]]] = ...) -> None: ...

class ReconciledCall(_message.Message):
    __slots__ = ("call_id", "started_at", "settled", "prompt_tokens", "completion_tokens", "cost_nanodollars")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    SETTLED_FIELD_NUMBER: _ClassVar[int]
    PROMPT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    COMPLETION_TOKENS_FIELD_NUMBER: _ClassVar[int]
    COST_NANODOLLARS_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    started_at: _timestamp_pb2.Timestamp
    settled: bool
    prompt_tokens: int
    completion_tokens: int
    cost_nanodollars: int
    def __init__(self, call_id: _Optional[str] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., settled: _Optional[bool] = ..., prompt_tokens: _Optional[int] = ..., completion_tokens: _Optional[int] = ..., cost_nanodollars: _Optional[int] = ...) -> None: ...
