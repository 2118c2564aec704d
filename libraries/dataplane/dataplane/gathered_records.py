"""Records that are written together: what one turn of the loop has to say."""

from dataplane.brief_records import Begun, Ended, Ends, Others, Unsent
from dataplane.call_journal import Lost
from dataplane.journal_frames import frame
from dataplane.record_kinds import Kind

# Records of a kind in a write, and in a frame. Most have some 300 bytes.
MOST_TOGETHER = 500
# A call that stands open, as its end and a new segment refer to it.
Call = tuple[Kind, Begun]


class Gathered:
    """What is written together: calls that begin, and who is told where they cannot; calls that end or were not sent.

    `new` kinds do not stand in the segment yet, `kinds` are those that its ends refer to, by number.
    """

    __slots__ = ("begun", "ended", "kinds", "losers", "new", "unsent")

    def __init__(self) -> None:
        self.begun: dict[str, Call] = {}
        self.ended: list[Ended] = []
        self.unsent: list[Unsent] = []
        self.losers: list[Lost] = []
        self.new: list[Kind] = []
        self.kinds: dict[int, Kind] = {}

    def without_begun(self) -> "Gathered":
        """The ends alone of calls that began before, with all that they refer to."""
        rest = Gathered()
        rest.ended = [end for end in self.ended if end.own.call_id not in self.begun]
        rest.unsent = [end for end in self.unsent if end.own.call_id not in self.begun]
        rest.kinds = self.kinds
        rest.new = list(self.kinds.values())
        return rest

    def frames(self, incarnation: int) -> bytes:
        """As it is appended. Ends come first: what one gave back, another call of the same turn may begin with."""
        data = b"".join([frame(kind.alike, incarnation) for kind in self.new]) if self.new else b""
        if self.ended:
            data += frame(Ends(len(self.ended), list(self.kinds), self.ended), incarnation)
        if self.begun or self.unsent:
            data += frame(Others([begun for _, begun in self.begun.values()], self.unsent), incarnation)
        return data
