"""Listings of Elasticsearch that this process has read: a hit says which writing it is of, so none is ever stale.

A search looks at a thousand listings; reading them from Elasticsearch each time would cost more than all the rest.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from elasticsearch import AsyncElasticsearch

from discovery.indexing.document import ListingDocument
from discovery.search.elasticsearch_documents import document_in
from discovery.search.elasticsearch_words import Stems, stems_in

Json = dict[str, Any]
Known = tuple[ListingDocument, Stems]
# Of an index and one writing of the listing: a new one gets a new number.
_Stamp = tuple[str, int, int]

# Some 10 kB each.
_MOST_REMEMBERED = 4000
_READ_AT_ONCE = 500
_FIELDS = ["removed", "stored.document", "words_*"]


class KnownListings:
    """The last read ones."""

    def __init__(self, client: AsyncElasticsearch, alias: str) -> None:
        self._client = client
        self._alias = alias
        self._remembered: OrderedDict[str, tuple[_Stamp, Known]] = OrderedDict()

    async def of(self, hits: Iterable[Json]) -> dict[str, Known]:
        """By id; without those that were removed since they were found."""
        known: dict[str, Known] = {}
        unknown: list[str] = []
        for hit in hits:
            stamp, listing = self._remembered.get(hit["_id"], (None, None))
            if listing is not None and stamp == _stamp(hit):
                known[hit["_id"]] = listing
                self._remembered.move_to_end(hit["_id"])
            else:
                unknown.append(hit["_id"])
        for begin in range(0, len(unknown), _READ_AT_ONCE):
            known |= await self._read(unknown[begin : begin + _READ_AT_ONCE])
        return known

    async def _read(self, ids: list[str]) -> dict[str, Known]:
        reply = await self._client.mget(index=self._alias, ids=ids, source_includes=_FIELDS)
        read: dict[str, Known] = {}
        for one in reply["docs"]:
            if one.get("found") and not one["_source"]["removed"]:
                read[one["_id"]] = (document_in(one["_source"]), stems_in(one["_source"]))
                self._remembered[one["_id"]] = (_stamp(one), read[one["_id"]])
        while len(self._remembered) > _MOST_REMEMBERED:
            self._remembered.popitem(last=False)
        return read


def _stamp(hit: Json) -> _Stamp:
    return hit["_index"], hit["_primary_term"], hit["_seq_no"]
