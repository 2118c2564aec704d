"""GET /api/v1/services/{id}."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from google.protobuf.message import Message
from pydantic import BaseModel

from chassis.clock import rfc3339
from chassis.web.access import requires
from chassis.web.application import provided
from discovery.access import BROWSE
from discovery.entries.ports import Entry, EntryReader
from discovery.indexing.document import ListingDocument
from discovery.indexing.snapshots import moment_of
from discovery.listing_paths import ListingIdPath
from discovery.search.cards import ListingCard
from discovery.viewers import TOKEN_OPTIONAL, CurrentViewer
from marketplace.events.v1.listing_pb2 import ListingSnapshot

router = APIRouter(prefix="/api/v1/services", tags=["services"])


class MeasuredView(BaseModel):
    """What the pipeline measured when the version was published; null where it did not."""

    latency_p50_ms: float | None
    latency_p95_ms: float | None
    latency_p99_ms: float | None
    time_to_first_token_ms: float | None
    throughput_per_second: float | None
    error_rate: float | None
    measured_at: str | None


class DeprecationView(BaseModel):
    """Calls still work until the sunset."""

    reason: str
    deprecated_at: str | None
    sunset_at: str | None
    successor: str


class CallView(BaseModel):
    """Where the gateway takes calls to this listing, and the least body of one."""

    method: str
    path: str
    body: dict[str, Any]


class EntryView(ListingCard):
    """Everything about a listing; `how_to_call` is null where it cannot be called."""

    max_output_tokens: int | None
    created_at: str | None
    measured: MeasuredView
    deprecation: DeprecationView | None
    how_to_call: CallView | None


@router.get("/{listing_id}", dependencies=[requires(BROWSE)], openapi_extra=TOKEN_OPTIONAL)
async def get_service(
    listing_id: ListingIdPath, viewer: CurrentViewer, entries: Annotated[EntryReader, Depends(provided("entries"))]
) -> EntryView:
    """The whole entry of a listing that the caller may see."""
    return view_of(await entries.find(listing_id, viewer))


def view_of(entry: Entry) -> EntryView:
    """The entry as the answer shows it."""
    snapshot = entry.snapshot
    return EntryView(
        **ListingCard.of(entry.document, whole=True).model_dump(),
        max_output_tokens=snapshot.max_output_tokens if snapshot.HasField("max_output_tokens") else None,
        created_at=_shown(moment_of(snapshot.created_at)),
        measured=_measured(snapshot),
        deprecation=_deprecation(snapshot),
        how_to_call=_call(entry.document),
    )


def _measured(snapshot: ListingSnapshot) -> MeasuredView:
    measured: Message = snapshot.measurements
    numbers = [name for name in MeasuredView.model_fields if name != "measured_at"]
    values = {name: getattr(measured, name) if measured.HasField(name) else None for name in numbers}
    return MeasuredView(**values, measured_at=_shown(moment_of(snapshot.measurements.measured_at)))


def _deprecation(snapshot: ListingSnapshot) -> DeprecationView | None:
    if snapshot.state != "deprecated":
        return None
    return DeprecationView(
        reason=snapshot.deprecation_reason,
        deprecated_at=_shown(moment_of(snapshot.deprecated_at)),
        sunset_at=_shown(moment_of(snapshot.sunset_at)),
        successor=snapshot.successor,
    )


def _call(document: ListingDocument) -> CallView | None:
    if not document.callable:
        return None
    if document.category == "embeddings" or "embedding" in document.output_modalities:
        return CallView(method="POST", path="/v1/embeddings", body={"model": document.name, "input": "Hello"})
    messages = [{"role": "user", "content": "Hello"}]
    return CallView(method="POST", path="/v1/chat/completions", body={"model": document.name, "messages": messages})


def _shown(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)
