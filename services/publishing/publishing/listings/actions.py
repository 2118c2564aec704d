"""What a publisher can do: submit a listing, and submit a new version of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from pydantic import SecretStr

from chassis.clock import Clock
from marketplace.events.v1.listing_pb2 import ListingSubmitted
from publishing.listings.errors import EndpointRefused, ListingChanged, ListingNotFound, VersionInPipeline
from publishing.listings.facts import NewId, fact, snapshot_of
from publishing.listings.names import name_to_publish
from publishing.listings.ports import Listings, ListingsTransaction
from publishing.listings.rules import Listing, State, Version, VersionStatus, require_open, with_submitted
from publishing.listings.sealed_credentials import CredentialSeal
from publishing.listings.semantic_version import place_of, require_greater
from publishing.listings.version_content import Document, Endpoint, VersionContent
from publishing.validation.endpoint import check_endpoint, host_and_port
from publishing.validation.findings import Severity


@dataclass(frozen=True)
class Publisher:
    """Who publishes, and for which team."""

    account_id: str
    team_id: str
    team_slug: str


@dataclass(frozen=True)
class Submission:
    """What a publisher sends."""

    name: str
    version: str
    content: VersionContent
    document: Document
    credential: SecretStr | None
    validation_mode: str


@dataclass(frozen=True)
class Receipt:
    """What was opened; the run has the version's id."""

    listing: Listing
    version: Version
    run_id: str


def endpoint_host(endpoint: Endpoint) -> str:
    """host:port of an endpoint, to which its credential is bound."""
    return host_and_port(urlsplit(endpoint.url))


@dataclass(frozen=True)
class PipelineEntry:
    """The one transaction by which a version enters the pipeline; its fact starts the run."""

    seal: CredentialSeal
    clock: Clock
    new_id: NewId
    endpoint_allowlist: Collection[str]
    phases: Sequence[str]

    def check(self, submission: Submission) -> None:
        """Refuse what could never be published. Raises VersionRefused or EndpointRefused."""
        place_of(submission.version)
        endpoint = submission.content.endpoint
        if endpoint is None:
            raise EndpointRefused("A listing needs an endpoint.", pointer="/endpoint")
        findings = check_endpoint(endpoint.url, endpoint.protocol, self.endpoint_allowlist, endpoint.auth)
        errors = [finding for finding in findings if finding.severity is Severity.ERROR]
        if errors:
            shown = [{"code": e.code, "pointer": e.pointer, "message": e.message, "fix": e.fix} for e in errors]
            raise EndpointRefused(f"{errors[0].message} {errors[0].fix}", findings=shown)

    def version_of(self, publisher: Publisher, listing: Listing, submission: Submission) -> Version:
        """The version as it will be written."""
        now = self.clock.now()
        return Version(
            version_id=self.new_id("ver", now),
            listing_id=listing.listing_id,
            team_id=listing.team_id,
            version=submission.version,
            content=_completed(submission.content, listing),
            validation_mode=submission.validation_mode,
            base_version_id=listing.current_version_id,
            submitted_by=publisher.account_id,
            created_at=now,
            status=VersionStatus(State.SUBMITTED, now),
        )

    async def enter(
        self, transaction: ListingsTransaction, listing: Listing, version: Version, submission: Submission
    ) -> Receipt:
        """Write the version, its pending phases and the fact."""
        await transaction.add_versions([version])
        await transaction.keep_document(version, submission.document)
        base = await transaction.version(version.base_version_id) if version.base_version_id else None
        await self._keep_credential(
            transaction, version, submission.credential or await self._carried(transaction, version, base)
        )
        await transaction.open_run(version.version_id, version.team_id, self.phases)
        submitted = ListingSubmitted(listing=snapshot_of(listing, base or version), run_id=version.version_id)
        now = version.created_at
        await transaction.append([fact(self.new_id("evt", now), listing.listing_id, submitted, now)])
        return Receipt(listing, version, version.version_id)

    async def _keep_credential(
        self, transaction: ListingsTransaction, version: Version, credential: SecretStr | None
    ) -> None:
        if credential is not None and version.content.endpoint is not None:
            host = endpoint_host(version.content.endpoint)
            await transaction.keep_credential(version, self.seal.seal(credential, version.version_id, host))

    async def _carried(
        self, transaction: ListingsTransaction, version: Version, base: Version | None
    ) -> SecretStr | None:
        """The current version's credential, where the new one goes to the very same host."""
        if base is None or base.content.endpoint is None or version.content.endpoint is None:
            return None
        host = endpoint_host(base.content.endpoint)
        sealed = await transaction.credential(base.version_id)
        if sealed is None or host != endpoint_host(version.content.endpoint):
            return None
        return self.seal.open(sealed, base.version_id, host)


