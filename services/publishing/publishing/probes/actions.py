"""Phase 5: call the endpoint that a version binds, and keep what was measured."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta

from pydantic import SecretStr

from chassis.clock import Clock, rfc3339
from publishing.listings.actions import endpoint_host
from publishing.listings.errors import VersionNotFound
from publishing.listings.ports import Listings
from publishing.listings.rules import Version
from publishing.listings.sealed_credentials import CredentialSeal
from publishing.listings.version_content import Endpoint
from publishing.probes.errors import EndpointInsecure, EndpointUnhealthy, EndpointUnreachable, EndpointUnreliable
from publishing.probes.ports import Json, Reply, Target, VendorEndpoint
from publishing.probes.questions import Question, question_for
from publishing.probes.rules import (
    MOST_FAILURES,
    REFUSALS,
    Sample,
    chat_question,
    fault_of_stream,
    figures,
    output_tokens,
    reveals,
)

_WRONG_CREDENTIAL = SecretStr("marketplace-probe-with-a-wrong-key")


@dataclass(frozen=True)
class Effort:
    """How many calls the benchmark makes, and how long each call of a test may take."""

    plain_calls: int = 5
    streamed_calls: int = 3
    seconds_per_call: float = 20

    @property
    def longest(self) -> timedelta:
        """What all calls of a test may take: one for health, two as strangers, and the benchmark."""
        return timedelta(seconds=self.seconds_per_call * (3 + self.plain_calls + self.streamed_calls))


@dataclass(frozen=True)
class ProbeEndpoint:
    """Health, security, benchmark; the figures land on the version."""

    listings: Listings
    seal: CredentialSeal
    vendor: VendorEndpoint
    allowlist: Collection[str]
    clock: Clock
    effort: Effort

    async def __call__(self, version_id: str) -> Json:
        """The report. Raises EndpointUnreachable, EndpointUnhealthy, EndpointInsecure or EndpointUnreliable."""
        version, endpoint, target = await self._target(version_id)
        health, security, samples = await self._tested(target, endpoint, question_for(version.content))
        measured = figures(samples, rfc3339(self.clock.now()))
        if (measured.error_rate or 0) > MOST_FAILURES:
            raise EndpointUnreliable(
                f"{measured.error_rate:.0%} of {len(samples)} calls failed: mend the endpoint and submit it again.",
                benchmark=asdict(measured),
            )
        async with self.listings.transaction(None) as transaction:
            await transaction.save_measurements(version, measured)
        return {
            "health": {"status": health.status, "milliseconds": round(health.milliseconds, 2)},
            "security": security,
            "benchmark": {"calls": len(samples), **asdict(measured)},
        }

    async def _target(self, version_id: str) -> tuple[Version, Endpoint, Target]:
        async with self.listings.transaction(None) as transaction:
            version = await transaction.version(version_id)
            sealed = await transaction.credential(version_id)
        endpoint = version.content.endpoint if version else None
        if version is None or endpoint is None:
            raise VersionNotFound("There is no such version, or it has no endpoint.")
        credential = self.seal.open(sealed, version_id, endpoint_host(endpoint)) if sealed else None
        return version, endpoint, Target(endpoint.url, endpoint.model, credential)

    async def _tested(
        self, target: Target, endpoint: Endpoint, question: Question
    ) -> tuple[Reply, Json, Sequence[Sample]]:
        """All calls, within their time: what ends here is final, so that no second round is paid for."""
        longest = self.effort.longest.total_seconds()
        try:
            async with asyncio.timeout(longest):
                health = await self._health(target, question)
                security = await self._security(target, endpoint, question, health)
                return health, security, await self._benchmark(target, question)
        except TimeoutError:
            raise EndpointUnreliable(
                f"Its test took longer than {longest:g} s: have the endpoint answer faster and submit it again."
            ) from None

    async def _health(self, target: Target, question: Question) -> Reply:
        reply = await self._asked(target, question)
        fault = question.fault(reply)
        if fault is not None:
            raise EndpointUnhealthy(f"{question.name} failed: {fault}.", status_seen=reply.status)
        return reply

    async def _security(self, target: Target, endpoint: Endpoint, question: Question, health: Reply) -> Json:
        encrypted = endpoint.url.startswith("https://")
        if not encrypted and endpoint_host(endpoint) not in self.allowlist:
            raise EndpointInsecure("The endpoint speaks without TLS: serve it by https.")
        report: Json = {"tls": encrypted, "tls_waived": not encrypted, "auth": endpoint.auth}
        if endpoint.auth == "none":
            return report | {"open_to_all": True}
        if target.credential is None:
            raise EndpointInsecure("The endpoint is declared to need a key, and none was given: send `credential`.")
        secret = target.credential.get_secret_value()
        strangers = [replace(target, credential=None), replace(target, credential=_WRONG_CREDENTIAL)]
        replies = [await self._asked(stranger, question) for stranger in strangers]
        if any(reply.status not in REFUSALS for reply in replies):
            raise EndpointInsecure(
                "The endpoint answers without its key: have it refuse with 401 or 403.",
                statuses_seen=[reply.status for reply in replies],
            )
        if any(reveals(reply.text, secret) for reply in (health, *replies)):
            raise EndpointInsecure("The endpoint sends its own key back: take it out of its answers.")
        return report | {"without_key": replies[0].status, "with_wrong_key": replies[1].status, "key_echoed": False}

    async def _benchmark(self, target: Target, question: Question) -> Sequence[Sample]:
        plain = [await self._plain_sample(target, question) for _ in range(self.effort.plain_calls)]
        streamed_calls = self.effort.streamed_calls if question.streams else 0
        return [*plain, *[await self._streamed_sample(target, question) for _ in range(streamed_calls)]]

    async def _asked(self, target: Target, question: Question) -> Reply:
        return await self.vendor.post(target, question.path, question.body(target.model))

    async def _plain_sample(self, target: Target, question: Question) -> Sample:
        try:
            reply = await self._asked(target, question)
        except EndpointUnreachable:
            return Sample(None)
        return Sample(None if question.fault(reply) else reply.milliseconds)

    async def _streamed_sample(self, target: Target, question: Question) -> Sample:
        try:
            reply = await self.vendor.stream(target, question.path, chat_question(target.model, stream=True))
        except EndpointUnreachable:
            return Sample(None)
        if fault_of_stream(reply):
            return Sample(None)
        seconds = max(reply.milliseconds, 0.001) / 1000
        return Sample(reply.milliseconds, reply.first_event_milliseconds, output_tokens(reply) / seconds)
