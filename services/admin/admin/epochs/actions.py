"""What can be done with epochs: withdraw an account's access tokens, and tell which were withdrawn of late."""

from dataclasses import dataclass
from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from admin.facts import IDENTITY_TOPIC
from admin.work import OpenWork, Work
from marketplace.events.v1.identity_pb2 import AccountEpochAdvanced


async def withdraw_tokens(work: Work, account_id: str) -> None:
    """End every access token of the account within a second, everywhere; its sessions may fetch new ones."""
    epoch = await work.epochs.advance(account_id)
    if epoch is not None:
        at = Timestamp()
        at.FromDatetime(work.now)
        fact = AccountEpochAdvanced(account_id=account_id, epoch=epoch, at=at)
        await work.facts.append(IDENTITY_TOPIC, account_id, fact)


@dataclass(frozen=True)
class ListRecentEpochs:
    """Tell a fresh process which tokens that may still live were withdrawn."""

    open_work: OpenWork

    async def __call__(self, since: datetime) -> dict[str, int]:
        """Epochs by account id."""
        async with self.open_work() as work:
            return await work.epochs.advanced_since(since)
