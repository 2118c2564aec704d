"""The ListingIndex that lives in this process: BM25F and exact vectors, changed one listing at a time.

A listing takes a new slot with each change and its old slot dies; when the dead outnumber the living, all are
renumbered. No method awaits anything, so no answer ever sees half a change.
"""

from collections.abc import Sequence

from discovery.embeddings.ports import Vectors
from discovery.indexing.document import ListingDocument, State
from discovery.indexing.errors import PassagesDoNotFit
from discovery.indexing.ports import IndexEntry, Passages, Removal, Standing
from discovery.indexing.rules import Viewer, may_see, passages_of
from discovery.search.in_process_query import QueryRun
from discovery.search.ports import SearchReply, Suggestion
from discovery.search.postings import Postings
from discovery.search.request import Meaning, SearchRequest
from discovery.search.slot_masks import SlotMasks
from discovery.search.slots import Slots
from discovery.search.suggestions import Suggestions
from discovery.search.text_fields import field_texts
from discovery.search.vector_space import VectorSpace
from discovery.search.words import Analyzer

_FEW_DEAD = 64


class InProcessIndex:
    """Holds some 10,000 listings in 80 MB and answers in milliseconds."""

    def __init__(self) -> None:
        self._analyzer = Analyzer()
        self._slots = Slots()
        self._postings = Postings()
        self._spaces: dict[str, VectorSpace] = {}
        self._suggestions = Suggestions()
        self._removed: dict[str, int] = {}
        self._masks = SlotMasks(self._slots)

    async def put(self, entries: Sequence[IndexEntry]) -> tuple[str, ...]:
        """Findable when it returns; raises PassagesDoNotFit before anything has changed."""
        self._check([entry.passages for entry in entries if entry.passages is not None])
        refused = tuple(entry.document.id for entry in entries if not self._put(entry))
        self._changed()
        return refused

    async def remove(self, removals: Sequence[Removal]) -> None:
        """Unfindable when it returns; remembered, so that a late put does not bring it back."""
        for removal in removals:
            self._remove(removal)
        self._changed()

    async def revision_of(self, listing_id: str) -> int | None:
        """The revision that search answers with."""
        document = self._slots.document_of(listing_id)
        return None if document is None else document.revision

    async def standing_of(self, listing_id: str) -> Standing | None:
        """What search answers with, whoever may see it."""
        document = self._slots.document_of(listing_id)
        return None if document is None else Standing(document.version_id, document.revision, document.state)

    async def size(self) -> int:
        """How many listings can be found."""
        return self._slots.living

    async def get(self, listing_id: str, viewer: Viewer) -> ListingDocument | None:
        """One listing, if this viewer may see it."""
        document = self._slots.document_of(listing_id)
        return document if document is not None and may_see(viewer, document) else None

    async def get_many(self, listing_ids: Sequence[str], viewer: Viewer) -> dict[str, ListingDocument]:
        """Listings by id, those that this viewer may see."""
        documents = map(self._slots.document_of, listing_ids)
        return {one.id: one for one in documents if one is not None and may_see(viewer, one)}

    async def suggest(self, prefix: str, viewer: Viewer, limit: int) -> tuple[Suggestion, ...]:
        """Completions among what the viewer may see."""

        def visible(listing_id: str) -> bool:
            document = self._slots.document_of(listing_id)
            return document is not None and may_see(viewer, document)

        return self._suggestions.suggest(prefix, visible, limit)

    async def search(self, request: SearchRequest, viewer: Viewer) -> SearchReply:
        """Exact: every visible listing that passes the filters is scored."""
        terms = self._analyzer.query_terms(request.query)
        words = self._postings.score(terms, self._slots.alive)
        meaning = None if request.meaning is None else self._closeness(request.meaning)
        spelling = self._analyzer.spelling(request.query)
        spelled = [(spelling.get(term, term), term) for term in terms]
        return QueryRun(request, viewer, self._slots, self._masks, words, meaning).reply(spelled, self._postings)

    def _put(self, entry: IndexEntry) -> bool:
        document = entry.document
        before = self._slots.document_of(document.id)
        if before is not None and before.revision > document.revision:
            return False
        if document.revision <= self._removed.get(document.id, -1):
            return False
        if document.state is State.RETIRED:
            self._remove(Removal(document.id, document.revision))
            return True
        passages = entry.passages or self._passages_kept(before, document)
        if before is not None:
            self._forget(before)
        self._add(document, passages)
        return True

    def _add(self, document: ListingDocument, passages: Passages | None) -> None:
        slot = self._slots.add(document)
        self._postings.add(slot, [self._analyzer(text) for text in field_texts(document)])
        self._suggestions.add(document)
        if passages is not None and len(passages.vectors):
            space = self._spaces.setdefault(passages.model_name, VectorSpace(passages.vectors.shape[1]))
            space.add(slot, passages.vectors)

    def _remove(self, removal: Removal) -> None:
        before = self._slots.document_of(removal.listing_id)
        if before is not None and before.revision > removal.revision:
            return
        self._removed[removal.listing_id] = max(removal.revision, self._removed.get(removal.listing_id, -1))
        if before is not None:
            self._forget(before)

    def _forget(self, document: ListingDocument) -> None:
        self._suggestions.discard(document)
        self._slots.kill(document.id)

    def _passages_kept(self, before: ListingDocument | None, document: ListingDocument) -> Passages | None:
        """A change that leaves the texts alone (popularity, price) keeps the vectors."""
        if before is None or passages_of(before) != passages_of(document):
            return None
        slot = self._slots.slot_of(before.id)
        for model_name, space in self._spaces.items():
            vectors = None if slot is None else space.vectors_of(slot)
            if vectors is not None:
                return Passages(model_name, vectors)
        return None

    def _check(self, given: Sequence[Passages]) -> None:
        lengths = {name: space.dimensions for name, space in self._spaces.items()}
        for passages in given:
            shape = passages.vectors.shape
            if len(shape) != 2 or lengths.setdefault(passages.model_name, shape[1]) != shape[1]:
                raise PassagesDoNotFit(f"The vectors of {passages.model_name} must be one row each, all of one length")

    def _closeness(self, meaning: Meaning) -> Vectors | None:
        space = self._spaces.get(meaning.model_name)
        if space is None:
            return None
        if meaning.vector.shape != (space.dimensions,):
            raise PassagesDoNotFit(f"A query vector of {meaning.model_name} must have {space.dimensions} numbers")
        return space.closeness(meaning.vector, len(self._slots))

    def _changed(self) -> None:
        if len(self._slots) - self._slots.living > max(_FEW_DEAD, self._slots.living):
            renumbering = self._slots.renumbering()
            self._postings.renumber(renumbering)
            spaces = {name: space.renumber(renumbering) for name, space in self._spaces.items()}
            self._spaces = {name: space for name, space in spaces.items() if len(space)}
            self._slots = self._slots.compacted()
        self._masks = SlotMasks(self._slots)
