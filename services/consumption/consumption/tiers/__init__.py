"""Tiers: named bounds of how fast and how much a key may call."""
