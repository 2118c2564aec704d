"""What was called, what it cost, how well it went."""
