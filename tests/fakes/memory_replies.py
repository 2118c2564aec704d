"""Consumption's kept replies in memory, settled with the calls that claimed them."""

from dataclasses import dataclass, field

from dataplane.call_records import EndRecord, Settled, Unknown, Unmade
from dataplane.kept_reply import KeptReply
from dataplane.reply_claims import Claim, ClaimAnswer, Standing


@dataclass
class KeptClaim:
    """What stands under one key."""

    claim: Claim
    standing: Standing = "in_progress"
    reply: KeptReply | None = None
    cost: int | None = None


@dataclass
class MemoryReplies:
    """Replies; an `error` is raised instead of an answer, after the claim was made."""

    kept: dict[tuple[str, bytes], KeptClaim] = field(default_factory=dict[tuple[str, bytes], KeptClaim])
    error: Exception | None = None
    asked: int = 0

    async def claim(self, claim: Claim) -> ClaimAnswer:
        self.asked += 1
        place = (claim.team_id, claim.scope_digest)
        mine = place not in self.kept
        held = self.kept.setdefault(place, KeptClaim(claim))
        if self.error is not None:
            raise self.error
        if mine:
            return ClaimAnswer("claimed", claim.call_id)
        if held.claim.body_digest != claim.body_digest:
            return ClaimAnswer("different_body")
        return ClaimAnswer(held.standing, held.claim.call_id, held.reply, held.cost)

    def end(self, record: EndRecord) -> None:
        if isinstance(record, Unmade):
            self._free(record.call_id)
        elif isinstance(record, Unknown):
            for held in self._of(record.facts.call_id):
                held.standing = "unknown"
        elif isinstance(record, Settled) and record.reply is not None:
            reply = record.reply
            if reply.fate == "released":
                self._free(record.facts.call_id)
                return
            for held in self._of(record.facts.call_id):
                held.standing, held.cost = reply.fate, record.cost
                held.reply = reply if reply.fate == "kept" else None

    def _of(self, call_id: str) -> list[KeptClaim]:
        return [held for held in self.kept.values() if held.claim.call_id == call_id]

    def _free(self, call_id: str) -> None:
        for place, held in list(self.kept.items()):
            if held.claim.call_id == call_id and held.standing == "in_progress":
                del self.kept[place]
