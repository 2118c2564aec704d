"""The unit of the bill."""
