import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from marketplace.events.v1 import listing_pb2 as _listing_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetPriceRequest(_message.Message):
    __slots__ = ("listing_version_id", "at")
    LISTING_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    listing_version_id: str
    at: _timestamp_pb2.Timestamp
    def __init__(self, listing_version_id: _Optional[str] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetPriceResponse(_message.Message):
    __slots__ = ("price_id", "pricing", "effective_from", "source")
    PRICE_ID_FIELD_NUMBER: _ClassVar[int]
    PRICING_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_FROM_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    price_id: str
    pricing: _listing_pb2.Pricing
    effective_from: _timestamp_pb2.Timestamp
    source: str
    def __init__(self, price_id: _Optional[str] = ..., pricing: _Optional[_Union[_listing_pb2.Pricing, _Mapping]] = ..., effective_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., source: _Optional[str] = ...) -> None: ...
