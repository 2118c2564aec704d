"""What a call used and cost, as the marketplace tells it: in the headers of a reply, in a stream's last comment."""

import json
from collections.abc import Mapping

from marketplace_cli.api_client import Json
from marketplace_cli.plain_text import count, dollars

_PREFIX = "x-marketplace-"
_COMMENT = "marketplace "
_WHOLE_NUMBERS = frozenset({"prompt_tokens", "completion_tokens", "quota_remaining_tokens", "rate_remaining_requests"})


def facts_in_headers(headers: Mapping[str, str]) -> Json:
    """The facts of a plain reply, by the names that a stream uses."""
    facts: Json = {
        name.removeprefix(_PREFIX).replace("-", "_"): value
        for name, value in headers.items()
        if name.startswith(_PREFIX)
    }
    also = {"request_id": "x-request-id", "deprecation": "deprecation", "sunset": "sunset"}
    facts |= {name: headers[header] for name, header in also.items() if header in headers}
    return {name: _value(name, text) for name, text in facts.items()}


def facts_in_comment(comment: str) -> Json | None:
    """The facts at the end of a stream; None where the comment says something else."""
    if not comment.startswith(_COMMENT):
        return None
    try:
        return json.loads(comment.removeprefix(_COMMENT))
    except ValueError:
        return None


def bill(facts: Json) -> str:
    """One line: tokens, cost, what is left."""
    parts = [
        f"{count(facts.get('prompt_tokens'))} + {count(facts.get('completion_tokens'))} tokens",
        f"cost {dollars(facts.get('cost_usd'))}" + (" (estimated)" if facts.get("estimated") is True else ""),
    ]
    if "quota_remaining_tokens" in facts:
        parts.append(f"{count(facts['quota_remaining_tokens'])} tokens left")
    if "budget_remaining_usd" in facts:
        parts.append(f"{dollars(facts['budget_remaining_usd'])} left")
    if "listing" in facts:
        parts.append(f"{facts['listing']}@{facts.get('version', '')}")
    return ", ".join(parts)


def deprecation_notice(facts: Json) -> str | None:
    """That the listing comes to its end, where it does."""
    if "deprecation" not in facts:
        return None
    end = f", calls may end after {facts['sunset']}" if "sunset" in facts else ""
    return f"{facts.get('listing')} is deprecated{end}: `marketplace show {facts.get('listing')}` tells more."


def _value(name: str, text: str) -> object:
    if text == "unknown":
        return None
    if text in {"true", "false"}:
        return text == "true"
    return int(text) if name in _WHOLE_NUMBERS and text.isdigit() else text
