"""What a process makes of the script's replies."""

from typing import Any

from dataplane.control_plane.valkey_rate_store import ValkeyRateStore
from dataplane.rate_asks import AmountGrant, RateAnswer, RateAsk


class Server:
    """Replies to one script call after the other."""

    def __init__(self, *replies: bytes) -> None:
        self.replies = list(replies)

    async def evalsha(self, *_: object) -> bytes:
        return self.replies.pop(0)


async def test_an_answer_that_cannot_be_read_costs_no_other_key_its_own() -> None:
    good, odd, broken = b"[[1,2.5],null,null]", b"[[1.5,2],null,null]", b"[[nan,1],null,null]"
    client: Any = Server(b"[%b,%b,%b]" % (good, odd, good), b"[%b]" % broken, b"[%b]" % good)
    asks = [RateAsk(f"team_{team}", key, 1) for team, keys in enumerate(("abc", "d", "e")) for key in keys]
    answers = await ValkeyRateStore(client, "p").exchange(asks)
    read = RateAnswer(AmountGrant(1, 2.5), None, None)
    assert answers == [read, None, read, None, read]
