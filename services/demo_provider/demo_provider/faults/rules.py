"""How an answer misbehaves: the settings say it for all calls, headers for one where they are let."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

MAX_MS = 600_000


class Fault(StrEnum):
    """One way to misbehave."""

    NONE = "none"
    ERROR = "error"
    OVERLOADED = "overloaded"
    LIMITED = "limited"
    CUT = "cut"
    STALL = "stall"
    HANG = "hang"
    NO_USAGE = "no-usage"


@dataclass(frozen=True)
class Behaviour:
    """Waits in milliseconds, the length of the reply (0: as it comes) and the fault of one answer."""

    latency_ms: int = 0
    pace_ms: int = 0
    reply_tokens: int = 0
    fault: Fault = Fault.NONE


def steered(usual: Behaviour, headers: Mapping[str, str]) -> Behaviour:
    """The usual behaviour with what the headers ask for; what cannot be read is left as usual."""
    asked = headers.get("x-demo-fault", "")
    return replace(
        usual,
        latency_ms=_number(headers.get("x-demo-latency-ms"), usual.latency_ms),
        pace_ms=_number(headers.get("x-demo-pace-ms"), usual.pace_ms),
        reply_tokens=_number(headers.get("x-demo-reply-tokens"), usual.reply_tokens),
        fault=Fault(asked) if asked in set(Fault) else usual.fault,
    )


def _number(text: str | None, usual: int) -> int:
    return min(int(text), MAX_MS) if text and text.isascii() and text.isdigit() and len(text) < 8 else usual
