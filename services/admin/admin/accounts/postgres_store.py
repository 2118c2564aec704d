"""Accounts in PostgreSQL."""

from dataclasses import dataclass
from datetime import datetime

from admin.accounts.ports import AccountFilter, Credentials
from admin.accounts.rules import Account, NewAccount
from chassis.database.transaction import Row, Transaction

_SELECT = "SELECT account_id, email, display_name, roles, state, epoch, created_at FROM accounts"

_SELECT_WITH_HASH = (
    "SELECT account_id, email, display_name, roles, state, epoch, created_at, password_hash FROM accounts"
    " WHERE email = $1"
)


@dataclass(frozen=True)
class PostgresAccounts:
    """The accounts that this transaction may see."""

    transaction: Transaction

    async def add(self, account: NewAccount) -> bool:
        """False where the address is taken."""
        done = await self.transaction.execute(
            "INSERT INTO accounts (account_id, email, display_name, password_hash, password_changed_at, roles,"
            " created_at) VALUES ($1, $2, $3, $4, $6, $5, $6) ON CONFLICT (email) DO NOTHING",
            account.account_id,
            account.email,
            account.display_name,
            account.password_hash,
            sorted(account.roles),
            account.created_at,
        )
        return done == "INSERT 0 1"

    async def find(self, account_id: str) -> Account | None:
        """The account, if this transaction may see it."""
        row = await self.transaction.fetch_one(_SELECT + " WHERE account_id = $1", account_id)
        return _account_of(row) if row else None

    async def find_for_change(self, account_id: str) -> Account | None:
        """The same, locked until the transaction ends."""
        row = await self.transaction.fetch_one(_SELECT + " WHERE account_id = $1 FOR UPDATE", account_id)
        return _account_of(row) if row else None

    async def find_credentials(self, email: str) -> Credentials | None:
        """For signing in."""
        row = await self.transaction.fetch_one(_SELECT_WITH_HASH, email)
        return Credentials(_account_of(row), row["password_hash"]) if row else None

    async def find_for_invitation(self, email: str) -> str | None:
        """The id of the active account with this address, whatever team it is in."""
        return await self.transaction.fetch_value("SELECT account_for_invitation($1)", email)

    async def list_newest(self, wanted: AccountFilter, limit: int) -> list[Account]:
        """At most `limit` accounts."""
        rows = await self.transaction.fetch(
            _SELECT + " WHERE ($1::text IS NULL OR $1 = ANY (roles)) AND ($2::text IS NULL OR state = $2)"
            " AND ($3::text IS NULL OR email = $3) AND ($4::text IS NULL OR account_id < $4)"
            " ORDER BY account_id DESC LIMIT $5",
            wanted.role,
            wanted.state,
            wanted.email,
            wanted.before,
            limit,
        )
        return [_account_of(row) for row in rows]

    async def set_roles(self, account_id: str, roles: frozenset[str]) -> None:
        """Replace the platform roles."""
        await self.transaction.execute(
            "UPDATE accounts SET roles = $2 WHERE account_id = $1", account_id, sorted(roles)
        )

    async def set_state(self, account_id: str, state: str) -> None:
        """Lock or unlock."""
        await self.transaction.execute("UPDATE accounts SET state = $2 WHERE account_id = $1", account_id, state)

    async def set_password(self, account_id: str, password_hash: str, at: datetime) -> None:
        """Replace the password's hash."""
        await self.transaction.execute(
            "UPDATE accounts SET password_hash = $2, password_changed_at = $3 WHERE account_id = $1",
            account_id,
            password_hash,
            at,
        )

    async def lock_super_admins(self) -> None:
        """Wait for others who change super_admins, and keep them waiting until this transaction ends."""
        await self.transaction.execute("SELECT pg_advisory_xact_lock(hashtextextended('admin/super_admins', 0))")

    async def count_active_super_admins(self, *, besides: str | None = None) -> int:
        """How many could govern, leaving one account out."""
        return await self.transaction.fetch_value(
            "SELECT count(*) FROM accounts WHERE 'super_admin' = ANY (roles) AND state = 'active'"
            " AND account_id IS DISTINCT FROM $1",
            besides,
        )


def _account_of(row: Row) -> Account:
    return Account(
        account_id=row["account_id"],
        email=row["email"],
        display_name=row["display_name"],
        roles=frozenset(row["roles"]),
        state=row["state"],
        epoch=row["epoch"],
        created_at=row["created_at"],
    )
