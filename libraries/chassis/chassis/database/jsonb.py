"""JSON text as a column of type jsonb takes it."""

import json
import re

# One escape after the other, so that the second backslash of an escaped one begins none.
_ESCAPE = re.compile(r"\\(?:u0000|.)")


def jsonb_text(value: object) -> str:
    """A value as JSON text; NUL and single surrogates, which PostgreSQL stores nowhere, are written as `?`.

    Raises TypeError and ValueError as json.dumps does.
    """
    # Unescaped, a pair of surrogates is one character, and what is left of them is no text.
    text = json.dumps(value, ensure_ascii=False).encode(errors="replace").decode()
    return _ESCAPE.sub(lambda escape: "?" if escape[0] == "\\u0000" else escape[0], text)
