"""The chain of rows that says who did what."""
