"""The real engines of the distributed profile on one machine: fetched by version without Docker, run as parts."""
