from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class PolicyActivated(_message.Message):
    __slots__ = ("policy_id", "name", "version", "bundle_version", "activated_by")
    POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_VERSION_FIELD_NUMBER: _ClassVar[int]
    ACTIVATED_BY_FIELD_NUMBER: _ClassVar[int]
    policy_id: str
    name: str
    version: int
    bundle_version: int
    activated_by: str
    def __init__(self, policy_id: _Optional[str] = ..., name: _Optional[str] = ..., version: _Optional[int] = ..., bundle_version: _Optional[int] = ..., activated_by: _Optional[str] = ...) -> None: ...

class PolicyDeactivated(_message.Message):
    __slots__ = ("policy_id", "name", "version", "bundle_version", "deactivated_by")
    POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_VERSION_FIELD_NUMBER: _ClassVar[int]
    DEACTIVATED_BY_FIELD_NUMBER: _ClassVar[int]
    policy_id: str
    name: str
    version: int
    bundle_version: int
    deactivated_by: str
    def __init__(self, policy_id: _Optional[str] = ..., name: _Optional[str] = ..., version: _Optional[int] = ..., bundle_version: _Optional[int] = ..., deactivated_by: _Optional[str] = ...) -> None: ...
