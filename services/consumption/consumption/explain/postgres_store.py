"""Calls looked up in PostgreSQL: a team's through the role that sees one team, any through the worker role."""

from collections.abc import Mapping
from dataclasses import replace

from chassis.database.pool import Database
from chassis.database.transaction import Row
from consumption.explain.errors import CallNotFound
from consumption.explain.rules import AppliedCorrection, CallRecord, ExplainedCharge
from consumption.settlement.rules import UNKNOWN, Charge, charges_kept
from dataplane.usage import Usage

_CALL = """
    SELECT u.*, k.name AS key_name, k.tier FROM usage_rows u LEFT JOIN keys k ON k.key_id = u.key_id
    WHERE u.call_id = $1 AND ($2::text IS NULL OR u.team_id = $2) ORDER BY u.started_at LIMIT 1
"""
_LIMITS = "SELECT scope_id, amount FROM limits WHERE scope_id = ANY($1::text[]) AND ($2::text IS NULL OR team_id = $2)"

_CORRECTIONS = """
    SELECT run_id, recorded_at, old_cost, new_cost, old_price_id, new_price_id FROM corrections
    WHERE call_id = $1 AND started_at = $2 AND team_id = $3 ORDER BY recorded_at, run_id LIMIT 1000
"""


class PostgresCallRecords:
    """Calls that were counted."""

    def __init__(self, team: Database, platform: Database) -> None:
        self._team = team
        self._platform = platform

    async def find(self, call_id: str, team_id: str | None) -> CallRecord:
        """A call of that team; of any team for None. Raises CallNotFound."""
        database = self._platform if team_id is None else self._team
        async with database.transaction(team_id, read_only=True) as transaction:
            row = await transaction.fetch_one(_CALL, call_id, team_id)
            if row is None:
                raise CallNotFound("There is no such call among those you may see: GET /api/v1/calls lists them.")
            charged = charges_kept(row["charges"])
            limits = await transaction.fetch(_LIMITS, [one.scope_id for one in charged], team_id)
            corrected = await transaction.fetch(_CORRECTIONS, call_id, row["started_at"], row["team_id"])
        by_scope = {limit["scope_id"]: limit["amount"] for limit in limits}
        is_unknown = row["outcome"] == UNKNOWN
        record = _record(row, tuple(_charge(one, by_scope, is_unknown) for one in charged))
        return replace(record, corrections=tuple(AppliedCorrection(*one.values()) for one in corrected))


def _charge(one: Charge, limits: Mapping[str, int | None], is_unknown: bool) -> ExplainedCharge:
    return ExplainedCharge(
        scope_id=one.scope_id,
        reserved=one.reserved,
        charged=one.reserved if is_unknown else one.spent,
        period_end=one.period_end,
        limit=limits.get(one.scope_id),
    )


def _record(row: Row, charges: tuple[ExplainedCharge, ...]) -> CallRecord:
    tokens = (row["prompt_tokens"], row["completion_tokens"], row["cached_prompt_tokens"])
    return CallRecord(
        call_id=row["call_id"],
        started_at=row["started_at"],
        team_id=row["team_id"],
        account_id=row["account_id"],
        key_id=row["key_id"],
        key_name=row["key_name"],
        tier=row["tier"],
        listing_id=row["listing_id"],
        listing_version_id=row["listing_version_id"],
        listing_name=row["listing_name"],
        listing_version=row["listing_version"],
        provider=row["provider"],
        model=row["model"],
        usage=Usage(*tokens, estimated=row["estimated"]),
        cost=row["cost_nanodollars"],
        price_id=row["price_id"],
        outcome=row["outcome"],
        streamed=row["streamed"],
        status=row["status"],
        duration=row["duration_microseconds"],
        first_byte=row["first_byte_microseconds"],
        policy_version=row["policy_version"],
        charges=charges,
    )
