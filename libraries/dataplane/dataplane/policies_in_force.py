"""Wires the policies of one process: who is asked for them, where they are kept, what decides by them."""

import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from chassis.identity.service_tokens import ServiceTokenIssuer
from chassis.rpc.channel import Peer
from dataplane.control_plane.bundle_file_store import BundleFile
from dataplane.control_plane.policies_client import PolicyFollower
from dataplane.plane import Calls
from dataplane.plane_settings import PlaneSettings
from dataplane.policy_book import PolicyBook


@asynccontextmanager
async def policies_of(calls: Calls, knobs: PlaneSettings, issuer: ServiceTokenIssuer) -> AsyncGenerator[PolicyFollower]:
    """Who keeps the policies of these calls up to date; those kept on disk are in force from the start."""
    async with AsyncExitStack() as stack:
        peer = None
        if knobs.admin_address is not None:
            peer = await stack.enter_async_context(Peer.open("admin", knobs.admin_address, issuer))
        book = calls.state.policy_book = PolicyBook(
            expected=peer is not None,
            without_bundle=knobs.policies_without_bundle,
            stale_after=knobs.policies_stale_seconds * 1_000_000,
        )
        follower = PolicyFollower(peer, book, BundleFile(knobs.data_folder), lambda: time.time_ns() // 1000)
        await follower.restore()
        yield follower
