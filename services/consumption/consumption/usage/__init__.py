"""What was used and what is left, for the team that asks."""
