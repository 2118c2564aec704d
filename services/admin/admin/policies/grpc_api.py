"""The gRPC door of policies, for the processes that decide calls."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from admin.policies.bundle_news import BundleNews, ReadBundle
from chassis.rpc.server import Context
from dataplane.policy_bundle import PolicyBundle
from marketplace.admin.v1 import policies_pb2 as messages
from marketplace.admin.v1.policies_pb2_grpc import PoliciesServicer

# A follower that hears nothing for some of these takes the stream for broken. It also bounds how late a change is
# heard of where its news was lost.
HEARTBEAT_SECONDS = 5.0


@dataclass(frozen=True)
class PoliciesDoor(PoliciesServicer):
    """Streams what is in force."""

    read_bundle: ReadBundle
    news: BundleNews

    async def WatchBundle(
        self, request: messages.WatchBundleRequest, context: Context
    ) -> AsyncIterator[messages.WatchBundleResponse]:
        """The bundle where the follower does not know it, then each one that follows."""
        known = (request.known_version, request.known_hash)
        async with self.news.following() as changed:
            while True:
                changed.clear()
                bundle = await self.read_bundle()
                found = (bundle.version, bundle.content_hash)
                yield messages.WatchBundleResponse(bundle=None if found == known else _message(bundle))
                known = found
                await _wait(changed)


async def _wait(changed: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(HEARTBEAT_SECONDS):
            await changed.wait()
    except TimeoutError:
        return


def _message(bundle: PolicyBundle) -> messages.PolicyBundle:
    return messages.PolicyBundle(
        version=bundle.version,
        content_hash=bundle.content_hash,
        policies=[
            messages.ActivePolicy(
                policy_id=policy.policy_id,
                name=policy.name,
                version=policy.version,
                description=policy.description,
                fail_mode=policy.fail_mode,
                content=policy.content,
            )
            for policy in bundle.policies
        ],
    )
