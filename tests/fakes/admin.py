"""Admin's ports in memory: units of work that commit or undo as a whole, passwords without hashing, tokens by name."""

import copy
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from fakes.admin_figures import FakeFigures
from fakes.admin_policies import FakePolicies
from google.protobuf.message import Message

from admin.accounts.ports import AccountFilter, Credentials
from admin.accounts.rules import SUPER_ADMIN, Account, NewAccount
from admin.approvals.ports import ApprovalFilter
from admin.approvals.rules import Approval, Step
from admin.audit.ports import AuditFilter
from admin.audit.rules import AuditRow, Entry, Stamp, Tail, chained
from admin.sessions.ports import SpentToken
from admin.sessions.rules import Attempts, Session
from admin.teams.ports import TeamFilter
from admin.teams.rules import Member, Membership, Team, TeamSettings
from admin.work import Work
from chassis.identity.principal import Principal

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
Deed = Callable[[], Awaitable[object]]


@dataclass
class Rows:
    """Everything that is kept."""

    accounts: dict[str, Account] = field(default_factory=dict[str, Account])
    hashes: dict[str, str] = field(default_factory=dict[str, str])
    advanced: dict[str, datetime] = field(default_factory=dict[str, datetime])
    teams: dict[str, Team] = field(default_factory=dict[str, Team])
    members: dict[tuple[str, str], tuple[str, datetime]] = field(
        default_factory=dict[tuple[str, str], tuple[str, datetime]]
    )
    sessions: dict[str, Session] = field(default_factory=dict[str, Session])
    tokens: dict[str, list[Any]] = field(default_factory=dict[str, list[Any]])
    attempts: dict[tuple[str, str], Attempts] = field(default_factory=dict[tuple[str, str], Attempts])
    known: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    approvals: dict[str, Approval] = field(default_factory=dict[str, Approval])
    steps: list[Step] = field(default_factory=list[Step])
    trail: list[AuditRow] = field(default_factory=list[AuditRow])
    facts: list[tuple[str, str, Message]] = field(default_factory=list[tuple[str, str, Message]])
    figures: FakeFigures = field(default_factory=FakeFigures)
    policies: FakePolicies = field(default_factory=FakePolicies)


@dataclass
class FakeAccounts:
    """Accounts in memory."""

    rows: Rows

    async def add(self, account: NewAccount) -> bool:
        if any(there.email == account.email for there in self.rows.accounts.values()):
            return False
        self.rows.accounts[account.account_id] = Account(
            account.account_id, account.email, account.display_name, account.roles, "active", 1, account.created_at
        )
        self.rows.hashes[account.account_id] = account.password_hash
        return True

    async def find(self, account_id: str) -> Account | None:
        return self.rows.accounts.get(account_id)

    async def find_for_change(self, account_id: str) -> Account | None:
        return self.rows.accounts.get(account_id)

    async def find_credentials(self, email: str) -> Credentials | None:
        found = next((a for a in self.rows.accounts.values() if a.email == email), None)
        return Credentials(found, self.rows.hashes[found.account_id]) if found else None

    async def find_for_invitation(self, email: str) -> str | None:
        found = (a for a in self.rows.accounts.values() if a.email == email and a.state == "active")
        return next((account.account_id for account in found), None)

    async def list_newest(self, wanted: AccountFilter, limit: int) -> list[Account]:
        found = [
            account
            for account in self.rows.accounts.values()
            if (wanted.role is None or wanted.role in account.roles)
            and wanted.state in {None, account.state}
            and wanted.email in {None, account.email}
            and (wanted.before is None or account.account_id < wanted.before)
        ]
        return sorted(found, key=lambda account: account.account_id, reverse=True)[:limit]

    async def set_roles(self, account_id: str, roles: frozenset[str]) -> None:
        self._change(account_id, roles=roles)

    async def set_state(self, account_id: str, state: str) -> None:
        self._change(account_id, state=state)

    async def set_password(self, account_id: str, password_hash: str, at: datetime) -> None:
        self.rows.hashes[account_id] = password_hash

    async def lock_super_admins(self) -> None:
        return None

    async def count_active_super_admins(self, *, besides: str | None = None) -> int:
        governors = [a for a in self.rows.accounts.values() if SUPER_ADMIN in a.roles and a.state == "active"]
        return sum(account.account_id != besides for account in governors)

    def _change(self, account_id: str, **changes: Any) -> None:
        self.rows.accounts[account_id] = replace(self.rows.accounts[account_id], **changes)


