"""Publishing's ports in memory: listings with their facts, phases of runs, peers that say what a test wants."""

import copy
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from chassis.database.errors import UniqueConflict
from chassis.errors import Unavailable
from chassis.event_log.port import Event
from marketplace.events.v1 import listing_pb2
from publishing.listings.errors import ListingChanged, NameTaken
from publishing.listings.rules import CALLABLE, Listing, State, Version, VersionStatus
from publishing.listings.version_content import Document, Measurements
from publishing.pipeline.ports import ApprovalAnswer, ApprovalRequest, Indexed
from publishing.pipeline.rules import Json, PhaseState, WaitingVersion
from publishing.validation.findings import Finding, Layer, Mode, Severity, ValidationReport

START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


@dataclass
class SteppingClock:
    """A clock that moves by a second at each look."""

    moment: datetime = START

    def now(self) -> datetime:
        self.moment += timedelta(seconds=1)
        return self.moment


@dataclass
class CountedIds:
    """Ids in the form of real ones, in order."""

    count: int = 0

    def __call__(self, prefix: str, _now: datetime) -> str:
        self.count += 1
        return f"{prefix}_{self.count:032x}"


@dataclass
class Tables:
    """What one service has written."""

    listings: dict[str, Listing] = field(default_factory=dict)
    versions: dict[str, Version] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)
    credentials: dict[str, bytes] = field(default_factory=dict)
    runs: dict[str, list[str]] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    validated: dict[str, str] = field(default_factory=dict)


class MemoryListings:
    """Listings with all-or-nothing transactions; a tenant sees its own rows."""

    def __init__(self) -> None:
        self.tables = Tables()

    @asynccontextmanager
    async def transaction(self, tenant: str | None) -> "AsyncGenerator[MemoryListingsTransaction]":
        draft = copy.copy(self.tables)
        for name, value in vars(draft).items():
            setattr(draft, name, copy.copy(value))
        yield MemoryListingsTransaction(draft, tenant)
        self.tables = draft

    def facts(self) -> list[tuple[str, Any]]:
        """The facts appended so far: the message's name, and the message."""
        return [
            (name, getattr(listing_pb2, name).FromString(event.data))
            for event in self.tables.events
            for name in [event.type.rpartition(".")[2]]
        ]


