from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class WatchBundleRequest(_message.Message):
    __slots__ = ("known_version", "known_hash")
    KNOWN_VERSION_FIELD_NUMBER: _ClassVar[int]
    KNOWN_HASH_FIELD_NUMBER: _ClassVar[int]
    known_version: int
    known_hash: str
    def __init__(self, known_version: _Optional[int] = ..., known_hash: _Optional[str] = ...) -> None: ...

class WatchBundleResponse(_message.Message):
    __slots__ = ("bundle",)
    BUNDLE_FIELD_NUMBER: _ClassVar[int]
    bundle: PolicyBundle
    def __init__(self, bundle: _Optional[_Union[PolicyBundle, _Mapping]] = ...) -> None: ...

class PolicyBundle(_message.Message):
    __slots__ = ("version", "content_hash", "policies")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CONTENT_HASH_FIELD_NUMBER: _ClassVar[int]
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    version: int
    content_hash: str
    policies: _containers.RepeatedCompositeFieldContainer[ActivePolicy]
    def __init__(self, version: _Optional[int] = ..., content_hash: _Optional[str] = ..., policies: _Optional[_Iterable[_Union[ActivePolicy, _Mapping]]] = ...) -> None: ...

class ActivePolicy(_message.Message):
    __slots__ = ("policy_id", "name", "version", "description", "fail_mode", "content")
    POLICY_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    FAIL_MODE_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    policy_id: str
    name: str
    version: int
    description: str
    fail_mode: str
    content: str
    def __init__(self, policy_id: _Optional[str] = ..., name: _Optional[str] = ..., version: _Optional[int] = ..., description: _Optional[str] = ..., fail_mode: _Optional[str] = ..., content: _Optional[str] = ...) -> None: ...