@dataclass
class FakeEpochs:
    """Epochs in memory."""

    rows: Rows
    now: datetime

    async def advance(self, account_id: str) -> int | None:
        account = self.rows.accounts.get(account_id)
        if account is None:
            return None
        self.rows.accounts[account_id] = replace(account, epoch=account.epoch + 1)
        self.rows.advanced[account_id] = self.now
        return account.epoch + 1

    async def advanced_since(self, since: datetime) -> dict[str, int]:
        return {one: self.rows.accounts[one].epoch for one, at in self.rows.advanced.items() if at >= since}


@dataclass
class FakeTeams:
    """Teams in memory; with a tenant, that team alone."""

    rows: Rows
    now: datetime
    tenant: str | None

    async def add(self, team: Team) -> bool:
        if any(there.slug == team.slug for there in self.rows.teams.values()):
            return False
        self.rows.teams[team.team_id] = team
        return True

    async def find(self, team_id: str) -> Team | None:
        team = self.rows.teams.get(team_id)
        return team if team and team.state == "active" and self.tenant in {None, team_id} else None

    async def find_for_change(self, team_id: str) -> Team | None:
        return await self.find(team_id)

    async def find_by_slug(self, slug: str) -> Team | None:
        return next((t for t in self.rows.teams.values() if t.slug == slug and t.state == "active"), None)

    async def list_newest(self, wanted: TeamFilter, limit: int) -> list[Team]:
        found = [
            team
            for team in self.rows.teams.values()
            if team.state == "active"
            and (wanted.member is None or (team.team_id, wanted.member) in self.rows.members)
            and wanted.slug in {None, team.slug}
            and (wanted.before is None or team.team_id < wanted.before)
        ]
        return sorted(found, key=lambda team: team.team_id, reverse=True)[:limit]

    async def change(self, team_id: str, name: str, settings: TeamSettings) -> None:
        self.rows.teams[team_id] = replace(self.rows.teams[team_id], name=name, settings=settings)

    async def archive(self, team_id: str) -> None:
        self.rows.teams[team_id] = replace(self.rows.teams[team_id], state="archived")

    async def members(self, team_id: str) -> list[Member]:
        return [
            Member(account_id, self.rows.accounts[account_id].email, "", role, joined_at)
            for (team, account_id), (role, joined_at) in self.rows.members.items()
            if team == team_id
        ]

    async def role_of(self, team_id: str, account_id: str) -> str | None:
        return self.rows.members.get((team_id, account_id), (None, self.now))[0]

    async def count_owners(self, team_id: str, *, besides: str) -> int:
        found = [(t, a) for (t, a), (role, _) in self.rows.members.items() if role == "owner"]
        return sum(team == team_id and account != besides for team, account in found)

    async def place(self, team_id: str, account_id: str, role: str) -> None:
        _, joined_at = self.rows.members.get((team_id, account_id), (role, self.now))
        self.rows.members[team_id, account_id] = (role, joined_at)

    async def remove(self, team_id: str, account_id: str) -> None:
        del self.rows.members[team_id, account_id]

    async def memberships(self, account_id: str) -> list[Membership]:
        found = [(t, role) for (t, account), (role, _) in self.rows.members.items() if account == account_id]
        teams = [(self.rows.teams[team_id], role) for team_id, role in found]
        return [Membership(t.team_id, t.slug, t.name, role) for t, role in teams if t.state == "active"]


