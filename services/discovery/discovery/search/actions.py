"""Deeds of search: find listings, and complete what a person types."""

import asyncio
from dataclasses import dataclass, replace

from discovery.embeddings.errors import EmbedderUnavailable
from discovery.embeddings.ports import Embedder
from discovery.indexing.rules import Viewer
from discovery.search.errors import InvalidSearch, MeaningAway
from discovery.search.ports import ListingIndex, SearchReply, Suggestion
from discovery.search.request import MAX_LIMIT, MAX_QUERY_LENGTH, Meaning, SearchRequest

MAX_PREFIX_LENGTH = 100
# The model was slow or is starting: soon enough for a page that somebody waits for.
_RETRY_SECONDS = 2.0


@dataclass(frozen=True)
class Search:
    """Finds listings by words and meaning; by words alone, and saying why, while the model or vectors are missing.

    `meaning_timeout` seconds are waited for a vector, no more.
    """

    index: ListingIndex
    embedder: Embedder
    meaning_timeout: float = 1.0

    async def __call__(self, request: SearchRequest, viewer: Viewer) -> SearchReply:
        """Raises InvalidSearch, and MeaningAway where the page before was by meaning and this one cannot be."""
        _check(request)
        if not request.query.strip():
            return await self.index.search(request, viewer)
        meaning = await self._meaning_of(request.query) if request.after is None else await self._as_before(request)
        reply = await self.index.search(replace(request, meaning=meaning), viewer)
        following = reply.next and replace(reply.next, model_name=meaning and meaning.model_name)
        return replace(reply, next=following, degraded_reason=_why_degraded(meaning, reply.without_vectors))

    async def _as_before(self, request: SearchRequest) -> Meaning | None:
        """All pages of a question are compared alike: otherwise hits would be skipped and repeated."""
        before = request.after and request.after.model_name
        if before is None:
            return None
        if before != self.embedder.model_name:
            raise InvalidSearch("cursor: another model compares now; start again without it", pointer="/cursor")
        meaning = await self._meaning_of(request.query)
        if meaning is None:
            message = "The sentence model does not answer just now, and this page goes on in its order: ask again."
            raise MeaningAway(message, retry_after=_RETRY_SECONDS)
        return meaning

    async def _meaning_of(self, query: str) -> Meaning | None:
        if not self.embedder.ready:
            return None
        try:
            async with asyncio.timeout(self.meaning_timeout):
                vectors = await self.embedder.embed([query])
        except (EmbedderUnavailable, TimeoutError):
            return None
        return Meaning(self.embedder.model_name, vectors[0])


@dataclass(frozen=True)
class Suggest:
    """Completes what a person types."""

    index: ListingIndex

    async def __call__(self, prefix: str, viewer: Viewer, limit: int = 10) -> tuple[Suggestion, ...]:
        """Raises InvalidSearch; nothing typed gives nothing."""
        if len(prefix) > MAX_PREFIX_LENGTH:
            raise InvalidSearch(f"q: at most {MAX_PREFIX_LENGTH} characters", pointer="/q")
        _check_limit(limit)
        return await self.index.suggest(prefix, viewer, limit)


def _why_degraded(meaning: Meaning | None, without_vectors: int) -> str | None:
    if meaning is None:
        return "The sentence model does not answer just now: words alone were compared."
    if without_vectors:
        listings = "1 listing waits" if without_vectors == 1 else f"{without_vectors} listings wait"
        return f"{listings} for vectors and can be found by words alone until then: ask again in a moment."
    return None


def _check(request: SearchRequest) -> None:
    if len(request.query) > MAX_QUERY_LENGTH:
        raise InvalidSearch(f"query: at most {MAX_QUERY_LENGTH} characters", pointer="/query")
    _check_limit(request.limit)


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidSearch(f"limit: must be 1 to {MAX_LIMIT}", pointer="/limit")
