"""The publishers' door: submit, submit a new version, list and read their own listings."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from chassis.identity.principal import Principal
from chassis.web.access import Caller, requires
from chassis.web.application import provided
from chassis.web.pages import MAX_CURSOR_BYTES, Cursors
from chassis.web.problems import PROBLEM_CONTENT
from publishing.access import PUBLISH, READ_PUBLICATIONS, view_of
from publishing.listings.actions import Publisher, SubmitListing, SubmitVersion
from publishing.listings.entity_tags import revision_of, tag_of
from publishing.listings.errors import VersionNotFound
from publishing.listings.ports import PublicationFilter
from publishing.listings.publication_bodies import (
    PublicationPage,
    PublicationShown,
    ReceiptBody,
    VersionShown,
    VersionsShown,
    publication_shown,
    receipt_body,
    version_shown,
)
from publishing.listings.reading import ReadPublications
from publishing.listings.submission_bodies import MAX_BODY_BYTES, PublishBody, VersionBody
from publishing.signals import PublishingSignals

router = APIRouter(tags=["listings"])

ListingId = Annotated[str, Path(pattern=r"^lst_[0-9a-f]{32}$", description="A listing's id")]
VersionText = Annotated[str, Path(min_length=5, max_length=64, description="Such as 1.0.0")]
Reading = Annotated[ReadPublications, Depends(provided("read_publications"))]
Signals = Annotated[PublishingSignals, Depends(provided("signals"))]
StateFilter = Literal["", "submitted", "published", "deprecated", "retired", "rejected", "failed", "catalogue_only"]


class PublicationQuery(BaseModel):
    """What a publisher looks for among the team's listings."""

    model_config = ConfigDict(extra="forbid")

    q: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] = Field("", description="Part of name or title")
    status: StateFilter = Field("", description="State of the listing")
    owner: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_]*$")] = Field(
        "", description="The account that opened it; `me` for yourself"
    )
    cursor: Annotated[str, Field(max_length=MAX_CURSOR_BYTES)] | None = Field(
        None, description="`next_cursor` of the page before"
    )
    limit: Annotated[int, Field(ge=1, le=200)] = Field(50, description="How many at most")


def publisher_of(caller: Principal) -> Publisher:
    """The caller as a publisher; the route's rule has seen to it that there is a team."""
    return Publisher(caller.account_id, caller.tenant or "", caller.tenant_slug or "")


@router.post(
    "/api/v1/services",
    status_code=202,
    response_model=ReceiptBody,
    dependencies=[requires(PUBLISH)],
    max_body_size=MAX_BODY_BYTES,
)
async def publish(
    body: PublishBody,
    caller: Caller,
    submit: Annotated[SubmitListing, Depends(provided("submit_listing"))],
    signals: Signals,
) -> ReceiptBody:
    """Publish: the version enters the ten-phase pipeline, whose run has the version's id."""
    receipt = await submit(publisher_of(caller), body.submission())
    signals.submissions.labels("listing").inc()
    return receipt_body(receipt)


@router.put(
    "/api/v1/services/{listing_id}",
    status_code=202,
    response_model=ReceiptBody,
    responses={412: {"description": "The listing changed since it was read", "content": PROBLEM_CONTENT}},
    dependencies=[requires(PUBLISH)],
    max_body_size=MAX_BODY_BYTES,
)
async def publish_version(
    listing_id: ListingId,
    body: VersionBody,
    caller: Caller,
    submit: Annotated[SubmitVersion, Depends(provided("submit_version"))],
    signals: Signals,
    if_match: Annotated[str | None, Header(max_length=200, description="The ETag that was read")] = None,
) -> ReceiptBody:
    """A new, greater version; callers keep the current one until this one is through."""
    receipt = await submit(publisher_of(caller), listing_id, body.submission(), revision_of(if_match))
    signals.submissions.labels("version").inc()
    return receipt_body(receipt)


@router.get("/api/v1/services", response_model=PublicationPage, dependencies=[requires(READ_PUBLICATIONS)])
async def list_publications(
    caller: Caller,
    reading: Reading,
    cursors: Annotated[Cursors, Depends(provided("cursors"))],
    query: Annotated[PublicationQuery, Query()],
) -> PublicationPage:
    """The publisher's own listings, in whatever state, the newest first."""
    tenant = caller.tenant or view_of(caller)
    owner = caller.account_id if query.owner == "me" else query.owner
    wanted = PublicationFilter(tenant, query.q, query.status, owner)
    bound = {"route": "publications", "tenant": tenant, "q": query.q, "status": query.status, "owner": owner}
    before = str(cursors.open(query.cursor, bound)[0]) if query.cursor else None
    found = await reading.page(wanted, before, query.limit + 1)
    kept = found[: query.limit]
    following = cursors.sign([kept[-1].listing.listing_id], bound) if len(found) > len(kept) else None
    return PublicationPage(items=[publication_shown(item) for item in kept], next_cursor=following)


@router.get(
    "/api/v1/services/{listing_id}/publication",
    response_model=PublicationShown,
    dependencies=[requires(READ_PUBLICATIONS)],
)
async def read_publication(
    listing_id: ListingId, caller: Caller, reading: Reading, response: Response
) -> PublicationShown:
    """A listing as its publisher sees it; the ETag goes into If-Match of the next PUT."""
    publication = await reading.one(view_of(caller), listing_id)
    response.headers["etag"] = tag_of(publication.listing.revision)
    return publication_shown(publication)


@router.get(
    "/api/v1/services/{listing_id}/versions", response_model=VersionsShown, dependencies=[requires(READ_PUBLICATIONS)]
)
async def list_versions(listing_id: ListingId, caller: Caller, reading: Reading) -> VersionsShown:
    """All versions, the newest first."""
    versions = await reading.versions(view_of(caller), listing_id)
    return VersionsShown(items=[version_shown(version) for version in versions])


@router.get(
    "/api/v1/services/{listing_id}/versions/{version}",
    response_model=VersionShown,
    dependencies=[requires(READ_PUBLICATIONS)],
)
async def read_version(listing_id: ListingId, version: VersionText, caller: Caller, reading: Reading) -> VersionShown:
    """One version in whatever state."""
    for found in await reading.versions(view_of(caller), listing_id):
        if found.version == version:
            return version_shown(found)
    raise VersionNotFound("The listing has no such version.")
