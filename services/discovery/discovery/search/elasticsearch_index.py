"""The ListingIndex on Elasticsearch: the best by words and the best by meaning from there, fused here.

One process writes, any number asks. Within WINDOW hits an answer is the same as that of the index in process; beyond,
counts are lower bounds and only the best are ranked.
"""

import asyncio
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from elasticsearch import AsyncElasticsearch

from chassis.errors import Unavailable
from discovery.indexing.document import ListingDocument, State
from discovery.indexing.errors import PassagesDoNotFit
from discovery.indexing.ports import IndexEntry, Passages, Removal, Standing
from discovery.indexing.rules import Viewer, may_see, passages_of
from discovery.search import elasticsearch_queries as queries
from discovery.search.elasticsearch_bulk import Write, write_all
from discovery.search.elasticsearch_client import elasticsearch_errors_translated
from discovery.search.elasticsearch_documents import REMOVED, document_in, passages_in, source_of
from discovery.search.elasticsearch_known import KnownListings
from discovery.search.elasticsearch_mapping import passages_field, passages_mapping
from discovery.search.elasticsearch_reply import Found, FoundAll, reply_of
from discovery.search.elasticsearch_words import corpus_in, corpus_question
from discovery.search.facets import without_own_filter
from discovery.search.filters import Filters
from discovery.search.intents import intents_of
from discovery.search.ports import SearchReply, Suggestion
from discovery.search.request import Meaning, SearchRequest, Sort
from discovery.search.suggestions import Suggestions, pairs_of, words_of_text
from discovery.search.words import Analyzer

Json = dict[str, Any]
_RANKED = ("words", "meaning", "order", "page")