class MemoryListingsTransaction:
    """One draft of the tables."""

    def __init__(self, tables: Tables, tenant: str | None) -> None:
        self._tables = tables
        self._tenant = tenant

    def _sees(self, row: Listing | Version) -> bool:
        return self._tenant is None or row.team_id == self._tenant

    async def listing(self, listing_id: str, *, lock: bool = False) -> Listing | None:
        found = self._tables.listings.get(listing_id)
        return found if found and self._sees(found) else None

    async def listings_named(self, names: Sequence[str]) -> dict[str, Listing]:
        return {row.name: row for row in self._tables.listings.values() if self._sees(row) and row.name in names}

    async def add_listings(self, listings: Sequence[Listing]) -> None:
        for listing in listings:
            if await self.listings_named([listing.name]):
                raise NameTaken("taken")
            self._tables.listings[listing.listing_id] = listing

    async def save_listing(self, listing: Listing) -> None:
        if self._tables.listings[listing.listing_id].revision != listing.revision - 1:
            raise ListingChanged("changed")
        self._tables.listings[listing.listing_id] = listing

    async def version(self, version_id: str) -> Version | None:
        found = self._tables.versions.get(version_id)
        return found if found and self._sees(found) else None

    async def current_versions(self, listing_ids: Sequence[str]) -> dict[str, Version]:
        current = {i: self._tables.listings[i].current_version_id for i in listing_ids}
        return {i: self._tables.versions[version] for i, version in current.items() if version}

    async def versions(self, listing_id: str) -> list[Version]:
        found = [v for v in self._tables.versions.values() if v.listing_id == listing_id and self._sees(v)]
        return sorted(found, key=lambda version: version.created_at, reverse=True)

    async def add_versions(self, versions: Sequence[Version]) -> None:
        self._tables.versions.update({version.version_id: version for version in versions})
        self._refuse_two_in_the_pipeline()

    async def keep_document(self, version: Version, document: Document) -> None:
        self._tables.documents[version.version_id] = document

    async def keep_credential(self, version: Version, sealed: bytes) -> None:
        self._tables.credentials[version.version_id] = sealed

    async def document(self, version_id: str) -> Document | None:
        return self._tables.documents.get(version_id)

    async def credential(self, version_id: str) -> bytes | None:
        return self._tables.credentials.get(version_id)

    async def save_status(self, version_id: str, status: VersionStatus) -> None:
        self._tables.versions[version_id] = replace(self._tables.versions[version_id], status=status)
        self._refuse_two_in_the_pipeline()

    async def first_validated(self, version_id: str, event_id: str) -> bool:
        return self._tables.validated.setdefault(version_id, event_id) == event_id

    async def save_measurements(self, version: Version, measurements: Measurements) -> None:
        kept = self._tables.versions[version.version_id]
        self._tables.versions[version.version_id] = replace(kept, measurements=measurements)

    async def open_run(self, run_id: str, team_id: str, phases: Sequence[str]) -> None:
        self._tables.runs[run_id] = list(phases)

    async def append(self, events: Sequence[Event]) -> None:
        self._tables.events.extend(events)

    def _refuse_two_in_the_pipeline(self) -> None:
        rows = self._tables.versions.values()
        waiting = [row.listing_id for row in rows if row.status.state is State.SUBMITTED]
        if len(waiting) != len(set(waiting)):
            raise UniqueConflict("version_states_one_in_pipeline")


class MemoryRoutes:
    """RouteSource over the same tables."""

    def __init__(self, listings: MemoryListings) -> None:
        self._listings = listings

    async def listing(self, listing: str) -> Listing | None:
        rows = self._listings.tables.listings.values()
        return next((row for row in rows if listing in {row.listing_id, row.full_name}), None)

    async def current_version(self, listing_id: str) -> Version | None:
        current = self._listings.tables.listings[listing_id].current_version_id
        found = [v for v in self._listings.tables.versions.values() if v.listing_id == listing_id]
        found.sort(key=lambda version: (version.version_id == current, version.created_at))
        return found[-1] if found else None

    async def version(self, listing_id: str, version: str) -> Version | None:
        rows = self._listings.tables.versions.values()
        return next((row for row in rows if (row.listing_id, row.version) == (listing_id, version)), None)

    async def credential(self, version_id: str) -> bytes | None:
        return self._listings.tables.credentials.get(version_id)

    async def visible(self, team_id: str, after_name: str, limit: int) -> list[tuple[Listing, Version]]:
        rows = [
            row
            for row in self._listings.tables.listings.values()
            if row.state in CALLABLE
            and row.full_name > after_name
            and (row.visibility == "public" or row.team_id == team_id or (row.visibility == "workspace" and team_id))
        ]
        rows.sort(key=lambda row: row.full_name)
        versions = self._listings.tables.versions
        return [(row, versions[row.current_version_id or ""]) for row in rows[:limit]]


class MemoryWaitingVersions:
    """WaitingVersions over the same tables."""

    def __init__(self, listings: MemoryListings) -> None:
        self._listings = listings

    async def page(self, since: datetime, after: str, limit: int) -> list[WaitingVersion]:
        waiting = [
            WaitingVersion(row.listing_id, row.version_id, row.team_id)
            for row in self._listings.tables.versions.values()
            if row.status.state is State.SUBMITTED and row.status.changed_at < since and row.listing_id > after
        ]
        return sorted(waiting, key=lambda version: version.listing_id)[:limit]


