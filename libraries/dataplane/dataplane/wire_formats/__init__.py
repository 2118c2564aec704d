"""One file per wire format that vendors and callers speak."""
