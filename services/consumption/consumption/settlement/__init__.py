"""The end of calls: each counted exactly once."""