@dataclass
class MemoryLedger:
    """Phases of runs as they were written."""

    states: dict[str, PhaseState] = field(default_factory=dict)
    reports: dict[str, Json | None] = field(default_factory=dict)
    begun: list[str] = field(default_factory=list)

    async def begin(self, run_id: str, phase: str) -> None:
        self.begun.append(phase)
        self.states[phase] = PhaseState.RUNNING

    async def end(self, run_id: str, phase: str, state: PhaseState, report: Json | None) -> None:
        self.states[phase] = state
        self.reports[phase] = report

    async def undone(self, run_id: str, phase: str) -> None:
        if self.states.get(phase) is PhaseState.PASSED:
            self.states[phase] = PhaseState.UNDONE

    async def stopped(self, run_id: str, phase: str, report: Json) -> None:
        for name, state in self.states.items():
            if name == phase or state is PhaseState.RUNNING:
                self.states[name] = PhaseState.FAILED
        self.reports[phase] = self.reports.get(phase) or report


@dataclass
class FakeTeams:
    """Teams by id."""

    slugs: dict[str, str] = field(default_factory=lambda: {"tea_red": "red"})

    async def slug_of(self, team_id: str) -> str | None:
        return self.slugs.get(team_id)


@dataclass
class FakeApprovals:
    """Approvals that stand as the test says; `away` as a service that restarts, `late` falls when it is withdrawn."""

    state: str = "pending"
    decided_by: str = "acc_approver"
    late: str = "pending"
    away: bool = False
    asked: list[ApprovalRequest] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)

    async def request(self, wanted: ApprovalRequest) -> ApprovalAnswer:
        self.asked.append(wanted)
        return ApprovalAnswer("apr_1", self.state, self.decided_by if self.state != "pending" else "", "")

    async def withdraw(self, version_id: str, reason: str) -> str:
        if self.away:
            raise Unavailable("Admin does not answer.")
        self.withdrawn.append(version_id)
        if self.state == "pending":
            self.state = "withdrawn" if self.late == "pending" else self.late
        return self.state


@dataclass
class FakeIndex:
    """A search index that takes what the listings say, once the test lets it."""

    listings: MemoryListings
    deaf_for: int = 0

    async def indexed(self, listing_id: str) -> Indexed | None:
        if self.deaf_for > 0:
            self.deaf_for -= 1
            return None
        listing = self.listings.tables.listings[listing_id]
        if listing.state not in CALLABLE or listing.current_version_id is None:
            return None
        return Indexed(listing.current_version_id, listing.revision)


@dataclass
class FakeAcknowledgements:
    """How many groups are behind, one answer after the other; then none."""

    answers: list[int | None] = field(default_factory=list)
    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    async def behind(self, event_id: str, groups: Sequence[str]) -> int | None:
        self.asked.append((event_id, tuple(groups)))
        return self.answers.pop(0) if self.answers else 0


@dataclass
class FakeValidator:
    """A validator whose report holds the findings that a test wants."""

    findings: list[Finding] = field(default_factory=list)
    modes: list[Mode] = field(default_factory=list)

    async def validate(self, raw: bytes, content_type: str, mode: Mode) -> ValidationReport:
        self.modes.append(mode)
        valid = all(finding.severity is not Severity.ERROR for finding in self.findings)
        return ValidationReport(valid, mode, "3.1.0", "Echo", 1, list(self.findings))


def finding(severity: Severity) -> Finding:
    """A finding of that severity."""
    return Finding("rule_broken", severity, Layer.SCHEMA, "/info", 1, "The title is missing.", "Add it.")


async def no_pause(_seconds: float) -> None:
    """Waits for nothing."""


Change = Callable[[Listing], Listing]


def in_state(listings: MemoryListings, listing_id: str, state: State) -> None:
    """Put a listing into a state without ceremony."""
    tables = listings.tables
    tables.listings[listing_id] = replace(tables.listings[listing_id], state=state)
