"""Claims and replies as the gateway carries them: over gRPC to consumption's own door, into a real database."""

import msgspec
import pytest
from fakes.call_facts import some_facts, some_settled
from fixtures.consumption_shop import Shop

from chassis.clock import SystemClock
from chassis.errors import ErrorKind, MarketplaceError
from chassis.ids import new_id
from dataplane.call_records import CallFacts, EndRecord, Settled, Unknown, Unmade
from dataplane.control_plane.replies_client import GrpcReplies
from dataplane.control_plane.settlement_client import GrpcSettler
from dataplane.journal_frames import frame
from dataplane.kept_reply import LARGEST_BODY, KeptReply
from dataplane.reply_claims import Claim, ClaimAnswer, body_digest, scope_digest
from dataplane.settlement import incarnation_of
from marketplace.consumption.v1 import settlement_pb2
from marketplace.consumption.v1.settlement_pb2_grpc import SettlementStub

LINES = b"content-type: application/json\r\nx-request-id: call_1\r\nx-odd: \xff\r\n"
HOLDER = "00000000000000a1"


def a_claim(key: bytes, body: bytes = b"{}") -> Claim:
    """A call of team_1 under this key."""
    scope = scope_digest(b"pepper", "key_1", b"/v1/chat/completions", key)
    return Claim("team_1", scope, body_digest(b"pepper", body), new_id("call", SystemClock().now()))


def facts(claim: Claim) -> CallFacts:
    return msgspec.structs.replace(some_facts(1), call_id=claim.call_id, reservations=())


def settled(claim: Claim, reply: KeptReply) -> Settled:
    return msgspec.structs.replace(some_settled(1), facts=facts(claim), spent=(), reply=reply)


def framed(holder: str, *ends: EndRecord) -> list[bytes]:
    return [frame(end, incarnation_of(holder)) for end in ends]


async def test_what_the_journal_says_of_a_reply_is_what_a_retry_is_told(shop: Shop) -> None:
    async with shop.gateway() as consumption:
        replies, settler = GrpcReplies(consumption, HOLDER), GrpcSettler(consumption)
        kept, large, left, free = (a_claim(name) for name in (b"kept", b"large", b"left", b"free"))
        for claim in (kept, large, left, free):
            assert await replies.claim(claim) == ClaimAnswer("claimed", claim.call_id)
        reply = KeptReply("kept", 200, LINES, bytes(range(256)))
        ends = [settled(kept, reply), settled(large, KeptReply("too_large", 200, LINES))]
        ends += [settled(left, KeptReply("caller_left", 499)), settled(free, KeptReply("released", 503))]
        for _ in range(2):
            await settler.settle(HOLDER, framed(HOLDER, *ends))
        assert await replies.claim(a_claim(b"kept")) == ClaimAnswer("kept", kept.call_id, reply, 40)
        assert await replies.claim(a_claim(b"kept", b"[]")) == ClaimAnswer("different_body")
        assert await replies.claim(a_claim(b"large")) == ClaimAnswer("too_large", large.call_id, None, 40)
        assert await replies.claim(a_claim(b"left")) == ClaimAnswer("caller_left", left.call_id, None, 40)
        assert (await replies.claim(a_claim(b"free"))).standing == "claimed"


async def test_unmade_calls_free_their_keys_and_unknown_ones_never(shop: Shop) -> None:
    async with shop.gateway() as consumption:
        replies, settler = GrpcReplies(consumption, "00000000000000a2"), GrpcSettler(consumption)
        unmade, unknown, unused = (a_claim(name) for name in (b"unmade", b"unknown", b"unused"))
        for claim in (unmade, unknown, unused):
            await replies.claim(claim)
        assert (await replies.claim(a_claim(b"unmade"))).standing == "in_progress"
        ends = framed(replies.holder, Unmade("team_1", unmade.call_id), Unknown(facts(unknown)))
        await settler.settle(replies.holder, ends)
        await settler.seal(replies.holder)
        after = GrpcReplies(consumption, "00000000000000a3")
        assert (await after.claim(a_claim(b"unmade"))).standing == "claimed"
        assert await after.claim(a_claim(b"unknown")) == ClaimAnswer("unknown", unknown.call_id)
        assert (await after.claim(a_claim(b"unused"))).standing == "claimed"
        with pytest.raises(MarketplaceError) as sealed:
            await replies.claim(a_claim(b"late"))
        assert sealed.value.code == "holder_sealed"


async def test_a_batch_full_of_the_largest_replies_is_settled(shop: Shop) -> None:
    """The journal is read until 3 MiB are passed, and no frame is larger than one."""
    async with shop.gateway() as consumption:
        replies, settler = GrpcReplies(consumption, HOLDER), GrpcSettler(consumption)
        claims = [a_claim(b"batch %d" % number) for number in range(15)]
        for claim in claims:
            await replies.claim(claim)
        reply = KeptReply("kept", 200, LINES, b"x" * LARGEST_BODY)
        await settler.settle(HOLDER, framed(HOLDER, *(settled(claim, reply) for claim in claims)))
        answer = await replies.claim(a_claim(b"batch 14"))
        assert answer.reply == reply


async def test_a_batch_with_an_end_that_cannot_be_read_is_refused_and_settles_nothing(shop: Shop) -> None:
    async with shop.gateway() as consumption:
        replies, settler = GrpcReplies(consumption, HOLDER), GrpcSettler(consumption)
        claim = a_claim(b"half")
        await replies.claim(claim)
        good = framed(HOLDER, settled(claim, KeptReply("kept", 200, LINES, b"{}")))
        for bad in (good[0][:-1], framed("00000000000000a2", some_settled(1))[0]):
            with pytest.raises(MarketplaceError) as refused:
                await settler.settle(HOLDER, [*good, bad])
            assert refused.value.kind is ErrorKind.INVALID
        before_frames = settlement_pb2.CommitEndsRequest(holder=HOLDER, unmade=[settlement_pb2.UnmadeCall()])
        with pytest.raises(MarketplaceError) as refused:
            await consumption.ask(SettlementStub(consumption.channel).CommitEnds, before_frames)
        assert refused.value.kind is ErrorKind.INVALID
        assert (await replies.claim(a_claim(b"half"))).standing == "in_progress"
        await settler.settle(HOLDER, good)
        assert (await replies.claim(a_claim(b"half"))).standing == "kept"


async def test_a_claim_without_its_parts_or_its_door_is_refused(shop: Shop) -> None:
    async with shop.gateway() as consumption:
        for wrong in (Claim("", b"s" * 32, b"b" * 32, "call_1"), Claim("team_1", b"short", b"b" * 32, "call_1")):
            with pytest.raises(MarketplaceError) as refused:
                await GrpcReplies(consumption, HOLDER).claim(wrong)
            assert refused.value.kind is ErrorKind.INVALID
        await shop.close_door()
        with pytest.raises(MarketplaceError) as gone:
            await GrpcReplies(consumption, HOLDER).claim(a_claim(b"down"))
        assert gone.value.kind is ErrorKind.UNAVAILABLE
