"""How large and how long a call may be."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CallLimits:
    """Bytes and seconds; `head_seconds` runs until the vendor's head is here, `idle_seconds` between its chunks.

    None of them is longer than `total_seconds`.

    `retry_pauses` are waited before a retry asks again for the reply of a first call that has not ended.
    """

    body_bytes: int = 10 << 20
    reply_bytes: int = 32 << 20
    body_seconds: float = 30.0
    head_seconds: float = 120.0
    idle_seconds: float = 60.0
    total_seconds: float = 600.0
    retry_pauses: tuple[float, ...] = (0.25, 0.75)
