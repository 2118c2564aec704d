"""GET /api/v1/autocomplete, /api/v1/categories and /api/v1/tags."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from chassis.web.access import requires
from chassis.web.application import provided
from discovery.access import BROWSE
from discovery.indexing.rules import Viewer
from discovery.search.actions import MAX_PREFIX_LENGTH, Search, Suggest
from discovery.search.request import Facet, SearchRequest
from discovery.viewers import TOKEN_OPTIONAL, CurrentViewer

router = APIRouter(prefix="/api/v1", tags=["browsing"])

Finder = Annotated[Search, Depends(provided("search"))]


class SuggestionView(BaseModel):
    """A completion; `count` is how many listings carry it."""

    text: str
    kind: Literal["name", "category", "tag"]
    count: int


class Completions(BaseModel):
    """What the person may be typing."""

    items: list[SuggestionView]


class CountView(BaseModel):
    """A value and how many listings carry it."""

    name: str
    count: int


class Counts(BaseModel):
    """The most frequent first, at most 100."""

    items: list[CountView]


@router.get("/autocomplete", dependencies=[requires(BROWSE)], openapi_extra=TOKEN_OPTIONAL)
async def autocomplete(
    viewer: CurrentViewer,
    suggest: Annotated[Suggest, Depends(provided("suggest"))],
    q: Annotated[str, Query(max_length=MAX_PREFIX_LENGTH, description="What was typed so far.")] = "",
    limit: Annotated[int, Query(ge=1, le=20)] = 10,
) -> Completions:
    """Names, categories and tags that complete what was typed; a typo or two are forgiven."""
    found = await suggest(q, viewer, limit)
    return Completions(
        items=[SuggestionView.model_validate({"text": one.text, "kind": one.kind, "count": one.count}) for one in found]
    )


@router.get("/categories", dependencies=[requires(BROWSE)], openapi_extra=TOKEN_OPTIONAL)
async def categories(viewer: CurrentViewer, find: Finder) -> Counts:
    """The categories of what the caller may see."""
    return await _counts(find, viewer, Facet.CATEGORY)


@router.get("/tags", dependencies=[requires(BROWSE)], openapi_extra=TOKEN_OPTIONAL)
async def tags(viewer: CurrentViewer, find: Finder) -> Counts:
    """The tags of what the caller may see."""
    return await _counts(find, viewer, Facet.TAGS)


async def _counts(find: Search, viewer: Viewer, facet: Facet) -> Counts:
    reply = await find(SearchRequest(limit=1, facets=(facet,)), viewer)
    return Counts(items=[CountView(name=one.value, count=one.count) for one in reply.facets[facet]])
