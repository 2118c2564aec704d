from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class RequestApprovalRequest(_message.Message):
    __slots__ = ("subject_kind", "subject_id", "team_id", "requested_by", "title", "category", "risk", "evidence_json")
    SUBJECT_KIND_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    TEAM_ID_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_BY_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    RISK_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_JSON_FIELD_NUMBER: _ClassVar[int]
    subject_kind: str
    subject_id: str
    team_id: str
    requested_by: str
    title: str
    category: str
    risk: str
    evidence_json: str
    def __init__(self, subject_kind: _Optional[str] = ..., subject_id: _Optional[str] = ..., team_id: _Optional[str] = ..., requested_by: _Optional[str] = ..., title: _Optional[str] = ..., category: _Optional[str] = ..., risk: _Optional[str] = ..., evidence_json: _Optional[str] = ...) -> None: ...

class RequestApprovalResponse(_message.Message):
    __slots__ = ("approval_id", "state", "decided_by", "comment")
    APPROVAL_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    DECIDED_BY_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    approval_id: str
    state: str
    decided_by: str
    comment: str
    def __init__(self, approval_id: _Optional[str] = ..., state: _Optional[str] = ..., decided_by: _Optional[str] = ..., comment: _Optional[str] = ...) -> None: ...

class WithdrawApprovalRequest(_message.Message):
    __slots__ = ("subject_kind", "subject_id", "reason")
    SUBJECT_KIND_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    subject_kind: str
    subject_id: str
    reason: str
    def __init__(self, subject_kind: _Optional[str] = ..., subject_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class WithdrawApprovalResponse(_message.Message):
    __slots__ = ("state",)
    STATE_FIELD_NUMBER: _ClassVar[int]
    state: str
    def __init__(self, state: _Optional[str] = ...) -> None: ...
