"""What this build is: its name among the services, and where its migrations lie."""

from pathlib import Path

SERVICE = "publishing"
MIGRATIONS = Path(__file__).parents[1] / "migrations"
