"""BM25F over what Elasticsearch found by words, computed as postings.py does, from counts that Elasticsearch gives.

Its own score picks the candidates; it discounts the length of all fields together and keeps lengths in a byte, so that
equal listings would not score the same on both indexes.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from discovery.search.postings import Scores, averages_of, rarity, saturated
from discovery.search.text_fields import TEXT_FIELDS

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stems:
    """How often each stem stands in each field of a listing, and the fields' lengths, in the order of TEXT_FIELDS."""

    counts: tuple[Mapping[str, int], ...]
    lengths: tuple[int, ...]

    def of(self, stem: str) -> tuple[int, ...]:
        """Its counts."""
        return tuple(held.get(stem, 0) for held in self.counts)


@dataclass(frozen=True, eq=False)
class Corpus:
    """All listings that can be found: how many, how many carry each stem, and how long each field is on average."""

    population: int
    occurrences: Mapping[str, int]
    averages: Scores

    def score(self, terms: Sequence[str], listings: Sequence[Stems]) -> Scores:
        """BM25F of each listing."""
        scores: Scores = np.zeros(len(listings), dtype=np.float32)
        lengths = np.array([stems.lengths for stems in listings], dtype=np.float32)
        for term in terms:
            counts = np.array([stems.of(term) for stems in listings], dtype=np.float32)
            if self.occurrences[term]:
                scores += rarity(self.population, self.occurrences[term]) * saturated(counts, lengths, self.averages)
        return scores


def corpus_question(terms: Sequence[str]) -> Json:
    """Asks for what a Corpus knows; the same for every viewer, as in process."""
    carrying = {
        f"t{place}": {"bool": {"should": [{"term": {f"words_{field.name}": term}} for field in TEXT_FIELDS]}}
        for place, term in enumerate(terms)
    }
    lengths = {f"length_{field.name}": {"avg": {"field": f"length_{field.name}"}} for field in TEXT_FIELDS}
    return {
        "size": 0,
        "track_total_hits": True,
        "query": {"term": {"removed": False}},
        "aggs": {"carrying": {"filters": {"filters": carrying}}, **lengths},
    }


def corpus_in(reply: Json, terms: Sequence[str]) -> Corpus:
    """The answer to `corpus_question`."""
    found = reply["aggregations"]
    buckets = found["carrying"]["buckets"]
    return Corpus(
        int(reply["hits"]["total"]["value"]),
        {term: int(buckets[f"t{place}"]["doc_count"]) for place, term in enumerate(terms)},
        averages_of([found[f"length_{field.name}"]["value"] or 0.0 for field in TEXT_FIELDS]),
    )


def stems_in(source: Json) -> Stems:
    """The stems of one listing."""
    fields = [source[f"words_{field.name}"].split() for field in TEXT_FIELDS]
    return Stems(tuple(Counter(stems) for stems in fields), tuple(map(len, fields)))
