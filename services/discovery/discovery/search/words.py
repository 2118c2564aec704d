"""How text becomes words to match: lower case, no stop words, Porter stems; the same on every index."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import Stemmer

_WORD = re.compile(r"[^\W_]+")
_COMPOUND = re.compile(r"[^\W_]+(?:[-_.][^\W_]+)+")
# A compound longer than this is a path or a key, not a name that somebody types in one piece.
_MAX_COMPOUND = 24

_STOP_TEXT = """
    a about after all also an and any are as at be been before being both but by can could did do does doing done
    each few for from get give got had has have having he help her here him his how i if in into is it its just let
    like make me more most my need needs no not now of off on one only or other our out over own please provide she
    should so some such suggest than that the their them then there these they thing this those to too us use used
    using very want wants was we were what when where which while who whom whose why will with would you your
"""
STOP_WORDS = frozenset(_STOP_TEXT.split())


class Analyzer:
    """Words to stems. One per index: the stemmer keeps a cache and is not for several threads."""

    def __init__(self) -> None:
        # The package has no type stubs.
        stemmer: Any = Stemmer
        self._stemmer: Any = stemmer.Stemmer("english")

    def __call__(self, text: str) -> list[str]:
        """The stems in order, repetitions kept; `gpt-4o` gives gpt, 4o and gpt4o."""
        folded = unicodedata.normalize("NFKC", text).casefold()
        words = [word for word in _WORD.findall(folded) if word not in STOP_WORDS]
        return self._stemmer.stemWords([*words, *_compounds(folded)])

    def query_terms(self, query: str) -> list[str]:
        """Each stem once, in the order of the query."""
        return list(dict.fromkeys(self(query)))

    def spelling(self, query: str) -> dict[str, str]:
        """Stem to the word the person typed, for reasons that a person reads."""
        return {self._stemmer.stemWord(word.casefold()): word for word in _WORD.findall(query)}


def _compounds(folded: str) -> Iterator[str]:
    for compound in _COMPOUND.findall(folded):
        joined = re.sub(r"[-_.]", "", compound)
        if len(joined) <= _MAX_COMPOUND:
            yield joined
