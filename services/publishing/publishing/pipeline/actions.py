"""What the phases do, besides testing and transitions: each takes the run's version and answers with a report."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import asdict, dataclass

from chassis.clock import Clock
from marketplace.events.v1.listing_pb2 import ListingValidated
from publishing.lifecycle.errors import VersionStopped
from publishing.listings.errors import VersionNotFound
from publishing.listings.facts import NewId, fact
from publishing.listings.ports import Listings
from publishing.listings.rules import CALLABLE, Listing, Version
from publishing.pipeline.errors import (
    ApprovalRejected,
    ApprovalTimedOut,
    DocumentInvalid,
    NotIndexedYet,
    NotTakenYet,
    PublisherGone,
)
from publishing.pipeline.ports import (
    WITHDRAWN,
    Acknowledgements,
    ApprovalAnswer,
    ApprovalRequest,
    Approvals,
    IndexStatus,
    Teams,
)
from publishing.pipeline.rules import Json
from publishing.validation.actions import ValidateDocument
from publishing.validation.endpoint import check_endpoint
from publishing.validation.findings import Finding, Mode, Severity, ValidationReport

_FINDINGS_KEPT = 20
_POLL_SECONDS = 0.1
Pause = Callable[[float], Awaitable[None]]


async def publication(listings: Listings, version_id: str) -> tuple[Listing, Version]:
    """A version with its listing. Raises VersionNotFound."""
    async with listings.transaction(None) as transaction:
        version = await transaction.version(version_id)
        listing = await transaction.listing(version.listing_id) if version else None
    if version is None or listing is None:
        raise VersionNotFound("There is no such version.")
    return listing, version


@dataclass(frozen=True)
class CheckPublisher:
    """Phase 1: the team still exists and still has the name it publishes under."""

    listings: Listings
    teams: Teams

    async def __call__(self, version_id: str) -> Json:
        """Raises PublisherGone."""
        listing, version = await publication(self.listings, version_id)
        slug = await self.teams.slug_of(listing.team_id)
        if slug != listing.team_slug:
            raise PublisherGone("The team that publishes this is gone or was renamed: publish it again.")
        return {"team": slug, "account": version.submitted_by}


@dataclass(frozen=True)
class ValidateVersion:
    """Phase 2: the document in the mode that the publisher chose, and the endpoint that it binds."""

    listings: Listings
    validate: ValidateDocument
    endpoint_allowlist: Collection[str]
    clock: Clock
    new_id: NewId

    async def __call__(self, version_id: str) -> Json:
        """Raises DocumentInvalid with the findings."""
        async with self.listings.transaction(None) as transaction:
            version = await transaction.version(version_id)
            document = await transaction.document(version_id)
        if version is None or document is None:
            raise VersionNotFound("There is no such version, or its document is gone.")
        mode = Mode(version.validation_mode)
        report = await self.validate(document.raw, document.content_type, mode)
        findings = [*self._endpoint_findings(version), *report.findings]
        shown = _summary(report, findings)
        if any(finding.severity is Severity.ERROR for finding in findings):
            first = next(finding for finding in findings if finding.severity is Severity.ERROR)
            raise DocumentInvalid(f"{first.message} {first.fix}", **shown)
        await self._tell(version, int(shown["warnings"]))
        return shown

    def _endpoint_findings(self, version: Version) -> list[Finding]:
        endpoint = version.content.endpoint
        if endpoint is None:
            return []
        return check_endpoint(endpoint.url, endpoint.protocol, self.endpoint_allowlist, endpoint.auth)

    async def _tell(self, version: Version, warnings: int) -> None:
        now = self.clock.now()
        validated = ListingValidated(
            listing_id=version.listing_id, listing_version_id=version.version_id, warnings=warnings
        )
        event_id = self.new_id("evt", now)
        async with self.listings.transaction(None) as transaction:
            if await transaction.first_validated(version.version_id, event_id):
                await transaction.append([fact(event_id, version.listing_id, validated, now)])


def _summary(report: ValidationReport, findings: Sequence[Finding]) -> Json:
    counts = {severity: sum(f.severity is severity for f in findings) for severity in Severity}
    return {
        "mode": report.mode,
        "openapi": report.openapi_version,
        "operations": report.operations,
        "errors": counts[Severity.ERROR],
        "warnings": counts[Severity.WARNING],
        "findings": [asdict(finding) for finding in findings[:_FINDINGS_KEPT]],
        "more_findings": max(0, len(findings) - _FINDINGS_KEPT) + report.more_findings,
    }


@dataclass(frozen=True)
class AskApproval:
    """Phase 6, first half: the approval is open at admin, once per version, with the evidence so far."""

    listings: Listings
    approvals: Approvals

    async def __call__(self, version_id: str, evidence: Json) -> ApprovalAnswer:
        """Where the approval stands."""
        listing, version = await publication(self.listings, version_id)
        content = version.content
        wanted = ApprovalRequest(
            version_id=version_id,
            team_id=listing.team_id,
            requested_by=version.submitted_by,
            title=f"{listing.full_name}@{version.version}: {content.title}"[:300],
            category=content.category,
            risk="low" if content.visibility == "private" else "medium",
            evidence={"endpoint": content.endpoint.url if content.endpoint else None, **evidence},
        )
        return await self.approvals.request(wanted)


@dataclass(frozen=True)
class TakeDecision:
    """Phase 6, second half: what was decided counts, unless the publisher decided it himself."""

    listings: Listings
    ask_approval: AskApproval

    async def __call__(self, version_id: str, decision: ApprovalAnswer | None) -> Json:
        """`decision` None: none was heard in time. Raises ApprovalRejected or ApprovalTimedOut."""
        _, version = await publication(self.listings, version_id)
        decision = decision or await self._unheard(version_id)
        if decision.state != "approved":
            raise ApprovalRejected(f"Rejected by the approver: {decision.comment or 'no comment'}")
        if decision.decided_by == version.submitted_by:
            raise ApprovalRejected("Nobody approves what he published himself.")
        return {
            "approval_id": decision.approval_id,
            "decided_by": decision.decided_by,
            "comment": decision.comment,
        }

    async def _unheard(self, version_id: str) -> ApprovalAnswer:
        """What fell just before the time was over, or while no worker listened; else the approval is closed here."""
        reason = "Nobody approved the version in time: submit it again as a new version."
        if await self.ask_approval.approvals.withdraw(version_id, reason) == WITHDRAWN:
            raise ApprovalTimedOut(reason)
        return await self.ask_approval(version_id, {})


@dataclass(frozen=True)
class ObserveIndex:
    """Phase 7, second half: search answers with this version, or with what came after it."""

    index: IndexStatus
    pause: Pause
    polls: int = 100

    async def __call__(self, listing_id: str, version_id: str, revision: int) -> Json:
        """Raises NotIndexedYet after all polls."""
        for _ in range(self.polls):
            indexed = await self.index.indexed(listing_id)
            if indexed and (indexed.revision, indexed.version_id == version_id) >= (revision, True):
                return {"revision": indexed.revision}
            await self.pause(_POLL_SECONDS)
        raise NotIndexedYet("Search does not show the version yet.")


@dataclass(frozen=True)
class ObserveConsumers:
    """Phases 8 and 9: the consumers of the publication's fact have taken it."""

    acknowledgements: Acknowledgements
    pause: Pause
    polls: int = 100

    async def __call__(self, event_id: str, groups: Sequence[str]) -> Json:
        """Raises NotTakenYet after all polls; nothing to wait for is said as skipped."""
        if not groups:
            return {"skipped": "not configured"}
        for _ in range(self.polls):
            if await self.acknowledgements.behind(event_id, groups) == 0:
                return {"taken_by": list(groups)}
            await self.pause(_POLL_SECONDS)
        raise NotTakenYet("A consumer has not taken the publication yet.")


@dataclass(frozen=True)
class CompleteRun:
    """Phase 10: the listing says what the run has done."""

    listings: Listings

    async def __call__(self, version_id: str) -> Json:
        """Raises VersionStopped where the version is not what callers get."""
        listing, version = await publication(self.listings, version_id)
        if version.status.state not in CALLABLE or listing.current_version_id is None:
            raise VersionStopped("The version is not published at the end of its run.")
        return {"listing": listing.full_name, "version": version.version, "state": version.status.state}
