"""What was served, kept apart from what the marketplace counts."""
