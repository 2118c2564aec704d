"""A text completion as OpenAI writes it; a chunk has the shape of the whole."""

from typing import Any

from demo_provider.answers.plan import Choice
from demo_provider.answers.wire_format import WireFormat


def _said(choice: Choice, text: str, finish_reason: str | None) -> dict[str, Any]:
    return {"index": choice.index, "text": text, "logprobs": None, "finish_reason": finish_reason}


def _whole(choice: Choice) -> dict[str, Any]:
    return _said(choice, choice.text, choice.finish_reason)


def _opening(_choice: Choice) -> None:
    return None


def _step(choice: Choice, piece: str) -> dict[str, Any]:
    return _said(choice, piece, None)


def _closing(choice: Choice) -> dict[str, Any]:
    return _said(choice, "", choice.finish_reason)


TEXT = WireFormat("cmpl-", "text_completion", "text_completion", _whole, _opening, _step, _closing)
