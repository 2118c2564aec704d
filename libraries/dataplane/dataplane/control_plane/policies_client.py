"""The policies in force, followed from admin: the last good ones are kept, on disk too, whatever happens to admin."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import grpc

from chassis.errors import Unavailable
from chassis.rpc.channel import Peer
from dataplane.control_plane.bundle_file_store import BundleFile
from dataplane.policy_book import PolicyBook
from dataplane.policy_bundle import ActivePolicy, EnforcedBundle, PolicyBundle, Rules
from marketplace.admin.v1 import policies_pb2
from marketplace.admin.v1.policies_pb2_grpc import PoliciesStub

# Admin says something every five seconds; who hears nothing for three of these asks anew.
SILENCE_SECONDS = 15.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 5.0
_log = logging.getLogger("dataplane.policies")


@dataclass
class PolicyFollower:
    """Keeps a book up to date. `peer` is None where nobody is asked for policies, and nothing is enforced."""

    peer: Peer | None
    book: PolicyBook
    file: BundleFile
    now: Callable[[], int]
    refused: int | None = None
    heard_at: int = 0

    async def restore(self) -> None:
        """Enforce what was in force when a process before this one last heard of it."""
        kept = await asyncio.to_thread(self.file.read) if self.peer is not None else None
        if kept is None:
            return
        self.book.enforced = await _readable(kept[0])
        # A clock that was set back must not keep stale policies fresh.
        self.book.confirmed_at = min(kept[1], self.now())

    async def follow(self) -> None:
        """Listen until cancelled; after a break ask again, less and less often until something is heard."""
        if self.peer is None:
            await asyncio.Event().wait()
            return
        pause = _FIRST_PAUSE
        while True:
            before = self.heard_at
            try:
                await self._listen(self.peer)
            except (grpc.aio.AioRpcError, TimeoutError) as error:
                said = error.code().name if isinstance(error, grpc.aio.AioRpcError) else "silence"
                _log.info("policies are not heard: %s", said)
            pause = _FIRST_PAUSE if self.heard_at != before else min(pause * 2, _LONGEST_PAUSE)
            await asyncio.sleep(pause)

    async def check(self) -> str | None:
        """For readiness: what is enforced, where admin does not confirm it. Raises where no call passes."""
        now = self.now()
        if self.book.lets_none_pass(now):
            raise Unavailable("no policies are known, or only stale ones, and calls wait for them")
        if self.refused is not None:
            return f"policies of bundle {self.refused} cannot be read here; the ones before are enforced"
        if self.peer is not None and now - self.heard_at > 2 * SILENCE_SECONDS * 1_000_000:
            return "admin does not confirm the policies; the last known ones are enforced"
        return None

    async def _listen(self, peer: Peer) -> None:
        known = self.book.enforced.bundle if self.book.enforced is not None else PolicyBundle(0, "")
        request = policies_pb2.WatchBundleRequest(known_version=known.version, known_hash=known.content_hash)
        watch: Any = PoliciesStub(peer.channel).WatchBundle
        stream = watch(request, metadata=peer.metadata(), wait_for_ready=True)
        try:
            while True:
                async with asyncio.timeout(SILENCE_SECONDS):
                    message: policies_pb2.WatchBundleResponse | None = await stream.read()
                if not isinstance(message, policies_pb2.WatchBundleResponse):
                    return
                await self._take(message)
        finally:
            stream.cancel()

    async def _take(self, message: policies_pb2.WatchBundleResponse) -> None:
        self.heard_at = self.now()
        if message.HasField("bundle"):
            await self._enforce(bundle_of_message(message.bundle))
        if self.refused is None:
            self.book.confirmed_at = self.heard_at
            self.file.touch(self.heard_at)

    async def _enforce(self, bundle: PolicyBundle) -> None:
        """Put a bundle in force, on disk first: whoever was refused by it stays so after a kill."""
        readable = await _readable(bundle)
        self.refused = bundle.version if readable is None else None
        if readable is not None:
            await self._keep(bundle)
            self.book.enforced = readable
            _log.info("bundle %d of policies is in force: %d policies", bundle.version, len(bundle.policies))

    async def _keep(self, bundle: PolicyBundle) -> None:
        try:
            await asyncio.to_thread(self.file.write, bundle, self.heard_at)
        except OSError as error:
            _log.warning("bundle %d of policies is enforced and could not be kept: %s", bundle.version, error.strerror)


def bundle_of_message(message: policies_pb2.PolicyBundle) -> PolicyBundle:
    """The data plane's bundle."""
    policies = tuple(
        ActivePolicy(
            policy_id=policy.policy_id,
            name=policy.name,
            version=policy.version,
            description=policy.description,
            fail_mode="open" if policy.fail_mode == "open" else "closed",
            content=policy.content,
        )
        for policy in message.policies
    )
    return PolicyBundle(message.version, message.content_hash, policies)


async def _readable(bundle: PolicyBundle) -> EnforcedBundle | None:
    """The bundle, read beside the event loop; None where it cannot be read, and the one before stays in force."""
    try:
        return EnforcedBundle(bundle, await asyncio.to_thread(_read, bundle))
    except Exception:
        _log.exception("bundle %d of policies cannot be read; the one before stays in force", bundle.version)
        return None


def _read(bundle: PolicyBundle) -> Rules | None:
    if not bundle.is_whole():
        raise ValueError("the content is not what its hash was taken of")
    if not bundle.policies:
        return None
    # house: allow local-import, because the engine takes 11 MB, and most processes never have a policy to enforce
    from dataplane.cedar_engine import CedarRules  # noqa: PLC0415

    return CedarRules.of(bundle)
