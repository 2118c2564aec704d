"""Nothing half written: what stands in the database after all the bad input (the files before this one) is whole."""

import pytest
from fixtures.database_sanity import broken_rules, row_counts
from fixtures.fuzzed_fleet import FuzzedFleet
from fixtures.report import tell
from fixtures.running_fleet import until

from fleet.status import read_status

pytestmark = pytest.mark.fleet_fuzz
# For runs and consumers that are still under way.
SETTLE_SECONDS = 60.0


def test_nothing_was_written_by_half(fuzzed_fleet: FuzzedFleet) -> None:
    fleet = fuzzed_fleet.fleet
    until(lambda: not broken_rules(fleet), SETTLE_SECONDS, lambda: "\n".join(map(str, broken_rules(fleet).items())))
    counts = row_counts(fleet)
    for name, count in counts.items():
        tell(f"records:      {name}: {count}")
    assert counts["each key has the limits of its tokens and its money"] > 0


def test_every_part_still_runs_as_it_was_started(fuzzed_fleet: FuzzedFleet) -> None:
    restarts = {part.name: part.restarts for part in read_status(fuzzed_fleet.fleet.folder).parts if part.restarts}
    assert not restarts, fuzzed_fleet.fleet.tails()