@dataclass
class FakeSessions:
    """Sessions in memory."""

    rows: Rows
    now: datetime

    async def add(self, session: Session) -> None:
        self.rows.sessions[session.session_id] = session

    async def add_token(self, session_id: str, token_hash: str) -> None:
        self.rows.tokens[token_hash] = [session_id, False]

    async def owner_of(self, token_hash: str) -> str | None:
        found = self.rows.tokens.get(token_hash)
        return self.rows.sessions[found[0]].account_id if found else None

    async def spend_token(self, token_hash: str) -> SpentToken | None:
        found = self.rows.tokens.get(token_hash)
        if found is None:
            return None
        session_id, used = found
        found[1] = True
        return SpentToken(self.rows.sessions[session_id], used)

    async def end(self, session_id: str, because: str) -> None:
        self.rows.sessions[session_id] = replace(self.rows.sessions[session_id], ended_at=self.now)

    async def end_all(self, account_id: str, because: str) -> int:
        live = await self.live(account_id)
        for session in live:
            await self.end(session.session_id, because)
        return len(live)

    async def live(self, account_id: str) -> list[Session]:
        return [s for s in self.rows.sessions.values() if s.account_id == account_id and s.lives(self.now)]

    async def forget_before(self, moment: datetime, at_most: int) -> int:
        old = [one for one, session in self.rows.sessions.items() if session.expires_at < moment][:at_most]
        for session_id in old:
            del self.rows.sessions[session_id]
        return len(old)


@dataclass
class FakeAttempts:
    """Counts of attempts in memory."""

    rows: Rows
    now: datetime

    async def hold(self, account_key: str, source: str) -> Attempts:
        return self.rows.attempts.setdefault((account_key, source), Attempts(last_at=self.now))

    async def put(self, account_key: str, source: str, attempts: Attempts) -> None:
        self.rows.attempts[account_key, source] = attempts

    async def forget(self, account_key: str, source: str) -> None:
        self.rows.attempts.pop((account_key, source), None)

    async def is_known(self, account_key: str, source: str) -> bool:
        return (account_key, source) in self.rows.known

    async def remember(self, account_key: str, source: str) -> None:
        self.rows.known.add((account_key, source))

    async def forget_before(self, moment: datetime, at_most: int) -> int:
        old = [key for key, attempts in self.rows.attempts.items() if attempts.last_at and attempts.last_at < moment]
        for key in old[:at_most]:
            del self.rows.attempts[key]
        return len(old[:at_most])


@dataclass
class FakeApprovals:
    """Approvals in memory; with a tenant, that team's alone."""

    rows: Rows
    tenant: str | None

    async def add(self, approval: Approval) -> bool:
        if await self.find_by_subject(approval.subject_kind, approval.subject_id):
            return False
        self.rows.approvals[approval.approval_id] = approval
        return True

    async def find(self, approval_id: str) -> Approval | None:
        return next((one for one in self._seen() if one.approval_id == approval_id), None)

    async def find_for_change(self, approval_id: str) -> Approval | None:
        return await self.find(approval_id)

    async def find_by_subject(self, subject_kind: str, subject_id: str) -> Approval | None:
        subject = (subject_kind, subject_id)
        return next((one for one in self._seen() if (one.subject_kind, one.subject_id) == subject), None)

    async def list_newest(self, wanted: ApprovalFilter, limit: int) -> list[Approval]:
        found = [one for one in self._seen() if wanted.state in {None, one.state} and wanted.risk in {None, one.risk}]
        return sorted(found, key=lambda one: one.approval_id, reverse=True)[:limit]

    async def count(self, state: str, team_id: str | None) -> int:
        return sum(one.state == state and team_id in {None, one.team_id} for one in self._seen())

    async def decide(self, approval: Approval) -> None:
        self.rows.approvals[approval.approval_id] = approval

    async def add_step(self, step: Step) -> None:
        self.rows.steps.append(step)

    async def steps(self, approval_id: str) -> list[Step]:
        return [step for step in self.rows.steps if step.approval_id == approval_id]

    def _seen(self) -> list[Approval]:
        return [one for one in self.rows.approvals.values() if self.tenant in {None, one.team_id, one.deciding_team_id}]


