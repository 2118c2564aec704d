"""The gRPC door with real service tokens: who may ask what, and what is answered."""

import json
from datetime import UTC, datetime

import pytest
from fixtures.admin_people import AdminHouse
from fixtures.admin_questions import asking
from google.protobuf.timestamp_pb2 import Timestamp

from chassis.clock import SystemClock
from chassis.identity.access_tokens import AccessTokens
from chassis.identity.issuer_client import AccountEpochs, IssuerKeys
from chassis.rpc.channel import RemoteError
from marketplace.admin.v1 import approvals_pb2, identity_pb2
from marketplace.admin.v1.approvals_pb2_grpc import ApprovalsStub
from marketplace.admin.v1.identity_pb2_grpc import IdentityStub


def request(subject: str, team_id: str) -> approvals_pb2.RequestApprovalRequest:
    """What publishing asks."""
    return approvals_pb2.RequestApprovalRequest(
        subject_kind="listing_version",
        subject_id=subject,
        team_id=team_id,
        requested_by="acc_pub",
        title="red/model 1.0.0",
        risk="low",
        evidence_json='{"findings": []}',
    )


async def test_publishing_opens_and_withdraws_approvals(house: AdminHouse) -> None:
    team_id = await house.team("grpc-red")
    async with asking(house, "publishing") as peer:
        stub = ApprovalsStub(peer.channel)
        first = await peer.ask(stub.RequestApproval, request("ver_grpc", team_id))
        again = await peer.ask(stub.RequestApproval, request("ver_grpc", team_id))
        withdrawn = await peer.ask(
            stub.WithdrawApproval,
            approvals_pb2.WithdrawApprovalRequest(subject_kind="listing_version", subject_id="ver_grpc"),
        )
        with pytest.raises(RemoteError) as unknown:
            await peer.ask(
                stub.WithdrawApproval, approvals_pb2.WithdrawApprovalRequest(subject_kind="x", subject_id="y")
            )
        bad = request("ver_bad", team_id)
        bad.evidence_json = "{"
        with pytest.raises(RemoteError) as refused:
            await peer.ask(stub.RequestApproval, bad)
    assert (first.state, again.approval_id, withdrawn.state) == ("pending", first.approval_id, "withdrawn")
    assert (unknown.value.code, refused.value.code) == ("approval_not_found", "invalid_input")


async def test_evidence_that_quotes_what_no_column_holds_is_kept_all_the_same(house: AdminHouse) -> None:
    team_id = await house.team("grpc-quoting")
    quoting = request("ver_quoting", team_id)
    quoting.evidence_json = json.dumps({r"^[^\u0000]*$": "a\x00b", "lone": "\ud800", "pair": "\U0001f600"})
    async with asking(house, "publishing") as peer:
        approval = await peer.ask(ApprovalsStub(peer.channel).RequestApproval, quoting)
    read = await house.client.get(f"/workflows/{approval.approval_id}", headers=(await house.first()).headers)
    assert read.json()["evidence"] == {r"^[^\u0000]*$": "a?b", "lone": "?", "pair": "\U0001f600"}


@pytest.mark.parametrize("service", ["discovery", "consumption", "gateway", "fleet", "stranger"])
async def test_nobody_else_opens_approvals(house: AdminHouse, service: str) -> None:
    async with asking(house, service) as peer:
        with pytest.raises(RemoteError) as refusal:
            await peer.ask(ApprovalsStub(peer.channel).RequestApproval, request("ver_x", "tea_x"))
    assert refusal.value.code == "forbidden"


@pytest.mark.parametrize("service", ["publishing", "gateway"])
async def test_services_check_tokens_with_our_keys_and_hear_of_withdrawn_ones(house: AdminHouse, service: str) -> None:
    person = await house.person("viewer", team="grpc-blue")
    async with asking(house, service) as peer:
        epochs = AccountEpochs()
        tokens = AccessTokens(IssuerKeys(peer, SystemClock()), epochs)
        principal = await tokens.verify(person.tokens["access_token"])
        await house.client.post("/auth/logout", json={}, headers=person.headers)
        since = Timestamp()
        since.FromDatetime(datetime(2020, 1, 1, tzinfo=UTC))
        stub = IdentityStub(peer.channel)
        recent = await peer.ask(stub.ListRecentEpochs, identity_pb2.ListRecentEpochsRequest(since=since))
        team = await peer.ask(stub.GetTeam, identity_pb2.GetTeamRequest(slug="grpc-blue"))
        same = await peer.ask(stub.GetTeam, identity_pb2.GetTeamRequest(team_id=team.team_id))
        with pytest.raises(RemoteError) as missing:
            await peer.ask(stub.GetTeam, identity_pb2.GetTeamRequest(slug="nobody-there"))
    assert (principal.account_id, principal.roles, principal.tenant_slug) == (
        person.account_id,
        {"viewer"},
        "grpc-blue",
    )
    assert {row.account_id: row.epoch for row in recent.epochs}[person.account_id] == principal.epoch + 1
    assert team == same
    assert missing.value.code == "team_not_found"


async def test_a_stranger_learns_nothing(house: AdminHouse) -> None:
    async with asking(house, "stranger") as peer:
        with pytest.raises(RemoteError) as refusal:
            await peer.ask(IdentityStub(peer.channel).GetTeam, identity_pb2.GetTeamRequest(slug="grpc-blue"))
    assert refusal.value.code == "forbidden"
