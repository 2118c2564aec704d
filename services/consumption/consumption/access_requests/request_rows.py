"""Requests as rows."""

from chassis.database.transaction import Row
from consumption.access_requests.rules import AccessRequest, AskedListing, Terms

COLUMNS = """
    request_id, team_id, team_slug, account_id, listing_id, listing_name, listing_team_id, purpose, monthly_tokens,
    monthly_nanodollars, expires_at, requested_at, idempotency_key, state, decided_at, decided_by, comment, key_id,
    collected_at
"""


def request_of(row: Row) -> AccessRequest:
    """The request in a row of `COLUMNS`."""
    return AccessRequest(
        request_id=row["request_id"],
        team_id=row["team_id"],
        team_slug=row["team_slug"],
        account_id=row["account_id"],
        listing=AskedListing(row["listing_id"], row["listing_name"], row["listing_team_id"]),
        terms=Terms(row["purpose"], row["monthly_tokens"], row["monthly_nanodollars"], row["expires_at"]),
        requested_at=row["requested_at"],
        idempotency_key=row["idempotency_key"],
        state=row["state"],
        decided_at=row["decided_at"],
        decided_by=row["decided_by"],
        comment=row["comment"],
        key_id=row["key_id"],
        collected_at=row["collected_at"],
    )
