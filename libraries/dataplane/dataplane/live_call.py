"""A call under way: who calls what, under which admission, and when what happened."""

from dataclasses import dataclass, field

from dataplane.admission import Admitted
from dataplane.call_records import CallFacts, Settled
from dataplane.records import KeyRecord, Route
from dataplane.wire_formats.openai.requests import OpenAiRequest


@dataclass(slots=True)
class Moments:
    """Microseconds since 1970 UTC."""

    arrived: int
    sent: int = 0
    first_byte: int | None = None


@dataclass(slots=True)
class LiveCall:
    """One admitted call; `settled` once it is charged."""

    facts: CallFacts
    admitted: Admitted
    key: KeyRecord
    route: Route
    request: OpenAiRequest
    moments: Moments
    completion_bound: int
    settled: Settled | None = field(default=None)
