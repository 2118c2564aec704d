"""Bad input by somebody who may do everything. Runs after the other files of bad input.

It locks accounts and takes people out of their teams: nobody's token holds for sure afterwards.
"""

from pathlib import Path

import pytest
from fixtures.fuzzed_documents import STAYING, check
from fixtures.fuzzed_fleet import FuzzedFleet

pytestmark = pytest.mark.fleet_fuzz


def test_no_input_of_a_governor_breaks_the_ledgers_tools(fuzzed_fleet: FuzzedFleet, tmp_path: Path) -> None:
    paths = ("--include-path-regex", "/(ledger|prices|recalculations|recalculation-previews|calls|usage)")
    check(fuzzed_fleet, tmp_path, "consumption", fuzzed_fleet.people("governor"), *paths)


def test_no_input_of_a_governor_breaks_admin(fuzzed_fleet: FuzzedFleet, tmp_path: Path) -> None:
    check(fuzzed_fleet, tmp_path, "admin", fuzzed_fleet.people("governor"), *STAYING)
