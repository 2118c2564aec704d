"""Looks at listings, as clients tell them."""
