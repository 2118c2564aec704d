"""Vectors that are the same for the same words."""
