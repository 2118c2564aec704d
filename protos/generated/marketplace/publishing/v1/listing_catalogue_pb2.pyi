import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from marketplace.events.v1 import listing_pb2 as _listing_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetListingRequest(_message.Message):
    __slots__ = ("listing_id",)
    LISTING_ID_FIELD_NUMBER: _ClassVar[int]
    listing_id: str
    def __init__(self, listing_id: _Optional[str] = ...) -> None: ...

class GetListingResponse(_message.Message):
    __slots__ = ("listing",)
    LISTING_FIELD_NUMBER: _ClassVar[int]
    listing: _listing_pb2.ListingSnapshot
    def __init__(self, listing: _Optional[_Union[_listing_pb2.ListingSnapshot, _Mapping]] = ...) -> None: ...

class ResolveRouteRequest(_message.Message):
    __slots__ = ("listing", "version", "team_id")
    LISTING_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    TEAM_ID_FIELD_NUMBER: _ClassVar[int]
    listing: str
    version: str
    team_id: str
    def __init__(self, listing: _Optional[str] = ..., version: _Optional[str] = ..., team_id: _Optional[str] = ...) -> None: ...

class ResolveRouteResponse(_message.Message):
    __slots__ = ("route",)
    ROUTE_FIELD_NUMBER: _ClassVar[int]
    route: Route
    def __init__(self, route: _Optional[_Union[Route, _Mapping]] = ...) -> None: ...

class ListRoutesRequest(_message.Message):
    __slots__ = ("team_id", "page_size", "after_name")
    TEAM_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    AFTER_NAME_FIELD_NUMBER: _ClassVar[int]
    team_id: str
    page_size: int
    after_name: str
    def __init__(self, team_id: _Optional[str] = ..., page_size: _Optional[int] = ..., after_name: _Optional[str] = ...) -> None: ...

class ListRoutesResponse(_message.Message):
    __slots__ = ("routes",)
    ROUTES_FIELD_NUMBER: _ClassVar[int]
    routes: _containers.RepeatedCompositeFieldContainer[Route]
    def __init__(self, routes: _Optional[_Iterable[_Union[Route, _Mapping]]] = ...) -> None: ...

class Route(_message.Message):
    __slots__ = ("listing_id", "listing_version_id", "name", "version", "endpoint_url", "protocol", "upstream_model", "credential", "context_length", "max_output_tokens", "state", "sunset_at", "successor", "created_at", "team_id", "team_slug", "deprecated_at", "tags", "visibility", "provider")
    LISTING_ID_FIELD_NUMBER: _ClassVar[int]
    LISTING_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_URL_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    UPSTREAM_MODEL_FIELD_NUMBER: _ClassVar[int]
    CREDENTIAL_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_LENGTH_FIELD_NUMBER: _ClassVar[int]
    MAX_OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SUNSET_AT_FIELD_NUMBER: _ClassVar[int]
    SUCCESSOR_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    TEAM_ID_FIELD_NUMBER: _ClassVar[int]
    TEAM_SLUG_FIELD_NUMBER: _ClassVar[int]
    DEPRECATED_AT_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    VISIBILITY_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    listing_id: str
    listing_version_id: str
    name: str
    version: str
    endpoint_url: str
    protocol: str
    upstream_model: str
    credential: str
    context_length: int
    max_output_tokens: int
    state: str
    sunset_at: _timestamp_pb2.Timestamp
    successor: str
    created_at: _timestamp_pb2.Timestamp
    team_id: str
    team_slug: str
    deprecated_at: _timestamp_pb2.Timestamp
    tags: _containers.RepeatedScalarFieldContainer[str]
    visibility: str
    provider: str
    def __init__(self, listing_id: _Optional[str] = ..., listing_version_id: _Optional[str] = ..., name: _Optional[str] = ..., version: _Optional[str] = ..., endpoint_url: _Optional[str] = ..., protocol: _Optional[str] = ..., upstream_model: _Optional[str] = ..., credential: _Optional[str] = ..., context_length: _Optional[int] = ..., max_output_tokens: _Optional[int] = ..., state: _Optional[str] = ..., sunset_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., successor: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., team_id: _Optional[str] = ..., team_slug: _Optional[str] = ..., deprecated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., tags: _Optional[_Iterable[str]] = ..., visibility: _Optional[str] = ..., provider: _Optional[str] = ...) -> None: ...
