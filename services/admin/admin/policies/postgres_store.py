"""Policies in PostgreSQL."""

from dataclasses import dataclass
from datetime import datetime

from admin.policies.ports import PolicyFilter
from admin.policies.rules import Policy, PolicyVersion
from chassis.database.transaction import Row, Transaction
from dataplane.policy_bundle import ActivePolicy, PolicyBundle, bundle_of

_SELECT = (
    "SELECT policy_id, name, description, state, active_version, latest_version, revision, created_at, created_by,"
    " updated_at FROM policies"
)
_VERSIONS = (
    "SELECT v.policy_id, v.version, v.content, v.fail_mode, v.created_at, v.created_by, s.state, s.changed_at,"
    " s.changed_by FROM policy_versions v JOIN policy_version_states s USING (policy_id, version)"
)
_BUNDLE = (
    "SELECT b.version AS bundle_version, p.policy_id, p.name, v.version, p.description, v.fail_mode, v.content"
    " FROM policy_bundle b LEFT JOIN policies p ON p.active_version IS NOT NULL"
    " LEFT JOIN policy_versions v ON v.policy_id = p.policy_id AND v.version = p.active_version"
)


@dataclass(frozen=True)
class PostgresPolicies:
    """All policies: they are the platform's."""

    transaction: Transaction

    async def add(self, policy: Policy) -> bool:
        """False where the name is taken."""
        done = await self.transaction.execute(
            "INSERT INTO policies (policy_id, name, description, state, active_version, latest_version, revision,"
            " created_at, created_by, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
            " ON CONFLICT (name) DO NOTHING",
            *vars(policy).values(),
        )
        return done == "INSERT 0 1"

    async def count(self) -> int:
        """How many policies there are; others may add none until the transaction ends."""
        await self.transaction.execute("SELECT pg_advisory_xact_lock(hashtextextended('admin/policies', 0))")
        return await self.transaction.fetch_value("SELECT count(*) FROM policies")

    async def find(self, policy_id: str) -> Policy | None:
        """The policy."""
        row = await self.transaction.fetch_one(_SELECT + " WHERE policy_id = $1", policy_id)
        return _policy_of(row) if row else None

    async def find_for_change(self, policy_id: str) -> Policy | None:
        """The same, locked until the transaction ends."""
        row = await self.transaction.fetch_one(_SELECT + " WHERE policy_id = $1 FOR UPDATE", policy_id)
        return _policy_of(row) if row else None

    async def list_newest(self, wanted: PolicyFilter, limit: int) -> list[Policy]:
        """At most `limit` policies."""
        rows = await self.transaction.fetch(
            _SELECT + " WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR policy_id < $2)"
            " ORDER BY policy_id DESC LIMIT $3",
            wanted.state,
            wanted.before,
            limit,
        )
        return [_policy_of(row) for row in rows]

    async def change(self, policy: Policy) -> None:
        """Write versions, revision and time."""
        await self.transaction.execute(
            "UPDATE policies SET state = $2, active_version = $3, latest_version = $4, revision = $5, updated_at = $6"
            " WHERE policy_id = $1",
            policy.policy_id,
            policy.state,
            policy.active_version,
            policy.latest_version,
            policy.revision,
            policy.updated_at,
        )

    async def add_version(self, version: PolicyVersion) -> None:
        """Write a version and its state."""
        await self.transaction.execute(
            "INSERT INTO policy_versions (policy_id, version, content, fail_mode, created_at, created_by)"
            " VALUES ($1, $2, $3, $4, $5, $6)",
            version.policy_id,
            version.version,
            version.content,
            version.fail_mode,
            version.created_at,
            version.created_by,
        )
        await self.transaction.execute(
            "INSERT INTO policy_version_states (policy_id, version, state, changed_at, changed_by)"
            " VALUES ($1, $2, $3, $4, $5)",
            version.policy_id,
            version.version,
            version.state,
            version.changed_at,
            version.changed_by,
        )

    async def version(self, policy_id: str, version: int) -> PolicyVersion | None:
        """One version."""
        row = await self.transaction.fetch_one(
            _VERSIONS + " WHERE v.policy_id = $1 AND v.version = $2", policy_id, version
        )
        return _version_of(row) if row else None

    async def versions(self, policy_id: str) -> list[PolicyVersion]:
        """All versions, newest first."""
        rows = await self.transaction.fetch(
            _VERSIONS + " WHERE v.policy_id = $1 ORDER BY v.version DESC LIMIT 1000", policy_id
        )
        return [_version_of(row) for row in rows]

    async def set_state(self, version: PolicyVersion, state: str, changed_by: str, at: datetime) -> None:
        """Write where a version stands."""
        await self.transaction.execute(
            "UPDATE policy_version_states SET state = $3, changed_by = $4, changed_at = $5"
            " WHERE policy_id = $1 AND version = $2",
            version.policy_id,
            version.version,
            state,
            changed_by,
            at,
        )

    async def next_bundle_version(self) -> int:
        """Count what is in force one further; whoever changes it waits here for the one before."""
        return await self.transaction.fetch_value("UPDATE policy_bundle SET version = version + 1 RETURNING version")

    async def bundle(self) -> PolicyBundle:
        """All that is in force, as of one moment: one statement sees one moment."""
        rows = await self.transaction.fetch(_BUNDLE)
        return bundle_of(rows[0]["bundle_version"], [_active_of(row) for row in rows if row["policy_id"]])

    async def active(self) -> list[ActivePolicy]:
        """The policies of the bundle."""
        return list((await self.bundle()).policies)


def _policy_of(row: Row) -> Policy:
    return Policy(*row.values())


def _version_of(row: Row) -> PolicyVersion:
    return PolicyVersion(*row.values())


def _active_of(row: Row) -> ActivePolicy:
    return ActivePolicy(*list(row.values())[1:])
