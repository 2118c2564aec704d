"""Counts tokens from bytes where a vendor reports none: rough, and always flagged."""

from dataplane.usage import Usage

_BYTES_PER_TOKEN = 4


def estimated_tokens(size: int) -> int:
    """About four bytes to a token, rounded up."""
    return -(-size // _BYTES_PER_TOKEN)


def estimated_usage(prompt: int, frames: int, content_bytes: int, bound: int) -> Usage:
    """What a call used as far as anybody saw: a frame carries a token at least, and four bytes are about one.

    Bytes are a guess, and never one beyond the `bound` that the vendor was given; frames were seen.
    """
    return Usage(prompt, max(frames, min(estimated_tokens(content_bytes), bound)), estimated=True)


def at_least(reported: Usage, seen: Usage) -> Usage:
    """A vendor's count that may not be its last, raised to what was seen, and flagged where that is more.

    Its prompt was read before its first token: that count does not grow, and ours is a guess.
    """
    prompt = reported.prompt_tokens or seen.prompt_tokens
    completion = max(reported.completion_tokens, seen.completion_tokens)
    if (prompt, completion) == (reported.prompt_tokens, reported.completion_tokens):
        return reported
    return Usage(prompt, completion, reported.cached_prompt_tokens, estimated=True)
