"""Completions of what a person types: names, categories and tags of the listings it may see."""

from bisect import bisect_left, insort
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import islice

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
# Whether a viewer may know a listing, by its id, or a word, by a listing that carries it.
Shown = Callable[[str], bool]


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

    def suggest(self, typed: str, visible: Shown, limit: int) -> tuple[Suggestion, ...]:
        """Fewest typos first, then names before categories before tags, then the most frequent.

        The answer is that of an index which holds the visible listings alone.
        """
        words = words_of_text(typed)
        if not words:
            return ()
        *whole, last = words

        @cache
        def shown(word: str) -> bool:
            return any(visible(carrier) for entry in self._entries_of_word[word] for carrier in self._carriers[entry])

        found: dict[Entry, int] = {}
        for word, typos in self._completions(last, shown):
            for entry in self._entries_of_word[word]:
                found[entry] = min(typos, found.get(entry, typos))
        for word in whole:
            found = self._narrowed(found, word, shown)
        return self._ranked(found, visible, limit)

    def _narrowed(self, found: dict[Entry, int], word: str, shown: Shown) -> dict[Entry, int]:
        if any(map(shown, self._beginning_with(word))):
            near = {entry for entry in found if any(known.startswith(word) for known in words_of_text(entry[1]))}
        else:
            near = {entry for known, _ in self._corrections(word, shown) for entry in self._entries_of_word[known]}
        return {entry: typos for entry, typos in found.items() if entry in near}

    def _ranked(self, found: dict[Entry, int], visible: Shown, limit: int) -> tuple[Suggestion, ...]:
        ranked: list[tuple[int, int, int, str, Suggestion]] = []
        for entry, typos in found.items():
            kind, text = entry
            count = sum(map(visible, self._carriers[entry]))
            if count:
                ranked.append((typos, _KIND_ORDER[kind], -count, text, Suggestion(text, kind, count)))
        return tuple(row[-1] for row in sorted(ranked, key=lambda row: row[:4])[:limit])

    def _completions(self, typed: str, shown: Shown) -> list[tuple[str, int]]:
        # A hidden word must not stand in the way of corrections, nor use up a place: both would tell that it is there.
        exact = [(word, 0) for word in islice(filter(shown, self._beginning_with(typed)), _MAX_COMPLETIONS)]
        return exact or self._corrections(typed, shown)

    def _beginning_with(self, typed: str) -> Iterator[str]:
        for place in range(bisect_left(self._words, typed), len(self._words)):
            if not self._words[place].startswith(typed):
                return
            yield self._words[place]

    def _corrections(self, typed: str, shown: Shown) -> list[tuple[str, int]]:
        limit = typos_allowed(len(typed))
        if limit == 0:
            return []
        shared = Counter(word for pair in pairs_of(typed) for word in self._words_of_pair.get(pair, ()))
        # Of words that share as many pairs the shorter is nearer; the word itself breaks the last tie.
        nearest = sorted(shared, key=lambda word: (-shared[word], len(word), word))
        candidates = islice(filter(shown, nearest), _MAX_CANDIDATES)
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
