"""Listings, their versions, and the ten-phase publication pipeline."""
