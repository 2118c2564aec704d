"""Refuses keys that look like the names the call path reads, and are not.

Vendors written in Go match a JSON key without its case, and the last one counts: there `MAX_TOKENS`, or `max_tokens`
with a long s, is a bound that nobody here has seen.
"""

from collections.abc import Iterable

from dataplane.refusals import RequestInvalid

_LONGEST_SHOWN = 80
# Every name that is read or set here.
_NAMES = frozenset(
    {
        "model",
        "stream",
        "stream_options",
        "include_usage",
        "max_tokens",
        "max_completion_tokens",
        "n",
        "best_of",
        "prompt",
        "messages",
        "input",
    }
)


def check_keys(keys: Iterable[str]) -> None:
    """Raise RequestInvalid for the first key that some vendors would take for another name."""
    for key in keys:
        if key not in _NAMES:
            # Folded as those vendors do, the long s (U+017F) and the Kelvin sign (U+212A) too.
            name = key.casefold()
            if name in _NAMES:
                shown = key[:_LONGEST_SHOWN]
                said = f"Some vendors read the key '{shown}' as '{name}'. Write it as '{name}', or leave it out."
                raise RequestInvalid(said, param=shown)
