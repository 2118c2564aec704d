"""GET /api/v1/stats."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from chassis.clock import rfc3339
from chassis.web.access import requires
from chassis.web.application import provided
from discovery.access import BROWSE
from discovery.embeddings.cached_embedder import CachedEmbedder
from discovery.following.progress import Progress
from discovery.indexing.ports import ListingSink

router = APIRouter(prefix="/api/v1", tags=["stats"])


class CacheView(BaseModel):
    """Queries whose meaning was remembered; the rate is null before the first."""

    hits: int
    misses: int
    hit_rate: float | None


class StatsView(BaseModel):
    """The index that the answering process asks.

    `freshness_seconds` runs from the last fact about a listing to the moment it could be found; null before the first.
    """

    listings: int
    without_vectors: int
    loaded: bool
    last_change_at: str | None
    freshness_seconds: float | None
    model: str
    model_ready: bool
    query_cache: CacheView


@router.get("/stats", dependencies=[requires(BROWSE)])
async def stats(
    index: Annotated[ListingSink, Depends(provided("index"))],
    progress: Annotated[Progress, Depends(provided("progress"))],
    queries: Annotated[CachedEmbedder, Depends(provided("queries"))],
) -> StatsView:
    """Size and freshness of the index, and how often a query's meaning was remembered."""
    asked = queries.hits + queries.misses
    changed = progress.last_change_at
    return StatsView(
        listings=await index.size(),
        without_vectors=progress.without_vectors,
        loaded=progress.loaded,
        last_change_at=None if changed is None else rfc3339(changed),
        freshness_seconds=progress.last_delay,
        model=queries.model_name,
        model_ready=queries.ready,
        query_cache=CacheView(
            hits=queries.hits, misses=queries.misses, hit_rate=round(queries.hits / asked, 4) if asked else None
        ),
    )