class ElasticsearchIndex:
    """`alias` names the index, which must be there."""

    def __init__(self, client: AsyncElasticsearch, alias: str) -> None:
        self._client = client
        self._alias = alias
        self._analyzer = Analyzer()
        self._known = KnownListings(client, alias)
        self._dimensions: dict[str, int] = {}

    async def put(self, entries: Sequence[IndexEntry]) -> tuple[str, ...]:
        """Findable when it returns; raises PassagesDoNotFit before anything has changed."""
        retired = [entry.document for entry in entries if entry.document.state is State.RETIRED]
        living = [entry for entry in entries if entry.document.state is not State.RETIRED]
        with self._errors_translated():
            await self._fit([entry.passages for entry in living if entry.passages is not None])
            kept = await self._passages_kept([entry.document for entry in living if entry.passages is None])
            writes = [
                self._write(replace(entry, passages=entry.passages or kept.get(entry.document.id))) for entry in living
            ]
            refused = await write_all(self._client, self._alias, writes)
            refused |= await self._remove([Removal(document.id, document.revision) for document in retired])
        return tuple(entry.document.id for entry in entries if entry.document.id in refused)

    async def remove(self, removals: Sequence[Removal]) -> None:
        """Unfindable when it returns; a mark stays, so that a late put does not bring it back."""
        with elasticsearch_errors_translated():
            await self._remove(removals)

    async def revision_of(self, listing_id: str) -> int | None:
        """The revision that search answers with."""
        document = await self._document(listing_id)
        return None if document is None else document.revision

    async def standing_of(self, listing_id: str) -> Standing | None:
        """What search answers with, whoever may see it."""
        document = await self._document(listing_id)
        return None if document is None else Standing(document.version_id, document.revision, document.state)

    async def size(self) -> int:
        """How many listings can be found."""
        with elasticsearch_errors_translated():
            reply = await self._client.count(index=self._alias, query={"term": {"removed": False}})
        return int(reply["count"])

    async def get(self, listing_id: str, viewer: Viewer) -> ListingDocument | None:
        """One listing, if this viewer may see it."""
        return (await self.get_many([listing_id], viewer)).get(listing_id)

    async def get_many(self, listing_ids: Sequence[str], viewer: Viewer) -> dict[str, ListingDocument]:
        """Listings by id, those that this viewer may see."""
        found = await self._sources(listing_ids, ["removed", "stored.document"]) if listing_ids else {}
        documents = map(document_in, found.values())
        return {document.id: document for document in documents if may_see(viewer, document)}

    async def suggest(self, prefix: str, viewer: Viewer, limit: int) -> tuple[Suggestion, ...]:
        """Completions among what the viewer may see: words that begin so, else those that share letter pairs."""
        words = words_of_text(prefix)
        if not words:
            return ()
        alike: Json = {"prefix": {"completed_words": {"value": words[-1]}}}
        near = [queries.each_alike({"term": {"completed_pairs": pair}}) for pair in sorted(pairs_of(words[-1]))]
        for clauses in ([alike], near):
            found = await self._documents(queries.completed(clauses, viewer))
            seen = {document.id for document in found if may_see(viewer, document)}
            suggestions = Suggestions()
            for document in found:
                suggestions.add(document)
            if said := suggestions.suggest(prefix, seen.__contains__, limit):
                return said
        return ()

    async def search(self, request: SearchRequest, viewer: Viewer) -> SearchReply:
        """The best of the visible listings that pass the filters."""
        terms = self._analyzer.query_terms(request.query)
        meaning = await self._meaning(request.meaning)
        clauses = queries.candidates(_loosest(request), viewer)
        strict = queries.candidates(request.filters, viewer)
        asked: dict[str, Json] = {"lacking": queries.lacking_vectors(meaning, strict)}
        if terms:
            asked["words"] = queries.by_words(terms, clauses)
            asked["corpus"] = corpus_question(terms)
        if meaning is not None:
            asked["meaning"] = queries.by_meaning(meaning, clauses)
        if not request.query.strip():
            asked["order"] = queries.by_order(request.sort, clauses)
            asked["total"] = queries.how_many(strict)
            if request.after is not None:
                asked["page"] = queries.following(request, strict)
        elif intents_of(request.query):
            asked["order"] = queries.by_order(Sort.POPULARITY, clauses)
        replies = await self._ask(asked)
        await self._fill_gap(replies, meaning, clauses)
        return reply_of(request, viewer, await self._found(replies, terms), self._analyzer)

    @contextmanager
    def _errors_translated(self) -> Generator[None]:
        try:
            with elasticsearch_errors_translated():
                yield
        except Unavailable:
            # The alias may name another index since, one without the vectors of a model that was known.
            self._dimensions.clear()
            raise

    async def _found(self, replies: Mapping[str, Json], terms: Sequence[str]) -> FoundAll:
        by_id = {hit["_id"]: hit for name in _RANKED for hit in _hits(replies.get(name))}
        with elasticsearch_errors_translated():
            known = await self._known.of(by_id.values())
        found = {listing_id: Found(document, stems) for listing_id, (document, stems) in known.items()}
        for hit in _hits(replies.get("meaning")):
            if hit["_id"] in found:
                found[hit["_id"]].meaning = 2 * hit["_score"] - 1
        everything = list(found.values())
        if terms and everything:
            scores = corpus_in(replies["corpus"], terms).score(terms, [one.stems for one in everything])
            for one, score in zip(everything, scores, strict=True):
                one.words = float(score)
        total = _total(replies["total"]) if "total" in replies else None
        return FoundAll(everything, "meaning" in replies, total, _total(replies["lacking"]))

    async def _fill_gap(self, replies: dict[str, Json], meaning: Meaning | None, clauses: list[Json]) -> None:
        """What words found beyond the closest in meaning is compared by id."""
        if meaning is None or len(_hits(replies["meaning"])) < queries.WINDOW:
            return
        compared = {hit["_id"] for hit in _hits(replies["meaning"])}
        others = {hit["_id"] for name in ("words", "order") for hit in _hits(replies.get(name))}
        if missing := sorted(others - compared):
            narrowed = queries.by_meaning(meaning, [*clauses, queries.among(missing)])
            _hits(replies["meaning"]).extend(_hits((await self._ask({"more": narrowed}))["more"]))

    async def _ask(self, bodies: Mapping[str, Json]) -> dict[str, Json]:
        with self._errors_translated():
            replies = await asyncio.gather(
                *(self._client.search(index=self._alias, **body) for body in bodies.values())
            )
        return {name: reply.body for name, reply in zip(bodies, replies, strict=True)}

    async def _documents(self, body: Json) -> list[ListingDocument]:
        hits = _hits((await self._ask({"found": body}))["found"])
        with elasticsearch_errors_translated():
            known = await self._known.of(hits)
        return [known[hit["_id"]][0] for hit in hits if hit["_id"] in known]

    async def _document(self, listing_id: str) -> ListingDocument | None:
        found = await self._sources([listing_id], ["removed", "stored.document"])
        return document_in(found[listing_id]) if listing_id in found else None

    async def _sources(self, ids: Sequence[str], fields: Sequence[str]) -> dict[str, Json]:
        with elasticsearch_errors_translated():
            reply = await self._client.mget(index=self._alias, ids=list(ids), source_includes=list(fields))
        found = {one["_id"]: one["_source"] for one in reply["docs"] if one.get("found")}
        return {key: source for key, source in found.items() if not source["removed"]}

    async def _passages_kept(self, documents: Sequence[ListingDocument]) -> dict[str, Passages]:
        """A change that leaves the texts alone (popularity, price) keeps the vectors."""
        if not documents:
            return {}
        before = await self._sources([document.id for document in documents], ["removed", "stored"])
        kept: dict[str, Passages] = {}
        for document in documents:
            source = before.get(document.id)
            if source is not None and passages_of(document_in(source)) == passages_of(document):
                passages = passages_in(source)
                kept |= {document.id: passages} if passages is not None else {}
        return kept

    async def _remove(self, removals: Sequence[Removal]) -> set[str]:
        # Between the revision removed and the next: the same revision put again is older than its removal.
        writes = [Write(removal.listing_id, 2 * removal.revision + 1, REMOVED) for removal in removals]
        return await write_all(self._client, self._alias, writes)

    def _write(self, entry: IndexEntry) -> Write:
        return Write(entry.document.id, 2 * entry.document.revision, source_of(entry, self._analyzer))

    async def _fit(self, given: Sequence[Passages]) -> None:
        """Know each model's length, and make the field of one that is new."""
        lengths: dict[str, int] = {}
        for passages in given:
            shape = passages.vectors.shape
            known = await self._known_dimensions(passages.model_name) or lengths.get(passages.model_name)
            if len(shape) != 2 or shape[1] != (known or shape[1]):
                raise PassagesDoNotFit(f"The vectors of {passages.model_name} must be one row each, all of one length")
            lengths[passages.model_name] = shape[1]
        for model_name in lengths.keys() - self._dimensions.keys():
            properties = passages_mapping(model_name, lengths[model_name])
            await self._client.indices.put_mapping(index=self._alias, properties=properties)
            self._dimensions[model_name] = lengths[model_name]

    async def _known_dimensions(self, model_name: str) -> int | None:
        if model_name not in self._dimensions:
            reply = await self._client.indices.get_mapping(index=self._alias)
            properties = next(iter(reply.values()))["mappings"]["properties"]
            field = properties.get(passages_field(model_name))
            if field is None:
                return None
            self._dimensions[model_name] = field["properties"]["vector"]["dims"]
        return self._dimensions[model_name]

    async def _meaning(self, meaning: Meaning | None) -> Meaning | None:
        """The query's vector, None where no listing has vectors of its model."""
        if meaning is None:
            return None
        with elasticsearch_errors_translated():
            dimensions = await self._known_dimensions(meaning.model_name)
        if dimensions is None:
            return None
        if meaning.vector.shape != (dimensions,):
            raise PassagesDoNotFit(f"A query vector of {meaning.model_name} must have {dimensions} numbers")
        return meaning


def _loosest(request: SearchRequest) -> Filters:
    """The filters without those of the facets to count: what is left out for one is tested here for the others."""
    loosened = request.filters
    for facet in request.facets:
        loosened = without_own_filter(loosened, facet)
    return loosened


def _hits(reply: Json | None) -> list[Json]:
    return reply["hits"]["hits"] if reply is not None else []


def _total(reply: Json) -> int:
    return int(reply["hits"]["total"]["value"])