@dataclass
class FakeTrail:
    """The chain in memory; `broken` makes the next entry fail, as a full disk would."""

    rows: Rows
    now: datetime
    reach: str
    broken: bool

    async def append(self, entry: Entry) -> None:
        if self.broken:
            raise OSError("the trail takes no row")
        last = self.rows.trail[-1] if self.rows.trail else None
        tail = Tail(last.position, last.hash) if last else Tail()
        self.rows.trail.append(chained(tail, entry, Stamp(f"aud_{tail.position + 1}", self.now, self.reach)))

    async def newest_first(self, wanted: AuditFilter, limit: int) -> list[AuditRow]:
        found = [row for row in self.rows.trail if wanted.actor in {None, row.actor}]
        return found[::-1][:limit]

    async def in_order(self, after: int, limit: int) -> list[AuditRow]:
        return [row for row in self.rows.trail if row.position > after][:limit]


@dataclass
class FakeFacts:
    """Facts in memory."""

    rows: Rows

    async def append(self, topic: str, key: str, fact: Message) -> None:
        self.rows.facts.append((topic, key, fact))


@dataclass
class FakeWork:
    """Opens work over rows in memory; an error inside it undoes all of it."""

    rows: Rows = field(default_factory=Rows)
    now: datetime = NOON
    trail_is_broken: bool = False
    _ids: Counter[str] = field(default_factory=Counter[str])

    @asynccontextmanager
    async def __call__(self, tenant: str | None = None) -> AsyncGenerator[Work]:
        kept = copy.deepcopy(self.rows)
        try:
            yield self._work(tenant)
        except BaseException:
            self.rows = kept
            raise

    def later(self, **passed: float) -> None:
        """Let time pass."""
        self.now += timedelta(**passed)

    def facts_of(self, kind: type[Message]) -> list[Any]:
        """The facts of one type, in order."""
        return [fact for _, _, fact in self.rows.facts if isinstance(fact, kind)]

    def actions(self) -> list[str]:
        """What the trail says was done."""
        return [row.action for row in self.rows.trail]

    def new_id(self, prefix: str) -> str:
        """Ids in the order they are asked for."""
        self._ids[prefix] += 1
        return f"{prefix}_{self._ids[prefix]:032x}"

    def _work(self, tenant: str | None) -> Work:
        reach = "platform" if tenant is None else "team"
        return Work(
            now=self.now,
            new_id=self.new_id,
            accounts=FakeAccounts(self.rows),
            epochs=FakeEpochs(self.rows, self.now),
            teams=FakeTeams(self.rows, self.now, tenant),
            sessions=FakeSessions(self.rows, self.now),
            attempts=FakeAttempts(self.rows, self.now),
            approvals=FakeApprovals(self.rows, tenant),
            figures=self.rows.figures,
            policies=self.rows.policies,
            trail=FakeTrail(self.rows, self.now, reach, self.trail_is_broken),
            facts=FakeFacts(self.rows),
        )


@dataclass
class FakePasswords:
    """Passwords whose hash is readable; counts the checks, because a stranger must cost as much as a friend.

    `during` says what others do, once, while a password is hashed or checked: both take their time.
    """

    checks: int = 0
    during: dict[str, Deed] = field(default_factory=dict[str, Deed])

    async def hash(self, password: str) -> str:
        await self._meanwhile("hash")
        return f"hash of {password}"

    async def matches(self, password: str, password_hash: str | None) -> bool:
        self.checks += 1
        await self._meanwhile("matches")
        return password_hash == f"hash of {password}"

    async def _meanwhile(self, what: str) -> None:
        others = self.during.pop(what, None)
        if others is not None:
            await others()


class FakeSigner:
    """Tokens that say in words whom they are for."""

    def sign(self, account: Account, membership: Membership | None, now: datetime) -> str:
        team = f"{membership.slug}/{membership.role}" if membership else "no team"
        return f"{account.account_id} {team} epoch {account.epoch}"


def counted_tokens() -> Callable[[], str]:
    """refresh-1, refresh-2 and so on."""
    made = Counter[str]()

    def make() -> str:
        made["token"] += 1
        return f"refresh-{made['token']}"

    return make


def principal(account_id: str, *roles: str, tenant: str | None = None, tenant_role: str | None = None) -> Principal:
    """Somebody who signed in."""
    return Principal(account_id, frozenset(roles), tenant, tenant, tenant_role, 1, NOON)
