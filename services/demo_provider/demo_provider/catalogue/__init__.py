"""The models on offer."""
