import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListingViewed(_message.Message):
    __slots__ = ("listing_id", "account_id", "at")
    LISTING_ID_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    listing_id: str
    account_id: str
    at: _timestamp_pb2.Timestamp
    def __init__(self, listing_id: _Optional[str] = ..., account_id: _Optional[str] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class CatalogueSearched(_message.Message):
    __slots__ = ("account_id", "team_id", "hits", "at")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    TEAM_ID_FIELD_NUMBER: _ClassVar[int]
    HITS_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    team_id: str
    hits: int
    at: _timestamp_pb2.Timestamp
    def __init__(self, account_id: _Optional[str] = ..., team_id: _Optional[str] = ..., hits: _Optional[int] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
