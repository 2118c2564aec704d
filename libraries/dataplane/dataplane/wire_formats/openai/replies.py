"""Usage of OpenAI replies: what was used, read from the vendor's own bytes."""

import msgspec

from dataplane.usage import MOST_TOKENS_BELIEVED, Usage
from dataplane.wire_formats.openai.reply_shapes import NULL, OTHER_FORM, read_count, read_plain, read_usage


def reply_usage(body: bytes) -> Usage | None:
    """The usage of a plain reply; None where it reports none that can be believed."""
    try:
        return usage_of(read_plain(body).usage)
    except OTHER_FORM:
        return None


def usage_of(raw: msgspec.Raw) -> Usage | None:
    """A usage object; None where it is null, holds no count, or cannot be believed."""
    if not raw or raw == NULL:
        return None
    try:
        usage = read_usage(raw)
    except OTHER_FORM:
        return None
    prompt, completion, details = usage.prompt_tokens, usage.completion_tokens, usage.prompt_tokens_details
    if prompt is None and completion is None:
        return None
    if prompt is not None:
        completion = _beyond(prompt, completion or 0, usage.total_tokens)
    return _believable(prompt or 0, completion or 0, 0 if details is None else details.cached_tokens or 0)


def _beyond(prompt: int, completion: int, total: msgspec.Raw) -> int:
    """The completion; xAI leaves its reasoning out of that and counts it in the total alone."""
    try:
        tokens = read_count(total)
    except OTHER_FORM:
        return completion
    return tokens - prompt if prompt + completion < tokens <= MOST_TOKENS_BELIEVED else completion


def _believable(prompt: int, completion: int, cached: int) -> Usage | None:
    """A reported usage, or None where the numbers cannot be true (negative, beyond 2^31, or nothing at all)."""
    if not 0 <= prompt <= MOST_TOKENS_BELIEVED or not 0 <= completion <= MOST_TOKENS_BELIEVED:
        return None
    # Every prompt has a token: who reports none has not counted (Ollama, in each chunk of a stream but the last).
    if prompt == completion == 0:
        return None
    return Usage(prompt, completion, cached if 0 <= cached <= prompt else max(0, min(cached, prompt)))
