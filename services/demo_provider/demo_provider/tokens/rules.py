"""The tokenizer: a token is up to four letters or digits of one word, or one other visible character.

White space belongs to the token after it, and what trails is a token of its own, so the tokens of a text joined
together are the text again.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

_TOKEN = re.compile(r"\s*(?:\w{1,4}|[^\w\s])|\s+")
# As with other vendors, each message costs a little for its frame, and the reply's own frame is charged to the prompt.
MESSAGE_FRAME = 3
REPLY_FRAME = 3
IMAGE_TOKENS = 85


def tokenize(text: str) -> list[str]:
    """The tokens of a text, in order."""
    return _TOKEN.findall(text)


def count(text: str) -> int:
    """How many tokens a text has."""
    return len(tokenize(text))


def count_json(value: Any) -> int:
    """How many tokens a JSON value has, written compactly."""
    return count(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def count_prompt(prompt: str | Sequence[int]) -> int:
    """Tokens of a prompt that may come as text or as tokens already."""
    return count(prompt) if isinstance(prompt, str) else len(prompt)
