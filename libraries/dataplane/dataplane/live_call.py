"""A call under way: who calls what, under which admission, and when what happened."""

from dataclasses import dataclass

from dataplane.admission import Admitted
from dataplane.call_records import CallFacts, Settled
from dataplane.leases import Left
from dataplane.passages import Passage
from dataplane.wire_formats.openai.requests import OpenAiRequest


@dataclass(slots=True)
class LiveCall:
    """One admitted call. Moments are microseconds since 1970 UTC; `sent` is 0 until its request left.

    Once it is charged there are `settled`, and what is `left` of its scopes.
    """

    passage: Passage
    facts: CallFacts
    admitted: Admitted
    request: OpenAiRequest
    completion_bound: int
    sent: int = 0
    first_byte: int | None = None
    settled: Settled | None = None
    left: Left = (None, None)

    @property
    def added(self) -> int:
        """Microseconds that governance took before the vendor was asked."""
        added = self.sent - self.facts.started_at
        return added if added > 0 else 0
