"""Completions of what a person types: names, categories and tags of the listings it may see."""

from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

from discovery.indexing.document import ListingDocument
from discovery.indexing.rules import spoken
from discovery.search.edit_distance import prefix_distance, typos_allowed
from discovery.search.ports import Suggestion

_KIND_ORDER = {"name": 0, "category": 1, "tag": 2}
# Words that share the most letter pairs with the typed one and are worth the exact comparison.
_MAX_CANDIDATES = 60
# Completions of one word are many only for one or two letters.
_MAX_COMPLETIONS = 500

Entry = tuple[str, str]


class Suggestions:
    """Words of the completions in order, and by letter pairs for the typos."""

    def __init__(self) -> None:
        self._carriers: dict[Entry, set[str]] = {}
        self._entries_of_word: dict[str, set[Entry]] = defaultdict(set)
        self._words: list[str] = []
        self._words_of_pair: dict[str, set[str]] = defaultdict(set)

    def add(self, document: ListingDocument) -> None:
        """Makes a listing's name, category and tags complete."""
        for entry in _entries(document):
            self._carriers.setdefault(entry, set()).add(document.id)
            for word in words_of_text(entry[1]):
                self._entries_of_word[word].add(entry)
                self._know(word)

    def discard(self, document: ListingDocument) -> None:
        """Takes back what `add` did for this document."""
        for entry in _entries(document):
            carriers = self._carriers[entry]
            carriers.discard(document.id)
            if carriers:
                continue
            del self._carriers[entry]
            for word in words_of_text(entry[1]):
                self._entries_of_word[word].discard(entry)
                self._forget_unused(word)

    def suggest(self, typed: str, visible: Callable[[str], bool], limit: int) -> tuple[Suggestion, ...]:
        """Fewest typos first, then names before categories before tags, then the most frequent."""
        words = words_of_text(typed)
        if not words:
            return ()
        *whole, last = words
        found: dict[Entry, int] = {}
        for word, typos in self._completions(last):
            for entry in self._entries_of_word[word]:
                found[entry] = min(typos, found.get(entry, typos))
        for word in whole:
            near = {entry for known, _ in self._completions(word) for entry in self._entries_of_word[known]}
            found = {entry: typos for entry, typos in found.items() if entry in near}
        return self._ranked(found, visible, limit)

    def _ranked(self, found: dict[Entry, int], visible: Callable[[str], bool], limit: int) -> tuple[Suggestion, ...]:
        ranked: list[tuple[int, int, int, str, Suggestion]] = []
        for entry, typos in found.items():
            kind, text = entry
            count = sum(map(visible, self._carriers[entry]))
            if count:
                ranked.append((typos, _KIND_ORDER[kind], -count, text, Suggestion(text, kind, count)))
        return tuple(row[-1] for row in sorted(ranked, key=lambda row: row[:4])[:limit])

    def _completions(self, typed: str) -> list[tuple[str, int]]:
        begin = bisect_left(self._words, typed)
        exact: list[tuple[str, int]] = []
        for word in self._words[begin : begin + _MAX_COMPLETIONS]:
            if not word.startswith(typed):
                break
            exact.append((word, 0))
        return exact or self._corrections(typed)

    def _corrections(self, typed: str) -> list[tuple[str, int]]:
        limit = typos_allowed(len(typed))
        if limit == 0:
            return []
        shared = Counter(word for pair in pairs_of(typed) for word in self._words_of_pair.get(pair, ()))
        # Of words that share as many pairs the shorter is nearer; the word itself breaks the last tie.
        candidates = sorted(shared, key=lambda word: (-shared[word], len(word), word))[:_MAX_CANDIDATES]
        distances = ((word, prefix_distance(typed, word, limit)) for word in candidates)
        return [(word, distance) for word, distance in distances if distance is not None]

    def _know(self, word: str) -> None:
        place = bisect_left(self._words, word)
        if place < len(self._words) and self._words[place] == word:
            return
        insort(self._words, word)
        for pair in pairs_of(word):
            self._words_of_pair[pair].add(word)

    def _forget_unused(self, word: str) -> None:
        if self._entries_of_word[word]:
            return
        del self._entries_of_word[word]
        del self._words[bisect_left(self._words, word)]
        for pair in pairs_of(word):
            self._words_of_pair[pair].discard(word)


def _entries(document: ListingDocument) -> set[Entry]:
    entries = {("name", document.name), *(("tag", tag) for tag in document.tags)}
    if document.category:
        entries.add(("category", document.category))
    return entries


def words_of_listing(document: ListingDocument) -> set[str]:
    """Every word by which a listing's name, category and tags are completed."""
    return {word for _, text in _entries(document) for word in words_of_text(text)}


def words_of_text(text: str) -> list[str]:
    """The words of what is typed or completed, each once."""
    return list(dict.fromkeys(spoken(text).casefold().split()))


def pairs_of(word: str) -> Iterable[str]:
    """Neighbouring letters, the first one with the beginning of the word."""
    padded = f"^{word}"
    return {padded[place : place + 2] for place in range(len(padded) - 1)}
