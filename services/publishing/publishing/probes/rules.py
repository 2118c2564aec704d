"""What a good answer of the OpenAI protocol looks like, and the figures of a benchmark."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from publishing.listings.version_content import Measurements
from publishing.probes.ports import Json, Reply, StreamedReply

REFUSALS = frozenset({401, 403})
# More failures than this among the benchmark's calls, and the version is not published.
MOST_FAILURES = 0.2


def chat_question(model: str, *, stream: bool = False) -> Json:
    """The smallest honest question; its answer shows model, words and usage."""
    question: Json = {
        "model": model,
        "messages": [{"role": "user", "content": "Answer with one short sentence: are you there?"}],
        "max_tokens": 32,
    }
    return question | {"stream": True, "stream_options": {"include_usage": True}} if stream else question


def fault_of_chat(reply: Reply) -> str | None:
    """What is wrong with an answer; None where it has the shape of a chat completion with usage."""
    if reply.status != 200:
        return f"it answered {reply.status} instead of 200"
    answer = _parsed(reply.text)
    if answer is None:
        return "its body is not a JSON object"
    choices = _items(answer.get("choices"))
    message = _members(_members(choices[0] if choices else None).get("message"))
    if not isinstance(message.get("content"), str):
        return "choices[0].message.content is no text"
    return _fault_of_usage(answer.get("usage"))


def fault_of_embedding(reply: Reply) -> str | None:
    """What is wrong with an answer; None where it has the shape of an embedding with usage."""
    if reply.status != 200:
        return f"it answered {reply.status} instead of 200"
    answer = _parsed(reply.text)
    if answer is None:
        return "its body is not a JSON object"
    rows = _items(answer.get("data"))
    if not _members(rows[0] if rows else None).get("embedding"):
        return "data[0].embedding is no vector"
    return _fault_of_usage(answer.get("usage"), ("prompt_tokens",))


def fault_of_stream(reply: StreamedReply) -> str | None:
    """What is wrong with a streamed answer; None where it has chunks, an end and usage."""
    if reply.status != 200:
        return f"it answered {reply.status} instead of 200"
    if not reply.events or reply.events[-1] != "[DONE]":
        return "the stream does not end with [DONE]"
    chunks = [_parsed(event) for event in reply.events[:-1]]
    if not chunks or any(chunk is None for chunk in chunks):
        return "the stream holds something else than JSON chunks"
    return _fault_of_usage(next((chunk["usage"] for chunk in reversed(chunks) if chunk and chunk.get("usage")), None))


def output_tokens(reply: StreamedReply) -> int:
    """The output tokens that a good stream says it had."""
    for event in reversed(reply.events[:-1]):
        tokens = _members((_parsed(event) or {}).get("usage")).get("completion_tokens")
        if isinstance(tokens, int):
            return tokens
    return 0


def reveals(text: str, secret: str) -> bool:
    """Whether a text holds the secret, or enough of it to be of use."""
    return secret in text or (len(secret) >= 16 and secret[: len(secret) // 2] in text)


@dataclass(frozen=True)
class Sample:
    """One call of the benchmark; a failed one has no times."""

    milliseconds: float | None
    first_token_milliseconds: float | None = None
    tokens_per_second: float | None = None


def figures(samples: Sequence[Sample], measured_at: str) -> Measurements:
    """Percentiles over the calls that succeeded; the error rate over all."""
    times = [sample.milliseconds for sample in samples if sample.milliseconds is not None]
    firsts = [s.first_token_milliseconds for s in samples if s.first_token_milliseconds is not None]
    speeds = [s.tokens_per_second for s in samples if s.tokens_per_second is not None]
    return Measurements(
        latency_p50_ms=percentile(times, 50),
        latency_p95_ms=percentile(times, 95),
        latency_p99_ms=percentile(times, 99),
        error_rate=round(1 - len(times) / len(samples), 4) if samples else None,
        time_to_first_token_ms=percentile(firsts, 50),
        throughput_per_second=percentile(speeds, 50),
        measured_at=measured_at,
    )


def percentile(values: Sequence[float], percent: int) -> float | None:
    """The nearest-rank percentile, to a hundredth; None of nothing."""
    if not values:
        return None
    rank = max(1, math.ceil(percent / 100 * len(values)))
    return round(sorted(values)[rank - 1], 2)


def _fault_of_usage(usage: object, names: tuple[str, ...] = ("prompt_tokens", "completion_tokens")) -> str | None:
    counts = [_members(usage).get(name) for name in names]
    if any(not isinstance(count, int) or count < 0 for count in counts):
        return f"usage does not count {' and '.join(names)}"
    return None


def _parsed(text: str) -> Json | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return cast("Json", value) if isinstance(value, dict) else None


def _members(value: object) -> Json:
    return cast("Json", value) if isinstance(value, dict) else {}


def _items(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []
