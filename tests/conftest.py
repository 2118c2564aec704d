"""Fixtures that any test may ask for by name; one that imports another comes after it."""

pytest_plugins = [
    "fixtures.report",
    "fixtures.engines",
    "fixtures.killable",
    "fixtures.postgres",
    "fixtures.valkey",
    "fixtures.valkey_topologies",
    "fixtures.marketplace_database",
    "fixtures.running_fleet",
    "fixtures.fuzzed_fleet",
]
