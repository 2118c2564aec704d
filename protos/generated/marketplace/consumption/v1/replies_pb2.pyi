from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ClaimReplyRequest(_message.Message):
    __slots__ = ("holder", "team_id", "scope_digest", "body_digest", "call_id")
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    TEAM_ID_FIELD_NUMBER: _ClassVar[int]
    SCOPE_DIGEST_FIELD_NUMBER: _ClassVar[int]
    BODY_DIGEST_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    holder: str
    team_id: str
    scope_digest: bytes
    body_digest: bytes
    call_id: str
    def __init__(self, holder: _Optional[str] = ..., team_id: _Optional[str] = ..., scope_digest: _Optional[bytes] = ..., body_digest: _Optional[bytes] = ..., call_id: _Optional[str] = ...) -> None: ...

class ClaimReplyResponse(_message.Message):
    __slots__ = ("standing", "call_id", "reply", "cost_nanodollars")
    STANDING_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    REPLY_FIELD_NUMBER: _ClassVar[int]
    COST_NANODOLLARS_FIELD_NUMBER: _ClassVar[int]
    standing: str
    call_id: str
    reply: KeptReply
    cost_nanodollars: int
    def __init__(self, standing: _Optional[str] = ..., call_id: _Optional[str] = ..., reply: _Optional[_Union[KeptReply, _Mapping]] = ..., cost_nanodollars: _Optional[int] = ...) -> None: ...

class KeptReply(_message.Message):
    __slots__ = ("fate", "status", "header_lines", "body")
    FATE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    HEADER_LINES_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    fate: str
    status: int
    header_lines: bytes
    body: bytes
    def __init__(self, fate: _Optional[str] = ..., status: _Optional[int] = ..., header_lines: _Optional[bytes] = ..., body: _Optional[bytes] = ...) -> None: ...
