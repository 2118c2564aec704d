"""The gRPC door of identity: what every service must know of accounts and teams."""

from dataclasses import dataclass
from datetime import UTC

import grpc

from admin.epochs.actions import ListRecentEpochs
from admin.sessions.signing import SigningKey
from admin.teams.actions import ReadTeam
from marketplace.admin.v1 import identity_pb2 as messages
from marketplace.admin.v1.identity_pb2_grpc import IdentityServicer


@dataclass(frozen=True)
class IdentityDoor(IdentityServicer):
    """Keys, epochs, teams."""

    signing_key: SigningKey
    list_recent_epochs: ListRecentEpochs
    read_team: ReadTeam

    async def ListVerificationKeys(
        self,
        request: messages.ListVerificationKeysRequest,
        context: grpc.aio.ServicerContext[messages.ListVerificationKeysRequest, messages.ListVerificationKeysResponse],
    ) -> messages.ListVerificationKeysResponse:
        """The public keys that check access tokens."""
        key = messages.VerificationKey(key_id=self.signing_key.key_id, public_key_pem=self.signing_key.public_pem)
        return messages.ListVerificationKeysResponse(keys=[key])

    async def ListRecentEpochs(
        self,
        request: messages.ListRecentEpochsRequest,
        context: grpc.aio.ServicerContext[messages.ListRecentEpochsRequest, messages.ListRecentEpochsResponse],
    ) -> messages.ListRecentEpochsResponse:
        """The epochs that moved since a moment."""
        epochs = await self.list_recent_epochs(request.since.ToDatetime(UTC))
        rows = [messages.AccountEpoch(account_id=account_id, epoch=epoch) for account_id, epoch in epochs.items()]
        return messages.ListRecentEpochsResponse(epochs=rows)

    async def GetTeam(
        self,
        request: messages.GetTeamRequest,
        context: grpc.aio.ServicerContext[messages.GetTeamRequest, messages.GetTeamResponse],
    ) -> messages.GetTeamResponse:
        """One team by its id, or else by its slug."""
        if request.team_id:
            team = await self.read_team(request.team_id, None)
        else:
            team = await self.read_team.by_slug(request.slug)
        return messages.GetTeamResponse(team_id=team.team_id, slug=team.slug, name=team.name)
