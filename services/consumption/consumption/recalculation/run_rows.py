"""Recalculations as rows."""

from chassis.database.transaction import Row
from consumption.recalculation.rules import Counts, Place, Run, Scope

COLUMNS = """
    run_id, request_id, requested_by, span_start, span_end, team_id, listing_id, model, book_as_of, calls_total, state,
    place_team_id, place_started_at, place_call_id, calls, corrected, without_price, unknown_end, difference,
    completed_at, failure, place_recorded_at, decided
"""


def run_of(row: Row) -> Run:
    """The run in a row of `COLUMNS`."""
    return Run(
        run_id=row["run_id"],
        request_id=row["request_id"],
        requested_by=row["requested_by"],
        scope=Scope(row["span_start"], row["span_end"], row["team_id"], row["listing_id"], row["model"]),
        book_as_of=row["book_as_of"],
        calls_total=row["calls_total"],
        state=row["state"],
        place=Place(*(row["place_team_id"], row["place_started_at"], row["place_call_id"], row["place_recorded_at"])),
        counts=Counts(
            *(row["calls"], row["corrected"], row["without_price"], row["unknown_end"], int(row["difference"])),
            decided=row["decided"],
        ),
        completed_at=row["completed_at"],
        failure=row["failure"],
    )
