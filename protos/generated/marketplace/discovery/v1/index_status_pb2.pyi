from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class GetIndexedListingRequest(_message.Message):
    __slots__ = ("listing_id",)
    LISTING_ID_FIELD_NUMBER: _ClassVar[int]
    listing_id: str
    def __init__(self, listing_id: _Optional[str] = ...) -> None: ...

class GetIndexedListingResponse(_message.Message):
    __slots__ = ("listing_version_id", "revision", "state")
    LISTING_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    listing_version_id: str
    revision: int
    state: str
    def __init__(self, listing_version_id: _Optional[str] = ..., revision: _Optional[int] = ..., state: _Optional[str] = ...) -> None: ...
