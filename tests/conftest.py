"""Fixtures that any test may ask for by name."""

pytest_plugins = ["fixtures.postgres", "fixtures.valkey"]
