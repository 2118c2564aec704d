"""The money path under faults: no invariant breaks under any seed, whatever is lost, late, doubled or killed.

SIMULATION_SEED=n runs that seed alone; SIMULATION_SEEDS=n sizes the campaign.
"""

import pytest
from fixtures.report import tell
from simulation.campaign import campaign_size, run_campaign, run_seeds, seeds_asked

# One for each row of money.md's table of crash points that a death of our processes leads to.
CRASH_ROWS = {
    "a lease was granted, nothing opened": ("before write open", "after ask AcquireLeases"),
    "opened, not sent": ("after write open", "before send"),
    "sent": ("after send",),
    "the last bytes are there, nothing settled": ("before write settle",),
    "settled, the reply not sent": ("after write settle", "before reply"),
    "settled and replied": ("after reply", "before ask CommitFrames"),
    "committed, nobody knows": ("after commit", "before position draft"),
    "the position half moved": ("after position draft", "before move position"),
    "a record half written": ("amid write open", "amid write settle"),
    "a journal half deleted": ("before unlink journal", "after unlink journal", "before unlink position"),
    "a lease half returned": ("before ask ReturnLeases", "after ask ReturnLeases"),
    "a holder half sealed": ("before ask SealHolder", "after ask SealHolder"),
}


def test_no_invariant_breaks_under_a_few_seeds() -> None:
    figures = run_seeds(seeds_asked(8))
    assert figures.counts["sent"] > 0
    assert figures.counts["settled"] + figures.counts["unknown"] > 0


@pytest.mark.campaign
def test_no_invariant_breaks_under_the_seeds_of_the_campaign() -> None:
    figures = run_campaign(campaign_size())
    for line in figures.lines():
        tell(line)
    for row, points in CRASH_ROWS.items():
        assert any(figures.died_at[point] for point in points), f"no process was killed where {row}"
    assert all(figures.counts[name] for name in ("settled", "unknown", "overdrawn", "disks lost"))
    assert figures.counts["unknown"] <= figures.counts["in flight at deaths"]