@dataclass(frozen=True)
class SubmitListing:
    """Open a listing with its first version."""

    listings: Listings
    entry: PipelineEntry

    async def __call__(self, publisher: Publisher, submission: Submission) -> Receipt:
        """Raises NameRefused, NameReserved, NameTaken, VersionRefused or EndpointRefused; then nothing was written."""
        name = name_to_publish(submission.name, publisher.team_slug)
        self.entry.check(submission)
        now = self.entry.clock.now()
        listing = Listing(
            listing_id=self.entry.new_id("lst", now),
            team_id=publisher.team_id,
            team_slug=publisher.team_slug,
            name=name,
            visibility=submission.content.visibility,
            state=State.SUBMITTED,
            current_version_id=None,
            revision=1,
            created_by=publisher.account_id,
            created_at=now,
            updated_at=now,
        )
        version = self.entry.version_of(publisher, listing, submission)
        async with self.listings.transaction(publisher.team_id) as transaction:
            await transaction.add_listings([listing])
            return await self.entry.enter(transaction, listing, version, submission)


@dataclass(frozen=True)
class SubmitVersion:
    """Put a new, greater version of a listing into the pipeline; callers keep the current one until it is through."""

    listings: Listings
    entry: PipelineEntry

    async def __call__(
        self, publisher: Publisher, listing_id: str, submission: Submission, expected_revision: int | None
    ) -> Receipt:
        """Raises ListingNotFound, ListingChanged, ListingClosed, VersionInPipeline, VersionRefused, EndpointRefused."""
        self.entry.check(submission)
        async with self.listings.transaction(publisher.team_id) as transaction:
            listing = await self._locked(transaction, listing_id, expected_revision)
            await self._require_turn(transaction, listing, submission)
            version = self.entry.version_of(publisher, listing, submission)
            changed = with_submitted(listing, version.created_at)
            await transaction.save_listing(changed)
            return await self.entry.enter(transaction, changed, version, submission)

    async def _locked(self, transaction: ListingsTransaction, listing_id: str, expected: int | None) -> Listing:
        listing = await transaction.listing(listing_id, lock=True)
        if listing is None:
            raise ListingNotFound("Your team has no listing of this id.")
        if expected is not None and listing.revision != expected:
            raise ListingChanged("The listing changed since you read it: read it again.", revision=listing.revision)
        require_open(listing)
        return listing

    async def _require_turn(self, transaction: ListingsTransaction, listing: Listing, submission: Submission) -> None:
        if submission.name and name_to_publish(submission.name, listing.team_slug) != listing.name:
            raise ListingChanged(f"A listing keeps its name: send {listing.name}, or no name.")
        present = await transaction.versions(listing.listing_id)
        waiting = next((version for version in present if version.status.state is State.SUBMITTED), None)
        if waiting is not None:
            raise VersionInPipeline(
                f"Version {waiting.version} is still in the pipeline: wait for its end.", run_id=waiting.version_id
            )
        require_greater(submission.version, max((v.version for v in present), key=place_of))


def _completed(content: VersionContent, listing: Listing) -> VersionContent:
    """What a publisher left out is called as the listing is."""
    endpoint = content.endpoint
    return replace(
        content,
        title=content.title or listing.name,
        provider=content.provider or listing.team_slug,
        endpoint=None if endpoint is None else replace(endpoint, model=endpoint.model or listing.name),
    )
