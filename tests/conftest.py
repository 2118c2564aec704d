"""Fixtures that any test may ask for by name; one that imports another comes after it."""

import gc

# A test process holds hundreds of megabytes of modules, which the collector's own rhythm would walk again and again.
gc.set_threshold(50_000, 20, 50)

pytest_plugins = [
    "fixtures.report",
    "fixtures.engines",
    "fixtures.killable",
    "fixtures.postgres",
    "fixtures.valkey",
    "fixtures.rate_callers",
    "fixtures.valkey_topologies",
    "fixtures.marketplace_database",
    "fixtures.event_logs",
    "fixtures.running_fleet",
    "fixtures.stub_fleet",
    "fixtures.fuzzed_fleet",
]
