"""A call under way: who calls what, under which admission, and when what happened."""

import msgspec

from dataplane.admission import Admitted
from dataplane.call_records import CallFacts, Settled
from dataplane.records import KeyRecord, Route
from dataplane.wire_formats.openai.requests import OpenAiRequest


class Moments(msgspec.Struct):
    """Microseconds since 1970 UTC."""

    arrived: int
    sent: int = 0
    first_byte: int | None = None


class LiveCall(msgspec.Struct):
    """One admitted call; `settled` once it is charged."""

    facts: CallFacts
    admitted: Admitted
    key: KeyRecord
    route: Route
    request: OpenAiRequest
    moments: Moments
    completion_bound: int
    settled: Settled | None = None
