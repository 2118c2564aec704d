"""Listings and their versions: submitted here, read here by their publishers, resolved here for a call."""
