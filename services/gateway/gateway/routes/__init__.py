"""Which service a path belongs to, and the way there."""
