"""What listings promise and what they keep: figures of calls by minute, windows, targets, breaches."""
