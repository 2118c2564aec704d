"""What the demo says: something true about the prompt, and that it is a demo."""

import hashlib
import re
from collections import Counter

from demo_provider.tokens.rules import tokenize

_WORD = re.compile(r"\w+")
_OPENINGS = (
    "This is a demo, not a language model.",
    "A demo provider answers here; no model read this.",
    "You reached the marketplace's demo, which only counts words.",
)
_FILLER = " This sentence only makes the demo's reply longer."
_QUOTED = 80
_LONGEST_WORDS = 3


def reply_to(text: str, seed: int | None, index: int) -> str:
    """The same reply for the same text, seed and choice; it quotes and counts, and claims nothing else."""
    digest = hashlib.blake2b(f"{seed}:{text}".encode("utf-8", "surrogatepass"), digest_size=4).digest()
    opening = _OPENINGS[(int.from_bytes(digest) + index) % len(_OPENINGS)]
    words: list[str] = _WORD.findall(text)
    quote = " ".join(text.split())[:_QUOTED]
    if not words:
        return f"{opening} Your message has no words."
    often = Counter(word.lower() for word in words).most_common()
    longest = sorted(often, key=lambda pair: (-len(pair[0]), pair[0]))[:_LONGEST_WORDS]
    named = ", ".join(word[:40] for word, _ in longest)
    counted = "1 word" if len(words) == 1 else f"{len(words)} words"
    return f'{opening} Your message has {counted} and begins: "{quote}". Its longest words: {named}.'


def stretched(text: str, tokens: int) -> str:
    """The text made exactly that many tokens long, by more sentences or by cutting; 0 leaves it."""
    if tokens == 0:
        return text
    pieces = tokenize(text)
    filler = tokenize(_FILLER)
    while len(pieces) < tokens:
        pieces += filler
    return "".join(pieces[:tokens])


def cut_at(text: str, stops: list[str]) -> str:
    """The text before the first of the stops."""
    places = [place for stop in stops if stop and (place := text.find(stop)) >= 0]
    return text[: min(places)] if places else text
